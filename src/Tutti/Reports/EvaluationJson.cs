using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>An evaluation as JSON: scores with intervals, confusion matrix, per-class table; where all scores were asked for also the matrix in shares, each class's scores and the reliability table.</summary>
public static class EvaluationJson
{
    public static JsonObject Of(EvaluationSummary summary)
    {
        var json = new JsonObject
        {
            ["rows"] = summary.Rows,
            ["unlabelled"] = summary.Unlabelled,
            ["scores"] = new JsonObject(summary.Scores.Select(score => KeyValuePair.Create<string, JsonNode?>(score.Name, Interval(score.Score)))),
            ["classes"] = new JsonArray([.. summary.Classes.Lines.Select(line => (JsonNode)new JsonObject
            {
                ["name"] = line.Name,
                ["precision"] = line.Precision,
                ["recall"] = line.Recall,
                ["f1"] = line.F1,
                ["support"] = line.Support,
            })]),
            ["confusion"] = Matrix(summary.Confusion.Classes, (truth, predicted) => summary.Confusion[truth, predicted]),
        };
        if (summary.ClassScores.Count == 0) return json;
        json["confusionShareOfTrue"] = Matrix(summary.Confusion.Classes, summary.Confusion.ShareOfTrue);
        json["confusionShareOfPredicted"] = Matrix(summary.Confusion.Classes, summary.Confusion.ShareOfPredicted);
        json["classScores"] = Classes(summary.ClassScores);
        json["reliability"] = new JsonArray([.. summary.Reliability.Select(line => (JsonNode)new JsonObject
        {
            ["low"] = line.Bin.Low,
            ["high"] = line.Bin.High,
            ["rows"] = line.Bin.Count,
            ["confidence"] = Number(line.Bin.Confidence),
            ["right"] = Interval(line.Right),
        })]);
        return json;
    }

    /// <summary>metrics.json of a run.</summary>
    /// <param name="gains">What the blend and test-time views brought.</param>
    public static string Text(EvaluationSummary summary, IReadOnlyList<Gain>? gains = null)
    {
        var json = Of(summary);
        if (gains is not null) json["gains"] = GainsJson.Of(gains);
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>Scores of each class, or label.</summary>
    internal static JsonArray Classes(IReadOnlyList<ClassScores> classes) => [.. classes.Select(one => (JsonNode)new JsonObject
    {
        ["name"] = one.Name,
        ["precision"] = Interval(one.Precision),
        ["recall"] = Interval(one.Recall),
        ["f1"] = Interval(one.F1),
        ["rocAuc"] = Interval(one.RocAuc),
        ["averagePrecision"] = Interval(one.AveragePrecision),
    })];

    static JsonArray Matrix(int classes, Func<int, int, double> cell) =>
        [.. Enumerable.Range(0, classes).Select(truth => (JsonNode)new JsonArray([.. Enumerable.Range(0, classes).Select(predicted => (JsonNode)cell(truth, predicted))]))];

    static JsonObject Interval(Score score) => new() { ["value"] = Number(score.Value), ["low"] = Number(score.Low), ["high"] = Number(score.High) };

    // JSON has no word for a score that is undefined on these rows.
    static JsonNode? Number(double value) => double.IsFinite(value) ? value : null;
}
