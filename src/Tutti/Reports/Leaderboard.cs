using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Reports;

/// <summary>What a leaderboard is made of: predictions of held-out rows, and the models behind them.</summary>
/// <param name="Name">A member, the blend, or a baseline.</param>
/// <param name="Predictions">Labelled rows, the same in every entry.</param>
/// <param name="Cells">Whose metrics.json tells the cost; none for a baseline.</param>
public sealed record LeaderboardEntry(string Name, PredictionSet Predictions, IReadOnlyList<CellFolder> Cells)
{
    /// <summary>Predictions of the same rows by each seed alone, where there are several.</summary>
    public IReadOnlyList<PredictionSet> Seeds { get; init; } = [];

    /// <summary>Further cells that had to be trained for it, though it does not predict with them.</summary>
    public IReadOnlyList<CellFolder> Sources { get; init; } = [];
}

/// <summary>Accuracies of a member's seeds, each alone.</summary>
/// <param name="Deviation">Their standard deviation (n - 1).</param>
public sealed record SeedSpread(int Seeds, double Deviation, double Least, double Most);

/// <summary>How a line differs from the best one on the same rows.</summary>
/// <param name="Accuracy">Less than 0 where it is worse.</param>
/// <param name="McNemar">How probable rows that one alone gets right would be divided at least as unevenly where both are as good.</param>
/// <param name="LogLoss">More than 0 where it is worse.</param>
public sealed record AgainstBest(PairedResult Accuracy, double McNemar, PairedResult LogLoss)
{
    /// <summary>The difference in accuracy is no larger than noise.</summary>
    public bool WithinNoise => McNemar >= 0.05;
}

/// <summary>One line of a leaderboard: what was scored on held-out rows, with intervals, and what it cost.</summary>
/// <param name="Name">A member, the blend, or a baseline.</param>
/// <param name="Cells">Trained models behind it; 0 for a baseline.</param>
/// <param name="Seconds">Time of all its cells.</param>
/// <param name="PeakBytes">The most memory one of its cells used.</param>
public sealed record LeaderboardRow(string Name, Score Accuracy, Score MacroF1, Score LogLoss, int Cells, double Seconds, long PeakBytes)
{
    /// <summary>Of all checkpoints that it predicts with.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Null where there are no several seeds.</summary>
    public SeedSpread? Seeds { get; init; }

    /// <summary>Null for the best.</summary>
    public AgainstBest? AgainstBest { get; init; }

    internal static LeaderboardRow Of(LeaderboardEntry entry)
    {
        var scores = EvaluationSummary.Of(entry.Predictions).Scores.ToDictionary(score => score.Name, score => score.Score);
        var costs = entry.Cells.Concat(entry.Sources).DistinctBy(cell => cell.Root).Select(cell => JsonNode.Parse(File.ReadAllText(cell.Metrics))!).ToArray();
        return new(entry.Name, scores["accuracy"], scores["F1 macro"], scores["log-loss"], entry.Cells.Count,
            costs.Sum(cost => cost["seconds"]!.GetValue<double>()), costs.Select(cost => cost["peakBytes"]!.GetValue<long>()).DefaultIfEmpty().Max())
        {
            DiskBytes = entry.Cells.Where(cell => Directory.Exists(cell.Checkpoint)).Sum(cell => Directory.EnumerateFiles(cell.Checkpoint).Sum(file => new FileInfo(file).Length)),
            Seeds = Spread(entry.Seeds),
        };
    }

    static SeedSpread? Spread(IReadOnlyList<PredictionSet> seeds)
    {
        if (seeds.Count < 2) return null;
        double[] scores = [.. seeds.Select(set => Metrics.Accuracy(set.Labels!, set.Predicted()))];
        var mean = scores.Average();
        return new(seeds.Count, Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / (scores.Length - 1)), scores.Min(), scores.Max());
    }
}

/// <summary>Members, blend and baselines, the best accuracy first.</summary>
public sealed record Leaderboard(IReadOnlyList<LeaderboardRow> Rows)
{
    /// <summary>Scores every entry, and each against the best on the same rows.</summary>
    /// <exception cref="ArgumentException">Entries are of different rows.</exception>
    public static Leaderboard Of(IReadOnlyList<LeaderboardEntry> entries)
    {
        if (entries.FirstOrDefault(entry => !entry.Predictions.Ids.SequenceEqual(entries[0].Predictions.Ids)) is { } odd)
            throw new ArgumentException($"'{odd.Name}' has predictions of other rows than '{entries[0].Name}', or in another order", nameof(entries));
        var rows = entries.Select(LeaderboardRow.Of).ToArray();
        var best = entries[Array.IndexOf(rows, new Leaderboard(rows).Sorted[0])].Predictions;
        return new([.. rows.Zip(entries, (row, entry) => ReferenceEquals(entry.Predictions, best) ? row : row with { AgainstBest = Difference(entry.Predictions, best) })]);
    }

    public IReadOnlyList<LeaderboardRow> Sorted => [.. Rows.OrderByDescending(row => row.Accuracy.Value).ThenBy(row => row.LogLoss.Value)];

    /// <summary>How predictions differ from others of the same rows.</summary>
    public static AgainstBest Difference(PredictionSet set, PredictionSet best)
    {
        var truth = set.Labels!;
        bool[] Right(PredictionSet of) => [.. of.Predicted().Zip(truth, (predicted, label) => predicted == label)];
        double[] Losses(PredictionSet of) => [.. truth.Select((label, row) => Metrics.LogLoss(of.Row(row), [label]))];
        var (right, other) = (Right(set), Right(best));
        return new(PairedTest.Bootstrap([.. right.Select(Number)], [.. other.Select(Number)]), PairedTest.McNemar(right, other), PairedTest.Bootstrap(Losses(set), Losses(best)));

        static double Number(bool right) => right ? 1 : 0;
    }

    public void Write(string path) => AtomicFile.Write(path, new JsonArray([.. Sorted.Select(row => (JsonNode)new JsonObject
    {
        ["name"] = row.Name,
        ["accuracy"] = Json(row.Accuracy),
        ["macroF1"] = Json(row.MacroF1),
        ["logLoss"] = Json(row.LogLoss),
        ["cells"] = row.Cells,
        ["seconds"] = row.Seconds,
        ["peakBytes"] = row.PeakBytes,
        ["diskBytes"] = row.DiskBytes,
        ["seeds"] = row.Seeds is { } seeds ? new JsonObject { ["count"] = seeds.Seeds, ["accuracyDeviation"] = seeds.Deviation, ["accuracyLeast"] = seeds.Least, ["accuracyMost"] = seeds.Most } : null,
        ["againstBest"] = row.AgainstBest is { } against ? Json(against) : null,
    })]).ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    /// <summary>A difference as files and commands print it.</summary>
    public static JsonObject Json(AgainstBest against) => new()
    {
        ["accuracy"] = Json(against.Accuracy.Difference),
        ["accuracyP"] = against.Accuracy.P,
        ["mcNemar"] = against.McNemar,
        ["logLoss"] = Json(against.LogLoss.Difference),
        ["logLossP"] = against.LogLoss.P,
        ["withinNoise"] = against.WithinNoise,
    };

    /// <summary>A score as files and commands print it.</summary>
    public static JsonObject Json(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };

    /// <summary>A plain table.</summary>
    public override string ToString() => string.Join('\n', Sorted.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Name}  accuracy {row.Accuracy}  F1 macro {row.MacroF1}  log-loss {row.LogLoss}")));
}
