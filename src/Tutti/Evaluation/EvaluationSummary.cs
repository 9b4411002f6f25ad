using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>How good a set of predictions is: named scores with intervals, the confusion matrix, and precision and recall per class.</summary>
/// <param name="Rows">Rows whose label is known; all numbers are of these.</param>
/// <param name="Unlabelled">Rows left out because their label is unknown.</param>
/// <param name="Scores">In the order to show.</param>
public sealed record EvaluationSummary(int Rows, int Unlabelled, IReadOnlyList<NamedScore> Scores, ConfusionMatrix Confusion, ClassReport Classes)
{
    /// <summary>Each class's scores with intervals; empty unless all scores were asked for.</summary>
    public IReadOnlyList<ClassScores> ClassScores { get; init; } = [];

    /// <summary>How often the model is right where it is so sure; empty unless all scores were asked for.</summary>
    public IReadOnlyList<ReliabilityLine> Reliability { get; init; } = [];

    /// <summary>Evaluates the rows whose label is known.</summary>
    /// <param name="seed">Of the resamples behind the intervals.</param>
    /// <param name="metrics">Which scores.</param>
    /// <exception cref="ArgumentException">No row has a known label.</exception>
    public static EvaluationSummary Of(PredictionSet predictions, ulong seed = 0, int resamples = 1000, MetricChoice metrics = MetricChoice.Usual)
    {
        var set = predictions.Labelled();
        if (set.Labels is not { Length: > 0 } truth) throw new ArgumentException("no row has a known label, so there is nothing to score", nameof(predictions));
        var scores = Bootstrap.Intervals(set.Count, metrics == MetricChoice.All ? new AllScores(set, truth).Of : new UsualScores(set, truth).Of, seed, resamples);
        var confusion = new ConfusionMatrix(truth, set.Predicted(), set.K);
        return Named(scores, confusion, set.Classes, () => Calibration.Bins(set.Probabilities, truth, UsualScores.Bins)) with { Unlabelled = predictions.Count - set.Count };
    }

    /// <summary>Gives the values their names.</summary>
    /// <param name="scores">The usual ones; with or without those of <see cref="MoreScores"/> behind them.</param>
    internal static EvaluationSummary Named(Score[] scores, ConfusionMatrix confusion, IReadOnlyList<string> classes, Func<CalibrationBin[]> bins)
    {
        var (usual, report) = (UsualScores.Names(classes.Count), ClassReport.Of(confusion, classes));
        if (scores.Length == usual.Count) return new(scores[0].N, 0, [.. usual.Zip(scores, (name, score) => new NamedScore(name, score))], confusion, report);
        IReadOnlyList<string> names = [.. usual, .. MoreScores.Names(classes.Count)];
        return new(scores[0].N, 0, [.. names.Zip(scores, (name, score) => new NamedScore(name, score))], confusion, report)
        {
            ClassScores = [.. classes.Zip(scores[names.Count..].Chunk(MoreScores.PerClass), (name, own) => new ClassScores(name, own[0], own[1], own[2], own[3], own[4]))],
            Reliability = [.. bins().Zip(scores[^UsualScores.Bins..], (bin, right) => new ReliabilityLine(bin, right))],
        };
    }
}

/// <summary>A score and what it measures.</summary>
public sealed record NamedScore(string Name, Score Score);

/// <summary>How well one class, or label, is found.</summary>
/// <param name="RocAuc">Area under its ROC curve against all other rows; NaN where it never occurs, or always.</param>
/// <param name="AveragePrecision">NaN where it never occurs.</param>
public sealed record ClassScores(string Name, Score Precision, Score Recall, Score F1, Score RocAuc, Score AveragePrecision);

/// <summary>The rows of a bin of confidence.</summary>
/// <param name="Right">The share predicted right; NaN for no rows.</param>
public sealed record ReliabilityLine(CalibrationBin Bin, Score Right);
