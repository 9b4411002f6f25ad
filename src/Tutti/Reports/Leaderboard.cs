using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Reports;

/// <summary>One line of a leaderboard: what was scored on held-out rows, with intervals, and what it cost.</summary>
/// <param name="Name">A member, the blend, or a baseline.</param>
/// <param name="Cells">Trained models behind it; 0 for a blend or baseline.</param>
/// <param name="Seconds">Time of all its cells.</param>
/// <param name="PeakBytes">The most memory one of its cells used.</param>
public sealed record LeaderboardRow(string Name, Score Accuracy, Score MacroF1, Score LogLoss, int Cells, double Seconds, long PeakBytes)
{
    /// <param name="name">The line's name.</param>
    /// <param name="predictions">Labelled rows.</param>
    /// <param name="metricFiles">metrics.json of its cells, for the cost.</param>
    public static LeaderboardRow Of(string name, PredictionSet predictions, IReadOnlyList<string> metricFiles)
    {
        var scores = EvaluationSummary.Of(predictions).Scores.ToDictionary(score => score.Name, score => score.Score);
        var costs = metricFiles.Select(file => JsonNode.Parse(File.ReadAllText(file))!).ToArray();
        return new(name, scores["accuracy"], scores["F1 macro"], scores["log-loss"], costs.Length,
            costs.Sum(cost => cost["seconds"]!.GetValue<double>()), costs.Select(cost => cost["peakBytes"]!.GetValue<long>()).DefaultIfEmpty().Max());
    }
}

/// <summary>Members, blend and baselines, the best accuracy first.</summary>
public sealed record Leaderboard(IReadOnlyList<LeaderboardRow> Rows)
{
    public IReadOnlyList<LeaderboardRow> Sorted => [.. Rows.OrderByDescending(row => row.Accuracy.Value).ThenBy(row => row.LogLoss.Value)];

    public void Write(string path) => AtomicFile.Write(path, new JsonArray([.. Sorted.Select(row => (JsonNode)new JsonObject
    {
        ["name"] = row.Name,
        ["accuracy"] = Json(row.Accuracy),
        ["macroF1"] = Json(row.MacroF1),
        ["logLoss"] = Json(row.LogLoss),
        ["cells"] = row.Cells,
        ["seconds"] = row.Seconds,
        ["peakBytes"] = row.PeakBytes,
    })]).ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    static JsonObject Json(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };

    /// <summary>A plain table.</summary>
    public override string ToString() => string.Join('\n', Sorted.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Name}  accuracy {row.Accuracy}  F1 macro {row.MacroF1}  log-loss {row.LogLoss}")));
}
