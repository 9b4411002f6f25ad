using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>How good a set of predictions is: named scores with intervals, the confusion matrix, and precision and recall per class.</summary>
/// <param name="Rows">Rows whose label is known; all numbers are of these.</param>
/// <param name="Unlabelled">Rows left out because their label is unknown.</param>
/// <param name="Scores">In the order to show.</param>
public sealed record EvaluationSummary(int Rows, int Unlabelled, IReadOnlyList<NamedScore> Scores, ConfusionMatrix Confusion, ClassReport Classes)
{
    /// <summary>Evaluates the rows whose label is known.</summary>
    /// <param name="seed">Of the resamples behind the intervals.</param>
    /// <exception cref="ArgumentException">No row has a known label.</exception>
    public static EvaluationSummary Of(PredictionSet predictions, ulong seed = 0, int resamples = 1000)
    {
        var set = predictions.Labelled();
        if (set.Labels is not { Length: > 0 } truth) throw new ArgumentException("no row has a known label, so there is nothing to score", nameof(predictions));
        var usual = new UsualScores(set, truth);
        var intervals = Bootstrap.Intervals(set.Count, usual.Of, seed, resamples);
        var confusion = new ConfusionMatrix(truth, set.Predicted(), set.K);
        return new(set.Count, predictions.Count - set.Count, [.. UsualScores.Names(set.K).Zip(intervals, (name, score) => new NamedScore(name, score))], confusion, ClassReport.Of(confusion, set.Classes));
    }
}

/// <summary>A score and what it measures.</summary>
public sealed record NamedScore(string Name, Score Score);
