using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.Distributed;

/// <summary>A recipe of three cells, and what one process came to with it.</summary>
public sealed class SpreadCells : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly Lazy<Dictionary<string, string>> alone;

    public SpreadCells()
    {
        TinyRun.Write(temp);
        temp.Write("recipe.yaml", """
            data: { train: train.csv, test: test.csv, text: "{keyword} | {location} | {text}", label: target, id: id, validation: 0.3, sample: sample.csv }
            train: { batch: 16, epochs: 3, learning-rate: 3e-3, max-length: 40, micro-tokens: 200 }
            members:
              - { model: { kind: bert, layers: 2, hidden: 32, heads: 2, vocabulary: 300 }, name: deep, seeds: [1, 2] }
              - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 200 }, name: small }
            checkpoint: { every: 0 s }
            submission: submission.csv
            """);
        alone = new(() =>
        {
            using var process = CommandLine.Start(Train(temp.File("alone")));
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error.GetAwaiter().GetResult());
            Assert.NotEqual("", output.GetAwaiter().GetResult());
            return CutRun.Results(temp.File("alone"));
        });
    }

    /// <summary>Everything that one process wrote, as <see cref="CutRun.Results"/> has it.</summary>
    internal Dictionary<string, string> Alone => alone.Value;

    internal string[] Train(string folder, params string[] more) => ["train", temp.File("recipe.yaml"), "--run", folder, "--in-process", .. more];

    /// <summary>Trains with so many ranks to the end.</summary>
    internal Outcome[] Complete(int ranks, string folder, params string[] more)
    {
        using var processes = RankProcesses.Tutti(ranks, _ => Train(folder, more));
        var outcomes = processes.Ended(TimeSpan.FromMinutes(5));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, $"{outcome.Code}: {outcome.Error}"));
        Assert.All(outcomes[1..], outcome => Assert.Equal("", outcome.Out + outcome.Error));
        return outcomes;
    }

    /// <summary>How often each cell of a run was finished, by name.</summary>
    internal static Dictionary<string, int> Finished(string folder) =>
        EventLog.Read(Path.Combine(folder, "events.jsonl")).Where(line => line.Kind == "cell finished").GroupBy(line => (string)line.Fields["cell"]!).ToDictionary(group => group.Key, group => group.Count());

    public void Dispose() => temp.Dispose();
}
