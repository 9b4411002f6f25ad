using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tests.Recipes;
using Tutti.Training;

namespace Tutti.Tests.App;

/// <summary>A recipe of two cells that writes a resume point after every micro-batch, its run as one process left it, and one that was cut short.</summary>
public sealed class CutRun : IDisposable
{
    /// <summary>Updates per epoch, and of a cell.</summary>
    public const int PerEpoch = 3, Updates = 9;

    readonly TempFolder temp = Shared.Temp();
    readonly Lazy<Whole> whole, twoThreads, later;
    readonly Lazy<string> half;

    static CutRun() => OtherDevice.Other.Load();

    public CutRun()
    {
        TinyRun.Write(temp);
        temp.Write("recipe.yaml", """
            data:
              train: train.csv
              test: test.csv
              text: "{keyword} | {location} | {text}"
              label: target
              id: id
              folds: { count: 2, seed: 7 }
              sample: sample.csv
            train: { batch: 20, epochs: 3, learning-rate: 3e-3, schedule: one-cycle, max-length: 40, micro-tokens: 200, evaluate-every: 2, label-smoothing: 0.1, class-weights: balanced }
            members:
              - { model: { kind: bert, layers: 2, hidden: 32, heads: 2, vocabulary: 300 }, name: deep, seeds: [1] }
            checkpoint: { every: 0 s }
            submission: submission.csv
            """);
        whole = new(() => RunWhole("whole", 1));
        twoThreads = new(() => RunWhole("two-threads", 2));
        later = new(() => RunWhole("later", 1, Long));
        half = new(() => Cut(temp.File("half")));
    }

    /// <summary>Settings of a run that lasts long enough to be met in the middle of an epoch, and saves nothing in it of its own accord.</summary>
    public static string[] Long { get; } = ["--set", "train.epochs=40", "--set", "checkpoint.every=10 min"];

    public string Recipe => temp.File("recipe.yaml");

    /// <summary>The run that nothing cut short, by a process whose kernels have so many threads.</summary>
    internal Whole Of(int threads) => threads == 1 ? whole.Value : twoThreads.Value;

    /// <summary>The same with the settings <see cref="Long"/>.</summary>
    internal Whole OfLong => later.Value;

    /// <summary>A run of <see cref="Recipe"/> that was cancelled in the second of its cells after update 5. Only to be copied.</summary>
    public string Half => half.Value;

    /// <summary>The command that trains the recipe in one process, which a test can end at any point.</summary>
    public string[] Train(string folder, params string[] settings) => ["train", Recipe, "--run", folder, "--in-process", .. settings.Where(setting => setting != "--in-process")];

    public void Dispose() => temp.Dispose();

    /// <summary>Trains until update 5 of the second cell.</summary>
    string Cut(string folder)
    {
        using var thread = new OneThread();
        using var source = new CancellationTokenSource();
        var cells = 0;
        Assert.Throws<OperationCanceledException>(() => new Run(Tutti.Recipes.Recipe.Load(Recipe), folder).Train(new At(news =>
        {
            if (news is CellNews) cells++;
            if (cells == 2 && news is StepNews { Step.Update: 5 }) source.Cancel();
        }), source.Token));
        return folder;
    }

    /// <summary>The contents of everything that a run came to, times and memory left out: path to hash or value.</summary>
    internal static Dictionary<string, string> Results(string folder)
    {
        Dictionary<string, string> results = [];
        foreach (var name in (string[])["oof.csv", "test.csv", "submission.csv", "metrics.json", "blend.json", "folds.csv", "seen-rows.txt"]) results[name] = Hash(Path.Combine(folder, name));
        foreach (var cell in Directory.GetDirectories(Path.Combine(folder, "cells")))
        {
            foreach (var file in Directory.GetFiles(cell, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "metrics.json"))
                results[Path.GetRelativePath(folder, file)] = Hash(file);
            var metrics = JsonNode.Parse(File.ReadAllText(Path.Combine(cell, "metrics.json")))!;
            foreach (var key in (string[])["fingerprint", "loss", "accuracy", "macroF1", "bestUpdate", "updates", "stoppedEarly"]) results[$"{Path.GetFileName(cell)} {key}"] = metrics[key]!.ToJsonString();
        }
        return results;
    }

    /// <summary>Updates of the newest point of the cell in training, which must be sound; null where there is none.</summary>
    internal static long? Point(string folder)
    {
        var cell = Enumerable.Range(0, 2).Select(fold => new RunFolder(folder).Cell("deep", 1, fold)).FirstOrDefault(cell => !File.Exists(cell.Metrics));
        using var point = cell is null ? null : new ResumeFolder(cell.Resume).Open(Assert.Fail);
        return point?.Update;
    }

    /// <summary>A copy of <see cref="Half"/>.</summary>
    internal string HalfIn(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(Half, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Half, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return folder;
    }

    Whole RunWhole(string name, int threads, params string[] settings)
    {
        var clock = Stopwatch.GetTimestamp();
        using var process = CommandLine.Start(threads, Train(temp.File(name), settings));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.GetAwaiter().GetResult());
        Assert.NotEqual("", output.GetAwaiter().GetResult());
        var results = Results(temp.File(name));
        Assert.Contains("cells/deep-s1-f1/checkpoint/model.safetensors", results.Keys);
        var time = Stopwatch.GetElapsedTime(clock);
        var events = EventLog.Read(Path.Combine(temp.File(name), "events.jsonl"));
        return new(temp.File(name), results, time - (events[^1].Time - events[0].Time), time);
    }

    static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));

    /// <param name="Results">As <see cref="CutRun.Results"/> gives them.</param>
    /// <param name="Begin">From the start of the process until it writes the first event.</param>
    /// <param name="Time">From the start of the process to its end.</param>
    internal sealed record Whole(string Folder, Dictionary<string, string> Results, TimeSpan Begin, TimeSpan Time)
    {
        /// <summary>Another folder has the same results, to the byte, and nothing that was left behind.</summary>
        public void IsSame(string folder, string what)
        {
            var results = CutRun.Results(folder);
            Assert.True(Results.Keys.Order(StringComparer.Ordinal).SequenceEqual(results.Keys.Order(StringComparer.Ordinal)), $"{what}: {string.Join(", ", results.Keys.Except(Results.Keys).Concat(Results.Keys.Except(results.Keys)))}");
            var other = Results.Where(pair => results[pair.Key] != pair.Value).Select(pair => pair.Key).ToArray();
            Assert.True(other.Length == 0, $"{what}: others are {string.Join(", ", other)}");
            string[] left = [.. Directory.EnumerateFiles(folder, ".*", SearchOption.AllDirectories)];
            Assert.True(left.Length == 0, $"{what}: left behind: {string.Join(", ", left)}");
        }
    }

    sealed class At(Action<RunNews> to) : IProgress<RunNews>
    {
        public void Report(RunNews value) => to(value);
    }
}
