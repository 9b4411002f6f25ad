using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Ensembling;
using Tutti.Recipes;

namespace Tutti.Bench;

/// <summary>What learnt weights gain over the plain mean on real data, on rows that they were not learnt from: small encoders trained from nothing, five folds.</summary>
sealed record BlendsBench() : Measurement("blends", "gain of learnt blends over the plain mean and the best member, by nested folds, of small encoders on real data", [.. all.Select(one => one.Name)])
{
    const string Members = """
        members:
          - { model: { kind: bert, layers: 1, hidden: 64, heads: 2, vocabulary: 3000 } }
          - { model: { kind: bert, layers: 2, hidden: 96, heads: 4, vocabulary: 6000, pooling: mean }, train: { learning-rate: 7e-4 } }
          - { model: { kind: distilbert, layers: 1, hidden: 48, heads: 2, vocabulary: 1500 } }
          - { model: { kind: roberta, layers: 1, hidden: 64, heads: 2, vocabulary: 3000, pooling: mean }, train: { epochs: 1 } }
        blend: auto
        """;

    static readonly (string Name, string File, string Recipe)[] all =
    [
        ("disaster-tweets", "disaster_tweets/train.csv", """
            data: { train: FILE, text: "{keyword} | {location} | {text}", label: target, id: id, folds: { count: 5, seed: 7 } }
            train: { batch: 32, epochs: 2, learning-rate: 1e-3, warmup: 0.1, max-length: 64 }
            """),
        ("gnad10", "gnad10/test.csv", """
            data: { train: FILE, format: { delimiter: ";", quote: "'", header: false, columns: [class, text] }, text: "{text}", label: class, folds: { count: 5, seed: 7 } }
            train: { batch: 16, epochs: 6, learning-rate: 1e-3, warmup: 0.1, max-length: 64 }
            """),
    ];

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        if (rounds is not null) throw new ConfigException("--rounds", "blends has no rounds: its figures do not depend on the machine's load");
        List<string[]> rows = [["data", "rows", "blend", "log-loss", "better than the plain mean by (95 %)", "than the best member by (95 %)", "auto takes"]];
        foreach (var (name, file, recipe) in cases.Select(name => all.Single(one => one.Name == name)))
        {
            var result = Train(name, file, recipe);
            foreach (var gain in result.Blend.Record.Gains!)
            {
                rows.Add([name, result.Summary.Rows.ToString(CultureInfo.InvariantCulture), gain.Method, gain.Score.ToString("0.0000", CultureInfo.InvariantCulture), Interval(gain.OverMean), Interval(gain.OverBest), result.Blend.Record.Method!]);
                if (format == Format.Json) Console.WriteLine(Json(name, gain).ToJsonString());
            }
        }
        if (format != Format.Json) Grid.Print([.. rows], format);
    }

    static RunResult Train(string name, string file, string recipe)
    {
        var folder = Directory.CreateTempSubdirectory("tutti-blends-").FullName;
        try
        {
            var text = recipe.Replace("FILE", BaselineBench.Data(file), StringComparison.Ordinal) + "\n" + Members;
            return new Run(Recipe.Parse(text, folder), Path.Combine(folder, "run")).Train(new Lines(name));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static JsonObject Json(string name, RecordedGain gain) => new()
    {
        ["bench"] = "blends",
        ["case"] = name,
        ["blend"] = gain.Method,
        ["log_loss"] = gain.Score,
        ["over_mean"] = Difference(gain.OverMean),
        ["over_best"] = Difference(gain.OverBest),
    };

    static JsonObject Difference(RecordedDifference of) => new() { ["value"] = of.Value, ["low"] = of.Low, ["high"] = of.High, ["p"] = of.P };

    static string Interval(RecordedDifference of) => string.Create(CultureInfo.InvariantCulture, $"{of.Value:0.0000} ({of.Low:0.0000} to {of.High:0.0000})");

    /// <summary>A line for every cell, on standard error.</summary>
    sealed class Lines(string name) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is CellDoneNews done) Console.Error.WriteLine(FormattableString.Invariant($"{name}: {done.Cell}: accuracy {done.Fit.Best.Accuracy:0.000}"));
        }
    }
}
