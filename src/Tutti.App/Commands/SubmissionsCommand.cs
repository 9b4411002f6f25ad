using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.App.Commands;

static class SubmissionsCommand
{
    const string Runs = "runs";
    const int ShownHash = 12;

    static readonly Option<string?> run = new("--run") { Description = "The run folder; left out: every run below runs/ that has a ledger.", HelpName = "DIR" };
    static readonly Option<string> one = new("--run") { Description = "The run folder.", HelpName = "DIR", Required = true };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };
    static readonly Option<string> score = new("--score") { Description = "What others measured, such as 0.81.", HelpName = "NUMBER", Required = true };
    static readonly Option<string?> file = new("--file") { Description = "The newest submission of this name; left out: the newest of all.", HelpName = "NAME" };
    static readonly Option<string?> number = new("--number") { Description = "The submission of this number in the list.", HelpName = "K" };
    static readonly Option<string?> note = new("--note") { Description = "Anything to remember, such as where it was scored.", HelpName = "TEXT" };
    static readonly Option<string> metric = new("--metric") { Description = "Which of our scores to compare with.", HelpName = "NAME", DefaultValueFactory = _ => "accuracy" };

    public static Command Make()
    {
        var command = new Command("submissions", "The submissions of a run: what was written from which cells with which out-of-fold score, and what others said of it.") { run, metric, json, Add(), Plot() };
        command.SetAction(parsed => Session.Guard(parsed, () => List(parsed.GetValue(run), parsed.GetValue(metric)!, parsed.GetValue(json))));
        return command;
    }

    static Command Add()
    {
        var command = new Command("add", "Note the outside score of a submission.") { one, score, file, number, note };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var ledger = new RunFolder(parsed.GetRequiredValue(one)).Submissions;
            var value = Number(parsed.GetRequiredValue(score));
            var entry = Chosen(SubmissionLedger.Read(ledger), ledger, parsed.GetValue(file), parsed.GetValue(number));
            SubmissionLedger.AddScore(ledger, entry.Number, value, parsed.GetValue(note));
            Show.Line(FormattableString.Invariant($"submission {entry.Number}, {entry.File}: outside score {value}"));
            return 0;
        }));
        return command;
    }

    static Command Plot()
    {
        var command = new Command("plot", "Outside scores against ours.") { one, metric, json };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var ledger = new RunFolder(parsed.GetRequiredValue(one)).Submissions;
            var scores = OutsideScores.Of(SubmissionLedger.Read(ledger), parsed.GetValue(metric)!);
            if (parsed.GetValue(json)) Show.Line(scores.ToJson().ToJsonString(new() { WriteIndented = true }));
            else if (scores.Points.Count == 0) throw new DataException(ledger, "no submission has an outside score yet; note one: tutti submissions add --run DIR --score NUMBER");
            else Print(scores);
            return 0;
        }));
        return command;
    }

    static int List(string? folder, string metric, bool asJson)
    {
        string[] ledgers = folder is not null ? [new RunFolder(folder).Submissions]
            : Directory.Exists(Runs) ? [.. Directory.EnumerateDirectories(Runs).Order(StringComparer.Ordinal).Select(run => new RunFolder(run).Submissions).Where(File.Exists)] : [];
        if (ledgers.Length == 0) throw new ConfigException("--run", $"there is no run with a ledger of submissions below {Runs}{Path.DirectorySeparatorChar}; name the run folder");
        var all = ledgers.Select(ledger => (Ledger: ledger, Entries: SubmissionLedger.Read(ledger))).ToArray();
        if (asJson)
        {
            Show.Line(new JsonArray([.. all.SelectMany(run => run.Entries.Select(entry => Json(run.Ledger, entry)))]).ToJsonString(new() { WriteIndented = true }));
            return 0;
        }
        foreach (var (ledger, entries) in all)
        {
            var scores = OutsideScores.Of(entries, metric);
            var table = Show.Table("", "written", "file", $"our {metric}", "outside", "difference", "cells", "SHA-256", "note");
            foreach (var entry in entries)
            {
                var point = scores.Points.FirstOrDefault(point => point.Number == entry.Number);
                var ours = entry.Scores.FirstOrDefault(score => score.Name == metric)?.Score;
                table.AddRow(Show.Cells(Whole(entry.Number), entry.Time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), entry.File, ours is { } known ? FormattableString.Invariant($"{known.Value:0.000} ({known.Low:0.000} to {known.High:0.000})") : "",
                    point is null ? "" : Text(point.Outside), point is null ? "" : Signed(point.Difference), Whole(entry.Cells.Count), entry.Sha256[..Math.Min(ShownHash, entry.Sha256.Length)], entry.Outside is [.., { Note: { } said }] ? said : ""));
            }
            Show.Line(FormattableString.Invariant($"{Path.GetDirectoryName(ledger)}: {entries.Count} {(entries.Count == 1 ? "submission" : "submissions")}"));
            Show.Out.Write(table);
        }
        return 0;
    }

    static void Print(OutsideScores scores)
    {
        var table = Show.Table("", "file", $"our {scores.Metric}", "outside", "difference", "within our interval");
        foreach (var point in scores.Points)
            table.AddRow(Show.Cells(Whole(point.Number), point.File, FormattableString.Invariant($"{point.Ours.Value:0.000} ({point.Ours.Low:0.000} to {point.Ours.High:0.000})"), Text(point.Outside), Signed(point.Difference), point.Within ? "yes" : "no"));
        Show.Out.Write(table);
        foreach (var line in ScatterPlot.Lines([.. scores.Points.Select(point => (point.Ours.Value, point.Outside, Whole(point.Number)))], $"our {scores.Metric}", "outside")) Show.Line(line);
        Show.Line(FormattableString.Invariant($"outside less ours: {Signed(scores.MeanDifference)} on average of {scores.Points.Count}; {scores.Points.Count(point => point.Within)} within our interval"));
        Show.Line(double.IsNaN(scores.Pearson) ? "correlation: unknown; it takes three submissions that differ" : FormattableString.Invariant($"correlation: {scores.Pearson:0.00} (of ranks {scores.Spearman:0.00})"));
    }

    static JsonObject Json(string ledger, SubmissionEntry entry) => new()
    {
        ["run"] = Path.GetDirectoryName(ledger),
        ["number"] = entry.Number,
        ["time"] = entry.Time.ToString("O", CultureInfo.InvariantCulture),
        ["by"] = entry.By,
        ["file"] = entry.File,
        ["sha256"] = entry.Sha256,
        ["blend"] = entry.Blend?.DeepClone(),
        ["cells"] = new JsonArray([.. entry.Cells.Select(cell => new JsonObject { ["member"] = cell.Member, ["seed"] = cell.Seed, ["fold"] = cell.Fold, ["fingerprint"] = cell.Fingerprint })]),
        ["scores"] = new JsonArray([.. entry.Scores.Select(score => new JsonObject { ["name"] = score.Name, ["value"] = Known(score.Score.Value), ["low"] = Known(score.Score.Low), ["high"] = Known(score.Score.High), ["n"] = score.Score.N })]),
        ["outside"] = new JsonArray([.. entry.Outside.Select(outside => new JsonObject { ["time"] = outside.Time.ToString("O", CultureInfo.InvariantCulture), ["score"] = outside.Value, ["note"] = outside.Note })]),
    };

    static SubmissionEntry Chosen(IReadOnlyList<SubmissionEntry> entries, string ledger, string? name, string? number)
    {
        if (name is not null && number is not null) throw new ConfigException("--number", "is given together with --file; keep one of them");
        if (entries.Count == 0) throw new DataException(ledger, "holds no submission");
        if (number is not null)
            return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var k) && k >= 1 && k <= entries.Count ? entries[k - 1]
                : throw new ConfigException("--number", FormattableString.Invariant($"got '{number}', expected a number from 1 to {entries.Count}; tutti submissions lists them"));
        if (name is null) return entries[^1];
        string[] names = [.. entries.Select(entry => entry.File).Distinct()];
        return entries.LastOrDefault(entry => entry.File == name) ?? throw new ConfigException("--file", $"the ledger has no submission '{name}'{Nearest.Hint(name, names)} It has: {string.Join(", ", names)}");
    }

    static double Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value
        : throw new ConfigException("--score", $"got '{text}', expected a number such as 0.81");

    static JsonNode? Known(double value) => double.IsFinite(value) ? value : null;
    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
    static string Text(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
    static string Signed(double value) => value.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);
}
