using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Reports;

namespace Tutti.App.Commands;

static class CompareCommand
{
    const int UsualRows = 5, LongestText = 70;

    static readonly Argument<string[]> runs = new("RUN") { Description = "Folders of finished runs, at least two; the others are compared with the first.", Arity = new(2, 100) };
    static readonly Option<string?> data = new("--data") { Description = "A labelled file, or folder of pictures, that all runs predict; they are compared on its rows in place of those that they held out.", HelpName = "FILE" };
    static readonly Option<int?> rows = new("--rows") { Description = $"Rows to list that a run fixes, and as many that it breaks; {UsualRows} unless said, with --json all.", HelpName = "N" };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("compare", "Finished runs on the rows that all of them held out, or of another file: intervals, paired tests, and the rows that one fixes and breaks; of several targets each that all have.") { runs, data, rows, json };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            if (parsed.GetValue(rows) is < 0) throw new ConfigException("--rows", $"got {parsed.GetValue(rows)}, expected a whole number from 0");
            var (folders, file) = (parsed.GetRequiredValue(runs), parsed.GetValue(data));
            if (folders.Any(folder => RunTask.HasAnswers(new(folder)))) CompareTargets.Run(folders, file, parsed.GetValue(json));
            else if (RunComparison.Of(folders, file, Session.Cancel) is var comparison && parsed.GetValue(json)) Show.Line(Json(comparison, parsed.GetValue(rows) ?? int.MaxValue).ToJsonString(new() { WriteIndented = true }));
            else Print(comparison, parsed.GetValue(rows) ?? UsualRows, file);
            return 0;
        }));
        return command;
    }

    static void Print(RunComparison comparison, int most, string? file)
    {
        var console = Show.Out;
        console.WriteLine(Head(comparison.Common, comparison.Runs.Select(run => run.Rows), file));
        foreach (var run in comparison.Runs) WarnOfSeen(run.Name, run.Seen);
        if (comparison.OtherText > 0) Show.Warning(FormattableString.Invariant($"{comparison.OtherText} rows have the same id and another text; they are left out"));
        if (comparison.OtherLabel > 0) Show.Warning(FormattableString.Invariant($"{comparison.OtherLabel} rows have the same id and another label; they are left out"));
        var table = Show.Table("", "accuracy", "F1 macro", "log-loss", "against the first", "fixes", "breaks");
        foreach (var run in comparison.Runs)
            table.AddRow(Show.Cells(run.Name, Show.Interval(run.Scores.Accuracy), Show.Interval(run.Scores.MacroF1), Show.Interval(run.Scores.LogLoss), Show.Against(run.AgainstFirst),
                run.AgainstFirst is null ? "" : Whole(run.Fixes.Count), run.AgainstFirst is null ? "" : Whole(run.Breaks.Count)));
        console.Write(table);
        console.WriteLine("Against the first: difference in accuracy on the same rows, P of McNemar's test; = no more than noise.");
        foreach (var run in comparison.Runs)
            if (run.AgainstFirst is { } against)
                console.WriteLine($"{run.Name} against {comparison.Runs[0].Name}: accuracy {ShowGains.Signed(against.Accuracy)}, log-loss {ShowGains.Signed(against.LogLoss)}");
        foreach (var run in comparison.Runs.Where(run => run.AgainstFirst is not null))
        {
            List($"{run.Name} fixes {run.Fixes.Count} rows that {comparison.Runs[0].Name} gets wrong", run.Fixes, most);
            List($"{run.Name} breaks {run.Breaks.Count} rows that {comparison.Runs[0].Name} gets right", run.Breaks, most);
        }
    }

    /// <summary>How many rows are compared, of which.</summary>
    public static string Head(int common, IEnumerable<int> rows, string? file) =>
        FormattableString.Invariant($"{common} common {(file is null ? "held-out rows" : $"rows of {file}")} (of {string.Join(", ", rows.Select(Whole))}), 95 % intervals");

    public static void WarnOfSeen(string run, int rows)
    {
        if (rows > 0) Show.Warning(FormattableString.Invariant($"{run} was trained on {rows} of the rows: its scores on them say nothing about new ones"));
    }

    static void List(string head, IReadOnlyList<ChangedRow> changed, int most)
    {
        var console = Show.Out;
        console.WriteLine();
        console.WriteLine(head);
        if (most == 0 || changed.Count == 0) return;
        string[] text = changed.Any(row => row.Text is not null) ? ["text"] : [];
        var table = Show.Table(["id", "label", "first", "now", .. text]);
        foreach (var row in changed.Take(most)) table.AddRow(Show.Cells([row.Id, row.Label, Predicted(row.First), Predicted(row.Other), .. text.Select(_ => Shortened(row.Text))]));
        console.Write(table);
    }

    static string Predicted((string Class, double OfLabel) one) => FormattableString.Invariant($"{one.Class} ({one.OfLabel:0.00})");

    static string Shortened(string? text)
    {
        var line = string.Join(' ', (text ?? "").Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestText ? line : line[..LongestText] + "…";
    }

    static JsonObject Json(RunComparison comparison, int most) => new()
    {
        ["common"] = comparison.Common,
        ["otherText"] = comparison.OtherText,
        ["otherLabel"] = comparison.OtherLabel,
        ["runs"] = new JsonArray([.. comparison.Runs.Select(run => (JsonNode)new JsonObject
        {
            ["run"] = run.Name,
            ["rows"] = run.Rows,
            ["seenInTraining"] = run.Seen,
            ["accuracy"] = Leaderboard.Json(run.Scores.Accuracy),
            ["macroF1"] = Leaderboard.Json(run.Scores.MacroF1),
            ["logLoss"] = Leaderboard.Json(run.Scores.LogLoss),
            ["againstBest"] = run.Scores.AgainstBest is { } best ? Leaderboard.Json(best) : null,
            ["againstFirst"] = run.AgainstFirst is { } first ? Leaderboard.Json(first) : null,
            ["fixes"] = run.Fixes.Count,
            ["breaks"] = run.Breaks.Count,
            ["fixed"] = new JsonArray([.. run.Fixes.Take(most).Select(Json)]),
            ["broken"] = new JsonArray([.. run.Breaks.Take(most).Select(Json)]),
        })]),
    };

    static JsonNode Json(ChangedRow row) => new JsonObject
    {
        ["id"] = row.Id,
        ["label"] = row.Label,
        ["first"] = row.First.Class,
        ["firstOfLabel"] = row.First.OfLabel,
        ["now"] = row.Other.Class,
        ["nowOfLabel"] = row.Other.OfLabel,
        ["text"] = row.Text,
    };

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
