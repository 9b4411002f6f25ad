using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Reports;

namespace Tutti.App.Commands;

/// <summary>What <c>tutti compare</c> does with runs of several targets, labels or numbers: a table for each target.</summary>
static class CompareTargets
{
    public static void Run(IReadOnlyList<string> folders, string? file, bool json)
    {
        var comparison = AnswerComparison.Of(folders, file, Session.Cancel);
        if (json) Show.Line(Json(folders, comparison).ToJsonString(new() { WriteIndented = true }));
        else Print(folders, comparison, file);
    }

    static void Print(IReadOnlyList<string> folders, AnswerComparison comparison, string? file)
    {
        foreach (var (folder, seen) in folders.Zip(comparison.Seen)) CompareCommand.WarnOfSeen(folder, seen);
        foreach (var target in comparison.Targets)
        {
            Show.Line($"{target.Name}: {CompareCommand.Head(target.Common, target.Runs.Select(run => run.Rows), file)}");
            if (target.OtherTruth > 0) Show.Warning(FormattableString.Invariant($"{target.Name}: {target.OtherTruth} rows have the same id and another true value; they are left out"));
            var (measure, counted) = (target.Runs[0].Scores.Scores[0].Name, target.Runs.Any(run => run.Fixes is not null));
            string[] more = counted ? ["fixes", "breaks"] : [];
            var table = Show.Table(["", measure, "against the first", "its loss", "P of McNemar", .. more]);
            foreach (var run in target.Runs)
            {
                var against = run.AgainstFirst;
                table.AddRow(Show.Cells([run.Name, Show.Interval(run.Scores.Scores[0].Score), against is null ? "" : ShowGains.Value(against), against is null ? "" : ShowGains.Loss(against),
                    against?.McNemar is { } p ? Show.Number(p) : "", .. counted ? (string[])[Whole(run.Fixes), Whole(run.Breaks)] : []]));
            }
            Show.Out.Write(table);
        }
        Show.Line("Against the first: differences on the same rows; loss: log-loss, of numbers squared errors over their variance.");
        if (comparison.Others.Count > 0) Show.Line($"Not in all runs: {string.Join(", ", comparison.Others)}.");
    }

    static string Whole(int? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    static JsonObject Json(IReadOnlyList<string> folders, AnswerComparison comparison) => new()
    {
        ["targets"] = new JsonArray([.. comparison.Targets.Select(target => (JsonNode)new JsonObject
        {
            ["name"] = target.Name,
            ["common"] = target.Common,
            ["otherTruth"] = target.OtherTruth,
            ["runs"] = new JsonArray([.. target.Runs.Select(run => (JsonNode)new JsonObject
            {
                ["run"] = run.Name,
                ["rows"] = run.Rows,
                ["scores"] = AnswersJson.Of([run.Scores])[0]!["scores"]!.DeepClone(),
                ["againstFirst"] = run.AgainstFirst is { } against ? GainsJson.Of([against])[0]!.DeepClone() : null,
                ["fixes"] = run.Fixes,
                ["breaks"] = run.Breaks,
            })]),
        })]),
        ["notInAll"] = new JsonArray([.. comparison.Others.Select(name => (JsonNode)name)]),
        ["seenInTraining"] = new JsonObject(folders.Zip(comparison.Seen, (folder, seen) => KeyValuePair.Create(folder, (JsonNode?)seen))),
    };
}
