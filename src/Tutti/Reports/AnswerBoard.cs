using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Reports;

/// <summary>One line of a leaderboard of answers.</summary>
/// <param name="Name">A member, the blend, or a baseline.</param>
/// <param name="Loss">Mean of <see cref="AnswerScores.Losses"/>, by which lines are sorted.</param>
/// <param name="Answers">The scores of each answer.</param>
/// <param name="Cells">Trained models behind it; 0 for a blend or baseline.</param>
/// <param name="Seconds">Time of all its cells.</param>
/// <param name="PeakBytes">The most memory one of its cells used.</param>
public sealed record AnswerRow(string Name, Score Loss, IReadOnlyList<AnswerSummary> Answers, int Cells, double Seconds, long PeakBytes)
{
    /// <param name="name">The line's name.</param>
    /// <param name="set">Rows with their true values.</param>
    /// <param name="metricFiles">metrics.json of its cells, for the cost.</param>
    public static AnswerRow Of(string name, AnswerSet set, IReadOnlyList<string> metricFiles)
    {
        var (losses, costs) = (AnswerScores.Losses(set), metricFiles.Select(file => JsonNode.Parse(File.ReadAllText(file))!).ToArray());
        var loss = Bootstrap.Interval(set.Count, rows =>
        {
            var sum = 0.0;
            foreach (var row in rows) sum += losses[row];
            return sum / rows.Length;
        });
        return new(name, loss, AnswerScores.Of(set), costs.Length, costs.Sum(cost => cost["seconds"]!.GetValue<double>()), costs.Select(cost => cost["peakBytes"]!.GetValue<long>()).DefaultIfEmpty().Max());
    }
}

/// <summary>Members, blend and baselines, the lowest loss first.</summary>
public sealed record AnswerBoard(IReadOnlyList<AnswerRow> Rows)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    public IReadOnlyList<AnswerRow> Sorted => [.. Rows.OrderBy(row => row.Loss.Value)];

    public void Write(string path) => AtomicFile.Write(path, new JsonArray([.. Sorted.Select(row => (JsonNode)new JsonObject
    {
        ["name"] = row.Name,
        ["loss"] = AnswersJson.Of(row.Loss),
        ["answers"] = AnswersJson.Of(row.Answers),
        ["cells"] = row.Cells,
        ["seconds"] = row.Seconds,
        ["peakBytes"] = row.PeakBytes,
    })]).ToJsonString(indented) + "\n");

    /// <summary>A plain table: the first score of every answer.</summary>
    public override string ToString() => string.Join('\n', Sorted.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Name}  loss {row.Loss}")
        + string.Concat(row.Answers.Select(answer => $"  {answer.Name} {answer.Scores[0].Name} {answer.Scores[0].Score}"))));
}
