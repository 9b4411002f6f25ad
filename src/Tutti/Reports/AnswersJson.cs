using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>Scores of answers as JSON.</summary>
public static class AnswersJson
{
    /// <summary>Of each answer: name, kind, scores with intervals; a class's confusion matrix and table, or the table of the labels.</summary>
    public static JsonArray Of(IReadOnlyList<AnswerSummary> answers) => [.. answers.Select(answer =>
    {
        var json = new JsonObject
        {
            ["name"] = answer.Name,
            ["kind"] = answer.Kind.ToString().ToLowerInvariant(),
            ["scores"] = new JsonObject(answer.Scores.Select(score => KeyValuePair.Create<string, JsonNode?>(score.Name, Of(score.Score)))),
        };
        if (answer.Classes is { } classes) json["classification"] = EvaluationJson.Of(classes);
        if (answer.Labels.Count > 0)
            json["labels"] = new JsonArray([.. answer.Labels.Select(line => (JsonNode)new JsonObject
            {
                ["name"] = line.Name,
                ["precision"] = line.Precision,
                ["recall"] = line.Recall,
                ["f1"] = line.F1,
                ["support"] = line.Support,
                ["share"] = line.Share,
                ["rocAuc"] = Number(line.RocAuc),
            })]);
        if (answer.LabelScores.Count > 0) json["labelScores"] = EvaluationJson.Classes(answer.LabelScores);
        return (JsonNode)json;
    })];

    /// <summary>metrics.json of a run of answers.</summary>
    /// <param name="gains">What the blend and test-time views brought.</param>
    public static string Text(IReadOnlyList<AnswerSummary> answers, IReadOnlyList<Gain> gains) => new JsonObject { ["answers"] = Of(answers), ["gains"] = GainsJson.Of(gains) }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";

    internal static JsonObject Of(Score score) => new() { ["value"] = Number(score.Value), ["low"] = Number(score.Low), ["high"] = Number(score.High), ["n"] = score.N };

    // JSON has no word for a score that is undefined on these rows.
    static JsonNode? Number(double value) => double.IsFinite(value) ? value : null;
}
