using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>
/// The usual scores of a classifier, all at once and of any choice of rows: what can be known of a row alone is computed once, so that a
/// thousand resamples cost a few passes over the rows each. Thread-safe.
/// </summary>
sealed class UsualScores
{
    /// <summary>Of the calibration error.</summary>
    public const int Bins = 15;

    readonly int classes;
    readonly int[] truth, predicted, bins;
    readonly double[] loss, miss, confidence;
    readonly RankedRows? ranked;

    /// <param name="set">Rows, all with a known label.</param>
    /// <param name="labels">Their classes.</param>
    public UsualScores(PredictionSet set, int[] labels)
    {
        (classes, truth, predicted) = (set.K, labels, set.Predicted());
        loss = [.. labels.Select((label, row) => Metrics.LogLoss(set.Row(row), [label]))];
        miss = [.. labels.Select((label, row) => Metrics.Brier(set.Row(row), [label]))];
        confidence = [.. predicted.Select((label, row) => set.Row(row)[label])];
        bins = Array.ConvertAll(confidence, value => Calibration.BinOf(value, Bins));
        ranked = classes == 2 ? new([.. labels.Select((_, row) => set.Row(row)[1])], [.. labels.Select(label => label == 1)]) : null;
    }

    /// <summary>In the order of <see cref="Of(ReadOnlySpan{int})"/>; F1 of the second class and the area under the ROC curve for two classes only.</summary>
    public static IReadOnlyList<string> Names(int classes) => classes == 2
        ? ["accuracy", "balanced accuracy", "F1 macro", "MCC", "F1", "log-loss", "Brier", "calibration error", "ROC-AUC"]
        : ["accuracy", "balanced accuracy", "F1 macro", "MCC", "log-loss", "Brier", "calibration error"];

    /// <summary>The scores that count rows, joined with those that do not.</summary>
    /// <param name="area">Under the ROC curve; for two classes.</param>
    public static double[] Of(ClassTotals totals, double logLoss, double brier, double calibrationError, double area)
    {
        double[] counted = [totals.Accuracy, totals.BalancedAccuracy(), totals.F1MacroOfPresent, totals.MatthewsCorrelation];
        double[] averaged = [logLoss, brier, calibrationError];
        return totals.Truth.Length == 2 ? [.. counted, totals.FScores().PerClass[1].F, .. averaged, area] : [.. counted, .. averaged];
    }

    /// <summary>The scores of some rows, each of which may stand there several times.</summary>
    public double[] Of(ReadOnlySpan<int> rows)
    {
        var matrix = new ConfusionMatrix(Pick(truth, rows), Pick(predicted, rows), classes);
        return Of(matrix.Totals, Mean(loss, rows), Mean(miss, rows), CalibrationError(rows), ranked?.RocAuc(RankedRows.Times(rows, truth.Length)) ?? double.NaN);
    }

    static int[] Pick(int[] values, ReadOnlySpan<int> rows)
    {
        var picked = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++) picked[i] = values[rows[i]];
        return picked;
    }

    static double Mean(double[] values, ReadOnlySpan<int> rows)
    {
        var sum = 0.0;
        foreach (var row in rows) sum += values[row];
        return sum / rows.Length;
    }

    /// <summary>As <see cref="Calibration.Error"/>.</summary>
    double CalibrationError(ReadOnlySpan<int> rows)
    {
        Span<int> count = stackalloc int[Bins], hits = stackalloc int[Bins];
        Span<double> sums = stackalloc double[Bins];
        foreach (var row in rows)
        {
            count[bins[row]]++;
            sums[bins[row]] += confidence[row];
            if (predicted[row] == truth[row]) hits[bins[row]]++;
        }
        return Calibration.Expected(Calibration.Bins(count, hits, sums));
    }
}
