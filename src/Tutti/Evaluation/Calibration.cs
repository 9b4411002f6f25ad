using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>The rows whose confidence lies in (Low, High].</summary>
/// <param name="Accuracy">The share predicted right; NaN for no rows.</param>
/// <param name="Confidence">The mean confidence; NaN for no rows.</param>
public readonly record struct CalibrationBin(double Low, double High, int Count, double Accuracy, double Confidence)
{
    /// <summary>How far confidence and accuracy are apart; 0 for no rows.</summary>
    public double Gap => Count == 0 ? 0 : Math.Abs(Accuracy - Confidence);
}

/// <summary>
/// Whether a probability of 0.8 is right in 80 of 100 cases (Guo et al. 2017). Confidence is the highest probability of a row, right
/// means that its class (the lowest index on ties) is the true one.
/// </summary>
public static class Calibration
{
    /// <summary>Bins of equal width, right-closed: (i/bins, (i+1)/bins].</summary>
    public static CalibrationBin[] Bins(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, int bins = 15)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        var (confidence, right) = Confidence(probabilities, truth);
        var (count, hits, sums) = (new int[bins], new int[bins], new double[bins]);
        for (var i = 0; i < confidence.Length; i++)
        {
            var bin = BinOf(confidence[i], bins);
            count[bin]++;
            sums[bin] += confidence[i];
            if (right[i]) hits[bin]++;
        }
        return Bins(count, hits, sums);
    }

    /// <summary>Bins of equal width from what fell into each.</summary>
    internal static CalibrationBin[] Bins(ReadOnlySpan<int> count, ReadOnlySpan<int> hits, ReadOnlySpan<double> sums)
    {
        var bins = new CalibrationBin[count.Length];
        for (var b = 0; b < bins.Length; b++)
            bins[b] = new((double)b / bins.Length, (double)(b + 1) / bins.Length, count[b], (double)hits[b] / count[b], sums[b] / count[b]);
        return bins;
    }

    /// <summary>The bin of a confidence. The edges are the doubles i/bins; a product could round across one.</summary>
    internal static int BinOf(double confidence, int bins)
    {
        var bin = Math.Clamp((int)(confidence * bins), 0, bins - 1);
        while (bin > 0 && confidence <= (double)bin / bins) bin--;
        while (bin < bins - 1 && confidence > (double)(bin + 1) / bins) bin++;
        return bin;
    }

    /// <summary>Expected calibration error: the mean gap of the bins, each weighted by its rows.</summary>
    public static double Error(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, int bins = 15) => Expected(Bins(probabilities, truth, bins));

    /// <summary>Maximum calibration error: the largest gap of a bin.</summary>
    public static double MaximumError(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, int bins = 15) =>
        Bins(probabilities, truth, bins).Max(bin => bin.Gap);

    /// <summary>Expected calibration error with bins of equal counts: rows sorted by confidence, the first bins one row larger if need be.</summary>
    public static double AdaptiveError(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, int bins = 15)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        var (confidence, right) = Confidence(probabilities, truth);
        var order = Enumerable.Range(0, confidence.Length).OrderBy(i => confidence[i]).ToArray(); // OrderBy is stable
        var (size, larger) = (order.Length / bins, order.Length % bins);
        var sum = 0.0;
        for (int b = 0, start = 0; b < bins; b++)
        {
            var part = order.AsSpan(start, size + (b < larger ? 1 : 0));
            start += part.Length;
            var (hits, total) = (0, 0.0);
            foreach (var i in part)
            {
                total += confidence[i];
                if (right[i]) hits++;
            }
            sum += Math.Abs(hits - total);
        }
        return sum / order.Length;
    }

    internal static double Expected(CalibrationBin[] bins) => bins.Sum(bin => bin.Count * bin.Gap) / bins.Sum(bin => bin.Count);

    static (double[] Confidence, bool[] Right) Confidence(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth)
    {
        var classes = Metrics.Classes(probabilities, truth, default);
        var (confidence, right) = (new double[truth.Length], new bool[truth.Length]);
        for (var i = 0; i < truth.Length; i++)
        {
            var row = probabilities.Slice(i * classes, classes);
            var best = PredictionSet.ArgMax(row);
            (confidence[i], right[i]) = (row[best], best == truth[i]);
        }
        return (confidence, right);
    }
}
