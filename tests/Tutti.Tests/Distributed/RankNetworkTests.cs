using System.Diagnostics;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Tests.Recipes;
using Tutti.Training;

namespace Tutti.Tests.Distributed;

/// <summary>Three ranks with addresses and links of their own: what becomes of a training when a link is slow, loses packets, or is cut.</summary>
[Collection(RankCollection.Name)]
public sealed class RankNetworkTests(RankNetworkTests.Undisturbed undisturbed) : IClassFixture<RankNetworkTests.Undisturbed>, IDisposable
{
    const int Size = 3, Silence = 5;

    /// <summary>docs/launching.md: the silence, ten seconds for a process that hangs somewhere else, and what it takes a busy machine to end a process.</summary>
    static readonly TimeSpan stated = TimeSpan.FromSeconds(Silence + 10 + 20);

    readonly TempFolder temp = Shared.Temp();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    string Folder => temp.File("run");

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData(0, 0.0), InlineData(200, 0.0), InlineData(0, 0.02)]
    public async Task Ranks_with_separate_addresses_train_to_the_same_results_over_links_that_are_slow_or_lose_packets(int milliseconds, double loss)
    {
        using var network = new RankNetwork(Size, worse: 1, TimeSpan.FromMilliseconds(milliseconds), loss);
        var outcomes = await RankCommand.Ended(Start(network, "30", epochs: 1));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, outcome.Error));
        Assert.Equal(undisturbed.Of(epochs: 1), CutRun.Results(Folder));
    }

    [Theory]
    [InlineData(0), InlineData(2)]
    public async Task A_rank_whose_link_is_cut_is_named_by_all_others_in_the_stated_time_and_the_run_goes_on_from_a_whole_checkpoint(int cut)
    {
        using var network = new RankNetwork(Size);
        var processes = Start(network, Undisturbed.Text(Silence), epochs: 12);
        var ended = RankCommand.Ended(processes);
        await Begun(processes[0]);
        network.Cut(cut);
        var outcomes = await ended.WaitAsync(stated, Token);
        for (var rank = 0; rank < Size; rank++)
        {
            Assert.True(outcomes[rank].Code == 75, outcomes[rank].Error);
            if (rank != cut) Assert.Single(outcomes[rank].Error.Split('\n'), line => line.StartsWith($"tutti: rank {cut} is lost: ", StringComparison.Ordinal));
        }
        using (var point = new ResumeFolder(new RunFolder(Folder).Cell("deep", 1, 0).Resume).Open(Assert.Fail)) Assert.InRange(point!.Update, 2, 47);
        network.Restore(cut);
        var again = await RankCommand.Ended(Start(network, "30", epochs: 12));
        Assert.All(again, outcome => Assert.True(outcome.Code == 0, outcome.Error));
        Assert.Contains("goes on after update ", again[0].Error, StringComparison.Ordinal);
        Assert.Equal(undisturbed.Of(epochs: 12), CutRun.Results(Folder));
    }

    [Fact]
    public async Task The_doctor_names_a_rank_whose_interface_the_others_cannot_reach()
    {
        using var network = new RankNetwork(2);
        var outcomes = await RankCommand.Ended([network.Start(0, ["doctor", "--distributed"]), network.Start(1, ["doctor", "--distributed"], ("GLOO_SOCKET_IFNAME", "lo"))]);
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 1, outcome.Error));
        var fault = Assert.Single(outcomes[0].Error.Split('\n'), line => line.StartsWith("tutti: ", StringComparison.Ordinal));
        Assert.StartsWith("tutti: rank 1 cannot be reached at 127.0.0.1 by rank 0 (", fault, StringComparison.Ordinal);
        Assert.Contains(RankNetwork.Address(0), outcomes[0].Out, StringComparison.Ordinal);
    }

    Process[] Start(RankNetwork network, string silence, int epochs) => [.. Enumerable.Range(0, Size).Select(rank => network.Start(rank, [.. undisturbed.Train(Folder, epochs), "--rank-timeout", silence]))];

    /// <summary>Waits for the second update.</summary>
    async Task Begun(Process first)
    {
        while (!File.Exists(Path.Combine(Folder, "events.jsonl")) || EventLog.Read(Path.Combine(Folder, "events.jsonl")).Count(line => line.Kind == "step") < 2)
        {
            Assert.False(first.HasExited, "rank 0 ended before it got so far");
            await Task.Delay(5, Token);
        }
    }

    /// <summary>A recipe of one cell, and what three ranks of one machine come to with it.</summary>
    public sealed class Undisturbed : IDisposable
    {
        readonly TempFolder temp = Shared.Temp();
        readonly Dictionary<int, Dictionary<string, string>> known = [];

        public Undisturbed()
        {
            TinyRun.Write(temp);
            temp.Write("recipe.yaml", """
                data: { train: train.csv, test: test.csv, text: "{keyword} | {location} | {text}", label: target, id: id, validation: 0.3, sample: sample.csv }
                train: { batch: 20, epochs: 1, learning-rate: 3e-3, max-length: 40, micro-tokens: 200, class-weights: balanced }
                members:
                  - { model: { kind: bert, layers: 1, hidden: 32, heads: 2, vocabulary: 300 }, name: deep, seeds: [1] }
                checkpoint: { every: 0 s }
                submission: submission.csv
                """);
        }

        internal static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

        internal string[] Train(string folder, int epochs) => ["train", temp.File("recipe.yaml"), "--run", folder, "--set", $"train.epochs={epochs}"];

        internal Dictionary<string, string> Of(int epochs)
        {
            if (known.TryGetValue(epochs, out var found)) return found;
            using var process = CommandLine.Start(["launch", "--processes", Text(Size), .. Train(temp.File(Text(epochs)), epochs)]);
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error.GetAwaiter().GetResult());
            Assert.NotEqual("", output.GetAwaiter().GetResult());
            return known[epochs] = CutRun.Results(temp.File(Text(epochs)));
        }

        public void Dispose() => temp.Dispose();
    }
}
