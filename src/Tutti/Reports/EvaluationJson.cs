using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>An evaluation as JSON: scores with intervals, confusion matrix, per-class table.</summary>
public static class EvaluationJson
{
    public static JsonObject Of(EvaluationSummary summary) => new()
    {
        ["rows"] = summary.Rows,
        ["unlabelled"] = summary.Unlabelled,
        ["scores"] = new JsonObject(summary.Scores.Select(score => KeyValuePair.Create<string, JsonNode?>(score.Name, new JsonObject
        {
            ["value"] = Number(score.Score.Value),
            ["low"] = Number(score.Score.Low),
            ["high"] = Number(score.Score.High),
        }))),
        ["classes"] = new JsonArray([.. summary.Classes.Lines.Select(line => (JsonNode)new JsonObject
        {
            ["name"] = line.Name,
            ["precision"] = line.Precision,
            ["recall"] = line.Recall,
            ["f1"] = line.F1,
            ["support"] = line.Support,
        })]),
        ["confusion"] = new JsonArray([.. Enumerable.Range(0, summary.Confusion.Classes).Select(truth =>
            (JsonNode)new JsonArray([.. Enumerable.Range(0, summary.Confusion.Classes).Select(predicted => (JsonNode)summary.Confusion[truth, predicted])]))]),
    };

    public static string Text(EvaluationSummary summary) => Of(summary).ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";

    // JSON has no word for a score that is undefined on these rows.
    static JsonNode? Number(double value) => double.IsFinite(value) ? value : null;
}
