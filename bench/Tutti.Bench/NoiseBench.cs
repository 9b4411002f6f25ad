using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Recipes;
using Tutti.Tables;

namespace Tutti.Bench;

/// <summary>How many planted label errors the loop finds, and what correcting them gains, on real data by small encoders trained from nothing.</summary>
sealed record NoiseBench() : Measurement("noise", "planted label errors (10 %): share found, share of flags right, accuracy before and after applying them", [.. all.Select(one => one.Name)])
{
    sealed record Case(string Name, string File, TableFormat? Format, string Text, string Label, string Train);

    static readonly Case[] all =
    [
        new("disaster-tweets", "disaster_tweets/train.csv", null, "{keyword} | {location} | {text}", "target", "{ batch: 32, epochs: 2, learning-rate: 1e-3, warmup: 0.1, max-length: 48 }"),
        new("gnad10", "gnad10/test.csv", new() { Delimiter = ";", Quote = '\'', Columns = ["class", "text"] }, "{text}", "class", "{ batch: 16, epochs: 12, learning-rate: 1e-3, warmup: 0.1, max-length: 96 }"),
    ];

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        if (rounds is not null) throw new ConfigException("--rounds", "noise has no rounds: its figures do not depend on the machine's load");
        List<string[]> found = [["data", "rows trained on", "planted errors", "errors found", "flags right", "suggestion right, of errors found"]];
        List<string[]> gained = [["data", "the flags", "labels changed", "accuracy with errors", "after", "gain", "gain on untouched held-out rows"]];
        foreach (var one in cases.Select(name => all.Single(one => one.Name == name)))
        {
            var outcome = Measured(one);
            found.Add([one.Name, Whole(outcome.Rows), Whole(outcome.Planted), outcome.Found.ToString(), outcome.Right.ToString(), outcome.Named.ToString()]);
            foreach (var repair in outcome.Repairs)
            {
                gained.Add([one.Name, repair.How, Whole(repair.Changed), Text(outcome.Before), Text(repair.After), Text(repair.Gain.Accuracy.Difference), Text(repair.Untouched.Gain.Accuracy.Difference)]);
                if (format == Format.Json) Console.WriteLine(Json(one.Name, outcome, repair).ToJsonString());
            }
        }
        if (format == Format.Json) return;
        Grid.Print([.. found], format);
        Grid.Print([.. gained], format);
    }

    static NoiseOutcome Measured(Case one)
    {
        var folder = Directory.CreateTempSubdirectory("tutti-noise-").FullName;
        try
        {
            var table = Table.Read(BaselineBench.Data(one.File), one.Format);
            var template = TextTemplate.Parse(one.Text);
            return NoiseTask.Run([.. Enumerable.Range(0, table.Count).Select(row => template.Render(table, row))], LabelMap.Cells(table, one.Label), folder, $$"""
                data: { train: train.csv, text: "{text}", label: label, id: id, folds: { count: 5, seed: 7 } }
                train: {{one.Train}}
                members:
                  - { model: { kind: bert, layers: 1, hidden: 64, heads: 2, vocabulary: 3000, pooling: mean } }
                report: { explain: 0 }
                """, new Lines(one.Name));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static JsonObject Json(string name, NoiseOutcome outcome, NoiseRepair repair) => new()
    {
        ["bench"] = "noise",
        ["case"] = name,
        ["flags"] = repair.How,
        ["rows"] = outcome.Rows,
        ["planted"] = outcome.Planted,
        ["found"] = Json(outcome.Found),
        ["right"] = Json(outcome.Right),
        ["suggestion_right"] = Json(outcome.Named),
        ["changed"] = repair.Changed,
        ["before"] = Json(outcome.Before),
        ["after"] = Json(repair.After),
        ["gain"] = Json(repair.Gain.Accuracy.Difference),
        ["gain_p"] = repair.Gain.McNemar,
        ["gain_untouched"] = Json(repair.Untouched.Gain.Accuracy.Difference),
    };

    static JsonObject Json(Share share) => new() { ["value"] = share.Value, ["low"] = share.Interval.Low, ["high"] = share.Interval.High, ["n"] = share.Of };
    static JsonObject Json(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };
    static string Text(Score score) => string.Create(CultureInfo.InvariantCulture, $"{score.Value:0.000} ({score.Low:0.000} to {score.High:0.000})");
    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A line for every cell, on standard error.</summary>
    sealed class Lines(string name) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is CellDoneNews done) Console.Error.WriteLine(FormattableString.Invariant($"{name}: {done.Cell}: accuracy {done.Fit.Best.Accuracy:0.000}"));
        }
    }
}
