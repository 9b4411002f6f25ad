using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>The document that a report's page shows: docs/file-formats.md has its keys.</summary>
public static class ReportData
{
    /// <summary>Of the document; a page refuses another one.</summary>
    public const int Version = 1;

    /// <param name="source">What is known of the run beside its files.</param>
    /// <param name="rows">The rows to embed; null without predictions.</param>
    /// <param name="textCharacters">Texts are cut after so many.</param>
    public static JsonObject Of(ReportSource source, ReportRows? rows, int textCharacters)
    {
        var events = new ReportEvents(ReportEvents.Of(source.Files));
        var (metrics, leaderboard) = (ReportJson.File(source.Files.Metrics), ReportJson.File(source.Files.Leaderboard));
        var predictions = source.Predictions;
        var (usual, more) = ReportScores.All(metrics);
        var document = new JsonObject
        {
            ["version"] = Version,
            ["run"] = Run(source, events),
            ["headline"] = ReportScores.Headline(leaderboard, metrics, source.Unlabelled),
            ["scores"] = usual,
            ["moreScores"] = more,
            ["leaderboard"] = ReportScores.Leaderboard(leaderboard),
            ["gains"] = ReportScores.Gains(metrics),
            ["cells"] = new JsonArray([.. source.Cells.Select(cell => (JsonNode?)Cell(cell.Name, ReportJson.File(cell.Folder.Metrics), events.Cell(cell.Name), ReportCurves.PointsOf(source.Cells.Count)))]),
            ["classes"] = ReportJson.Texts(predictions?.Classes ?? []),
            ["confusion"] = metrics?["confusion"]?.DeepClone() ?? new JsonArray(),
            ["perClass"] = ReportScores.PerClass(metrics),
            ["targets"] = ReportTargetsJson.Of(metrics, rows),
            ["reliability"] = predictions is null ? null : Reliability(predictions.Probabilities, predictions.Labels!),
            ["ratings"] = source.Ratings?.DeepClone(),
            ["slices"] = predictions is null ? null : SlicesOf(source),
            ["data"] = ReportFacts.Data(source, events),
            ["recipe"] = File.Exists(source.Files.Recipe) ? File.ReadAllText(source.Files.Recipe) : "",
            ["surprises"] = ReportFacts.Surprises(source, events),
        };
        ReportRowsJson.AddTo(document, source, rows, textCharacters);
        return document;
    }

    static JsonObject Run(ReportSource source, ReportEvents events) => new()
    {
        ["name"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source.Files.Root))),
        ["task"] = source.Task,
        ["started"] = Time(events.Started),
        ["finished"] = Time(events.Finished),
        ["seconds"] = ReportJson.Rounded(source.Cells.Sum(cell => ReportJson.Number(ReportJson.File(cell.Folder.Metrics)?["seconds"]))),
        ["facts"] = new JsonArray([.. events.Facts.Select(fact => (JsonNode?)new JsonObject { ["name"] = fact.Key, ["value"] = fact.Value?.ToString() ?? "none" })]),
    };

    static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    static JsonObject Cell(string name, JsonNode? metrics, ReportedCell events, int points) => new()
    {
        ["name"] = name,
        ["updates"] = ReportJson.Rounded(ReportJson.Number(metrics?["updates"]) ?? events.Steps.Count),
        ["bestUpdate"] = ReportJson.Rounded(ReportJson.Number(metrics?["bestUpdate"])),
        ["seconds"] = ReportJson.Rounded(ReportJson.Number(metrics?["seconds"])),
        ["peakBytes"] = ReportJson.Rounded(ReportJson.Number(metrics?["peakBytes"])),
        ["predictedPeak"] = ReportJson.Rounded(ReportJson.Number(events.Plan?["predictedPeak"])),
        ["limit"] = ReportJson.Rounded(ReportJson.Number(events.Plan?["limit"])),
        ["tokensPerSecond"] = ReportJson.Rounded(ReportJson.Number(metrics?["tokensPerSecond"])),
        ["replays"] = events.Replays,
        ["curve"] = ReportCurves.Of(events.Steps.Values, points),
        ["evaluations"] = new JsonArray([.. events.Evaluations.Values.Select(one => (JsonNode?)new JsonObject
        {
            ["update"] = ReportJson.Rounded(ReportJson.Number(one["update"])),
            ["loss"] = ReportJson.Rounded(ReportJson.Number(one["loss"])),
            ["accuracy"] = ReportJson.Rounded(ReportJson.Number(one["accuracy"])),
            ["macroF1"] = ReportJson.Rounded(ReportJson.Number(one["macroF1"])),
            ["best"] = one["best"]?.DeepClone(),
        })]),
    };

    static JsonObject Reliability(double[] probabilities, int[] truth)
    {
        var bins = Calibration.Bins(probabilities, truth);
        return new()
        {
            ["error"] = ReportJson.Rounded(Calibration.Error(probabilities, truth)),
            ["bins"] = new JsonArray([.. bins.Select(bin => (JsonNode?)new JsonObject
            {
                ["low"] = ReportJson.Rounded(bin.Low),
                ["high"] = ReportJson.Rounded(bin.High),
                ["count"] = bin.Count,
                ["accuracy"] = ReportJson.Rounded(bin.Accuracy),
                ["confidence"] = ReportJson.Rounded(bin.Confidence),
            })]),
        };
    }

    static JsonObject SlicesOf(ReportSource source)
    {
        const int Shown = 50;
        var predictions = source.Predictions!;
        var found = Slices.Find([.. predictions.Predicted().Zip(predictions.Labels!, (predicted, label) => predicted == label)], source.Columns);
        return new()
        {
            ["tested"] = found.Tested,
            ["level"] = Slices.Level,
            ["overall"] = ReportJson.Rounded(found.Overall),
            ["slices"] = new JsonArray([.. found.All.Take(Shown).Select(slice => (JsonNode?)new JsonObject
            {
                ["column"] = slice.Column,
                ["value"] = slice.Value,
                ["rows"] = slice.Rows,
                ["accuracy"] = ReportJson.Rounded(slice.Accuracy),
                ["rest"] = ReportJson.Rounded(slice.Rest),
                ["difference"] = ReportJson.Rounded(slice.Difference.Value),
                ["low"] = ReportJson.Rounded(slice.Difference.Low),
                ["high"] = ReportJson.Rounded(slice.Difference.High),
                ["p"] = ReportJson.Rounded(slice.P),
                ["adjusted"] = ReportJson.Rounded(slice.Adjusted),
            })]),
        };
    }
}
