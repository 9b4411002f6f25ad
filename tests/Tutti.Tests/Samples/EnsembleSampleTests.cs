using System.Diagnostics;
using System.Text.Json.Nodes;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Tests.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.Samples;

/// <summary>samples/ensemble.yaml on the real data: 3 members x 2 seeds x 3 folds, undisturbed and killed ten times.</summary>
[Collection(RunCollection.Name)]
public sealed class EnsembleSampleTests
{
    const int Cells = 18, Kills = 10;

    [Fact, Trait("Category", "Slow")]
    public async Task Killed_at_ten_moments_it_comes_to_the_same_bytes()
    {
        Signal.SkipWhereThereAreNone();
        var data = Shared.Data("disaster_tweets");
        using var temp = Shared.Temp();
        string[] Command(string folder) => ["train", Path.Combine(Shared.Root, "samples", "ensemble.yaml"), "--run", temp.File(folder), "--jobs", "2",
            .. new[] { ("train", "train.csv"), ("test", "test.csv"), ("sample", "sample_submission.csv") }.SelectMany(file => new[] { "--set", $"data.{file.Item1}={Path.Combine(data, file.Item2)}" })];
        var clock = Stopwatch.GetTimestamp();
        using (var whole = CommandLine.Start(2, Command("whole")))
        {
            var outcome = await CommandLine.Ended(whole);
            Assert.True(outcome.Code == 0, outcome.Error);
        }
        var time = Stopwatch.GetElapsedTime(clock);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{Cells} cells in {time.TotalSeconds:0} s"));
        var random = RandomStream.Of(6, "kills of the sample");
        for (var i = 0; i < Kills; i++)
        {
            using var process = CommandLine.Start(2, Command("killed"));
            var ended = CommandLine.Ended(process);
            await Task.WhenAny(ended, Task.Delay(random.Uniform(2 * i) * 2 * time / Kills, TestContext.Current.CancellationToken));
            Process[] victims = random.Uniform((2 * i) + 1) < 0.5 ? ChildProcesses.Of(process) : [process];
            if (victims is [{ HasExited: false } victim, ..]) victim.Kill();
            // Who lost a child goes on with the other cells: the next kill meets it there.
            if (victims is [var one, ..] && one.Id != process.Id)
            {
                await Task.WhenAny(ended, Task.Delay(random.Uniform((2 * i) + (2 * Kills)) * time / Kills, TestContext.Current.CancellationToken));
                if (!process.HasExited) process.Kill();
            }
            TestContext.Current.TestOutputHelper?.WriteLine($"exit code {(await ended).Code}");
        }
        using var last = CommandLine.Start(2, Command("killed"));
        var end = await CommandLine.Ended(last);
        Assert.True(end.Code == 0, end.Error);
        Assert.All(["oof.csv", "blend.json", "submission.csv", "test.csv"], name => Assert.Equal(File.ReadAllText(temp.File($"whole/{name}")), File.ReadAllText(temp.File($"killed/{name}"))));
        var folders = Directory.GetDirectories(temp.File("killed/cells"));
        Assert.Equal(Cells, folders.Length);
        Assert.All(folders, folder => Assert.Equal(0, (long)JsonNode.Parse(File.ReadAllText(new CellFolder(folder).Metrics))!["tensorsLeft"]!));
    }
}
