using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>A submission with our score and the newest of others.</summary>
public sealed record OutsidePoint(int Number, string File, Score Ours, double Outside)
{
    public double Difference => Outside - Ours.Value;

    /// <summary>What others measured lies within our interval.</summary>
    public bool Within => Outside >= Ours.Low && Outside <= Ours.High;
}

/// <summary>What others measured beside what we did: whether a better score of ours is a better one outside.</summary>
/// <param name="Metric">Which of our scores.</param>
/// <param name="Points">Submissions of which others said something, in their order.</param>
/// <param name="Pearson">NaN for fewer than three points, or where one side does not vary.</param>
/// <param name="Spearman">The same of the ranks.</param>
public sealed record OutsideScores(string Metric, IReadOnlyList<OutsidePoint> Points, double Pearson, double Spearman)
{
    const int Fewest = 3;

    /// <summary>The mean of outside less ours.</summary>
    public double MeanDifference => Points.Count == 0 ? double.NaN : Points.Average(point => point.Difference);

    /// <exception cref="ConfigException">No entry has a score of that name.</exception>
    public static OutsideScores Of(IReadOnlyList<SubmissionEntry> entries, string metric)
    {
        string[] names = [.. entries.SelectMany(entry => entry.Scores).Select(score => score.Name).Distinct()];
        if (entries.Count > 0 && !names.Contains(metric)) throw new ConfigException("--metric", $"got '{metric}', which no submission was scored by{Nearest.Hint(metric, names)} The scores are: {string.Join(", ", names)}");
        OutsidePoint[] points = [.. from entry in entries
                                    where entry.Outside.Count > 0
                                    from score in entry.Scores
                                    where score.Name == metric
                                    select new OutsidePoint(entry.Number, entry.File, score.Score, entry.Outside[^1].Value)];
        double[] ours = [.. points.Select(point => point.Ours.Value)], outside = [.. points.Select(point => point.Outside)];
        var known = points.Length >= Fewest && ours.Distinct().Count() > 1 && outside.Distinct().Count() > 1;
        return new(metric, points, known ? Regression.Pearson(ours, outside) : double.NaN, known ? Regression.Spearman(ours, outside) : double.NaN);
    }

    public JsonObject ToJson() => new()
    {
        ["metric"] = Metric,
        ["points"] = new JsonArray([.. Points.Select(point => new JsonObject
        {
            ["number"] = point.Number,
            ["file"] = point.File,
            ["ours"] = point.Ours.Value,
            ["low"] = point.Ours.Low,
            ["high"] = point.Ours.High,
            ["outside"] = point.Outside,
            ["difference"] = point.Difference,
            ["within"] = point.Within,
        })]),
        ["meanDifference"] = Known(MeanDifference),
        ["pearson"] = Known(Pearson),
        ["spearman"] = Known(Spearman),
    };

    static JsonNode? Known(double value) => double.IsFinite(value) ? value : null;
}
