namespace Tutti.Evaluation;

/// <summary>Scores of predicted numbers, as in scikit-learn 1.2.1 and SciPy 1.10.</summary>
public static class Regression
{
    public static double MeanSquaredError(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted) => Mean(truth, predicted, (t, p) => (t - p) * (t - p));

    public static double RootMeanSquaredError(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted) => Math.Sqrt(MeanSquaredError(truth, predicted));

    public static double MeanAbsoluteError(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted) => Mean(truth, predicted, (t, p) => Math.Abs(t - p));

    /// <summary>The share of the truth's variance that is predicted; for a constant truth 1 if predicted exactly, else 0.</summary>
    public static double R2(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        var mean = Mean(truth, truth, (t, _) => t);
        return Explained(MeanSquaredError(truth, predicted), Mean(truth, truth, (t, _) => (t - mean) * (t - mean)));
    }

    /// <summary>As <see cref="R2"/>, but a constant offset of the predictions costs nothing.</summary>
    public static double ExplainedVariance(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        var offset = Mean(truth, predicted, (t, p) => t - p);
        var mean = Mean(truth, truth, (t, _) => t);
        return Explained(Mean(truth, predicted, (t, p) => (t - p - offset) * (t - p - offset)), Mean(truth, truth, (t, _) => (t - mean) * (t - mean)));
    }

    /// <summary>Pearson's linear correlation; NaN if either side is constant.</summary>
    public static double Pearson(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        var (meanT, meanP) = (Mean(truth, predicted, (t, _) => t), Mean(truth, predicted, (_, p) => p));
        var both = Mean(truth, predicted, (t, p) => (t - meanT) * (p - meanP));
        var spreadT = Math.Sqrt(Mean(truth, predicted, (t, _) => (t - meanT) * (t - meanT)));
        var spreadP = Math.Sqrt(Mean(truth, predicted, (_, p) => (p - meanP) * (p - meanP)));
        return Math.Clamp(both / (spreadT * spreadP), -1, 1);
    }

    /// <summary>Spearman's rank correlation; ties share their mean rank.</summary>
    public static double Spearman(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted) => Pearson(Ranks(truth), Ranks(predicted));

    /// <summary>Kendall's tau-b in O(n log n) (Knight 1966); NaN if either side is constant.</summary>
    public static double KendallTauB(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        Check(truth, predicted);
        var (t, p) = (truth.ToArray(), predicted.ToArray());
        var order = Enumerable.Range(0, t.Length).OrderBy(i => t[i]).ThenBy(i => p[i]).ToArray();
        var byTruth = Array.ConvertAll(order, i => t[i]);
        var byBoth = Array.ConvertAll(order, i => p[i]);
        var pairs = t.Length * (t.Length - 1L) / 2;
        var tiesT = TiedPairs(byTruth.Length, i => byTruth[i] == byTruth[i - 1]);
        var tiesBoth = TiedPairs(byTruth.Length, i => byTruth[i] == byTruth[i - 1] && byBoth[i] == byBoth[i - 1]);
        var swaps = SortCountingSwaps(byBoth, new double[byBoth.Length]); // byBoth is sorted from here on
        var tiesP = TiedPairs(byBoth.Length, i => byBoth[i] == byBoth[i - 1]);
        var concordantMinusDiscordant = pairs - tiesT - tiesP + tiesBoth - 2 * swaps;
        return Math.Clamp(concordantMinusDiscordant / Math.Sqrt(pairs - tiesT) / Math.Sqrt(pairs - tiesP), -1, 1);
    }

    /// <summary>Ranks 1 to n in rising order; equal values share the mean of their ranks.</summary>
    public static double[] Ranks(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        var order = Enumerable.Range(0, sorted.Length).ToArray();
        Array.Sort(sorted, order);
        var ranks = new double[sorted.Length];
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start];) end++;
            for (var i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2.0;
        }
        return ranks;
    }

    internal static double Explained(double left, double whole) => whole != 0 ? 1 - left / whole : left == 0 ? 1 : 0;

    static long TiedPairs(int count, Func<int, bool> sameAsBefore)
    {
        var (pairs, run) = (0L, 0L);
        for (var i = 1; i < count; i++)
        {
            run = sameAsBefore(i) ? run + 1 : 0;
            pairs += run;
        }
        return pairs;
    }

    // A merge sort that counts the pairs out of order.
    static long SortCountingSwaps(Span<double> values, Span<double> buffer)
    {
        if (values.Length < 2) return 0;
        var half = values.Length / 2;
        var swaps = SortCountingSwaps(values[..half], buffer[..half]) + SortCountingSwaps(values[half..], buffer[half..]);
        for (int left = 0, right = half, to = 0; to < values.Length; to++)
        {
            if (right == values.Length || (left < half && values[left] <= values[right])) buffer[to] = values[left++];
            else
            {
                swaps += half - left;
                buffer[to] = values[right++];
            }
        }
        buffer.CopyTo(values);
        return swaps;
    }

    static double Mean(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted, Func<double, double, double> of)
    {
        Check(truth, predicted);
        var sum = 0.0;
        for (var i = 0; i < truth.Length; i++) sum += of(truth[i], predicted[i]);
        return sum / truth.Length;
    }

    static void Check(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        if (truth.IsEmpty) throw new ArgumentException("no rows to score", nameof(truth));
        if (truth.Length != predicted.Length) throw new ArgumentException($"{predicted.Length} predictions for {truth.Length} values", nameof(predicted));
    }
}
