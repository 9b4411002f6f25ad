namespace Tutti.Evaluation;

/// <summary>A metric of some rows, each given by its position and possibly there several times. Must be thread-safe.</summary>
public delegate double RowMetric(ReadOnlySpan<int> rows);

/// <summary>Several metrics of some rows at once, always as many. Must be thread-safe.</summary>
public delegate double[] RowMetrics(ReadOnlySpan<int> rows);

/// <summary>How much a metric would move had other rows of the same kind been measured: the percentile bootstrap (Efron 1979).</summary>
public static class Bootstrap
{
    /// <summary>
    /// The metric of all rows with the percentile interval of its values on resamples drawn with replacement. The same seed gives the
    /// same interval on any machine and number of threads. Resamples whose value is NaN (a class that was not drawn) are left out; the
    /// interval is NaN if all are.
    /// </summary>
    /// <param name="rows">n.</param>
    /// <param name="level">The share of resamples inside.</param>
    public static Score Interval(int rows, RowMetric metric, ulong seed = 0, int resamples = 1000, double level = 0.95) =>
        Intervals(rows, chosen => [metric(chosen)], seed, resamples, level)[0];

    /// <summary>As <see cref="Interval"/> for several metrics, which see the same resamples.</summary>
    public static Score[] Intervals(int rows, RowMetrics metrics, ulong seed = 0, int resamples = 1000, double level = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        if (level is not (> 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(level), level, "expected between 0 and 1");
        var measured = metrics([.. Enumerable.Range(0, rows)]);
        var values = new double[resamples][];
        Parallel.For(0, resamples, () => new int[rows], (r, _, drawn) =>
        {
            Draw(drawn, seed, r);
            values[r] = metrics(drawn);
            return drawn;
        }, _ => { });
        return [.. measured.Select((value, m) => Measured(value, values.Select(resample => resample[m]), rows, level))];
    }

    /// <summary>A measured value with the percentile interval of its values on resamples, those that are NaN left out.</summary>
    internal static Score Measured(double value, IEnumerable<double> resampled, int rows, double level = 0.95)
    {
        var sorted = resampled.Where(v => !double.IsNaN(v)).Order().ToArray();
        return new(value, Percentile(sorted, (1 - level) / 2), Percentile(sorted, (1 + level) / 2), rows);
    }

    // Each resample has its own SplitMix64 stream (Steele et al. 2014), so that threads need not agree on an order.
    static void Draw(int[] drawn, ulong seed, int resample)
    {
        var state = Mix(seed + 0x9E3779B97F4A7C15) ^ Mix((ulong)resample + 0xD1B54A32D192ED03);
        for (var i = 0; i < drawn.Length; i++)
        {
            state += 0x9E3779B97F4A7C15;
            drawn[i] = (int)Math.BigMul(Mix(state), (ulong)drawn.Length, out _);
        }
    }

    /// <summary>The mixing of SplitMix64: neighbouring numbers become unrelated ones.</summary>
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    // Linear between the two nearest values, as NumPy's default.
    static double Percentile(double[] sorted, double share)
    {
        if (sorted.Length == 0) return double.NaN;
        var at = share * (sorted.Length - 1);
        var low = (int)at;
        return low + 1 < sorted.Length ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
    }
}
