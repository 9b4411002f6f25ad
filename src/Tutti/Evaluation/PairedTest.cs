namespace Tutti.Evaluation;

/// <summary>A difference of two models on the same rows, first minus second.</summary>
/// <param name="Difference">With its 95 % interval.</param>
/// <param name="P">How probable a difference at least as far from 0 is where there is none (two-sided).</param>
public readonly record struct PairedResult(Score Difference, double P)
{
    /// <summary>The interval leaves 0 out.</summary>
    public bool Significant => Difference.Low > 0 || Difference.High < 0;

    /// <summary>Second minus first.</summary>
    public PairedResult Reversed => new(new(0 - Difference.Value, 0 - Difference.High, 0 - Difference.Low, Difference.N), P);   // 0 stays 0, not -0
}

/// <summary>Whether one model is better than another on the same rows, or whether other rows of the same kind could have told the opposite.</summary>
public static class PairedTest
{
    /// <summary>
    /// The mean difference of values per row (such as losses, or 1 for right and 0 for wrong) with the interval of a paired bootstrap: rows are
    /// drawn with both of their values (Efron and Tibshirani 1993, chapter 16). P is twice the smaller share of resamples on one side of 0, never 0: at least 2 / (resamples + 1).
    /// </summary>
    /// <param name="first">A value per row.</param>
    /// <param name="second">A value for each of the same rows.</param>
    /// <param name="seed">Of the resamples.</param>
    /// <param name="resamples">How many.</param>
    /// <exception cref="ArgumentException">Lengths differ, or there are no rows.</exception>
    public static PairedResult Bootstrap(IReadOnlyList<double> first, IReadOnlyList<double> second, ulong seed = 0, int resamples = 1000)
    {
        if (first.Count != second.Count || first.Count == 0) throw new ArgumentException($"got {first.Count} and {second.Count} rows, expected the same rows on both sides");
        double[] differences = [.. first.Zip(second, (a, b) => a - b)];
        return Bootstrap(differences.Length, rows =>
        {
            var sum = 0.0;
            foreach (var row in rows) sum += differences[row];
            return sum / rows.Length;
        }, seed, resamples);
    }

    /// <summary>The same of a metric that is no mean over rows.</summary>
    /// <param name="rows">n.</param>
    /// <param name="difference">First minus second, of some rows.</param>
    /// <param name="seed">Of the resamples.</param>
    /// <param name="resamples">How many.</param>
    public static PairedResult Bootstrap(int rows, RowMetric difference, ulong seed = 0, int resamples = 1000)
    {
        var (below, above) = (0, 0);
        var score = Evaluation.Bootstrap.Interval(rows, drawn =>
        {
            var value = difference(drawn);
            if (value <= 0) Interlocked.Increment(ref below);
            if (value >= 0) Interlocked.Increment(ref above);
            return value;
        }, seed, resamples);
        // The measurement itself was counted too: the usual "+ 1" of a resampling test.
        return new(score, Math.Min(1, 2.0 * Math.Max(1, Math.Min(below, above)) / (resamples + 1)));
    }

    /// <summary>
    /// McNemar's exact test for accuracies (McNemar 1947): of the rows that one model alone gets right, is the share of the first farther from one half than chance
    /// would bring it? The probability of that, two-sided; 1 where they are right on the same rows.
    /// </summary>
    /// <param name="first">Whether each row is right.</param>
    /// <param name="second">The same of the other model.</param>
    public static double McNemar(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count) throw new ArgumentException($"got {first.Count} and {second.Count} rows, expected the same rows on both sides");
        var (alone, other) = (0, 0);
        for (var row = 0; row < first.Count; row++)
        {
            if (first[row] && !second[row]) alone++;
            if (second[row] && !first[row]) other++;
        }
        var (all, few) = (alone + other, Math.Min(alone, other));
        // Twice the binomial tail, in logarithms: 2^-1000 is no double.
        var (tail, term) = (double.NegativeInfinity, -all * Math.Log(2));
        for (var k = 0; k <= few; k++)
        {
            tail = Math.Max(tail, term) + Math.Log(1 + Math.Exp(-Math.Abs(tail - term)));
            term += Math.Log(all - k) - Math.Log(k + 1);
        }
        return all == 0 ? 1 : Math.Min(1, 2 * Math.Exp(tail));
    }
}
