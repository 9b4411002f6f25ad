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
        var (classes, predicted) = (set.K, set.Predicted());
        var (loss, miss) = (PerRow(set, truth, (row, t) => Metrics.LogLoss(row, [t])), PerRow(set, truth, (row, t) => Metrics.Brier(row, [t])));
        RowMetric Counted(Func<ConfusionMatrix, double> score) => rows => score(new(Pick(truth, rows), Pick(predicted, rows), classes));
        RowMetric Averaged(double[] values) => rows =>
        {
            var sum = 0.0;
            foreach (var row in rows) sum += values[row];
            return sum / rows.Length;
        };
        List<(string Name, RowMetric Of)> metrics =
        [
            ("accuracy", Counted(Metrics.Accuracy)),
            ("balanced accuracy", Counted(matrix => Metrics.BalancedAccuracy(matrix))),
            ("F1 macro", Counted(Metrics.F1MacroOfPresent)),
            ("MCC", Counted(Metrics.MatthewsCorrelation)),
            ("log-loss", Averaged(loss)),
            ("Brier", Averaged(miss)),
            ("calibration error", rows => Calibration.Error(PickRows(set, rows), Pick(truth, rows))),
        ];
        if (classes == 2)
        {
            var (second, positive) = (PerRow(set, truth, (row, _) => row[1]), Array.ConvertAll(truth, t => t == 1));
            metrics.Insert(4, ("F1", Counted(matrix => new FScores(matrix).PerClass[1].F)));
            metrics.Add(("ROC-AUC", rows => Ranking.RocAuc(Pick(second, rows), Pick(positive, rows))));
        }
        var scores = metrics.ConvertAll(m => new NamedScore(m.Name, Bootstrap.Interval(set.Count, m.Of, seed, resamples)));
        var confusion = new ConfusionMatrix(truth, predicted, classes);
        return new(set.Count, predictions.Count - set.Count, scores, confusion, ClassReport.Of(confusion, set.Classes));
    }

    delegate double OfRow(ReadOnlySpan<double> probabilities, int label);

    static double[] PerRow(PredictionSet set, int[] truth, OfRow of) => [.. truth.Select((label, i) => of(set.Row(i), label))];

    static T[] Pick<T>(T[] values, ReadOnlySpan<int> rows)
    {
        var picked = new T[rows.Length];
        for (var i = 0; i < rows.Length; i++) picked[i] = values[rows[i]];
        return picked;
    }

    static double[] PickRows(PredictionSet set, ReadOnlySpan<int> rows)
    {
        var picked = new double[rows.Length * set.K];
        for (var i = 0; i < rows.Length; i++) set.Row(rows[i]).CopyTo(picked.AsSpan(i * set.K));
        return picked;
    }
}

/// <summary>A score and what it measures.</summary>
public sealed record NamedScore(string Name, Score Score);
