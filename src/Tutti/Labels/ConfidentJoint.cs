using System.Numerics;
using System.Numerics.Tensors;

namespace Tutti.Labels;

/// <summary>
/// How often rows of each given label are confidently of each class (Northcutt, Jiang and Chuang, "Confident Learning", JAIR 2021): a row counts
/// for the class whose probability reaches that class's threshold, which is the mean self-confidence of the rows labelled so.
/// </summary>
public sealed class ConfidentJoint
{
    /// <summary>The threshold of a class that no row is labelled with: no probability reaches it.</summary>
    const double Unreachable = 2;

    ConfidentJoint(double[] thresholds, int[] labelCounts, int[] confident, int[,] counts) =>
        (Thresholds, LabelCounts, Confident, Counts, Calibrated) = (thresholds, labelCounts, confident, counts, Calibrate(counts, labelCounts));

    /// <summary>Per class.</summary>
    public double[] Thresholds { get; }

    /// <summary>Rows given each label.</summary>
    public int[] LabelCounts { get; }

    /// <summary>The class that each row is confidently of, -1 for none.</summary>
    public int[] Confident { get; }

    /// <summary>Rows by given label (first index) and confident class; at least 1 on the diagonal.</summary>
    public int[,] Counts { get; }

    /// <summary>The same, scaled so that each row sums to the rows given that label: all rows are counted.</summary>
    public int[,] Calibrated { get; }

    /// <summary>The calibrated counts as shares of all rows.</summary>
    public double[,] Joint
    {
        get
        {
            var total = (double)Sum(Calibrated);
            return Map(Calibrated, count => total > 0 ? count / total : 0);
        }
    }

    internal static ConfidentJoint Of<T>(ProbabilityRows<T> rows, int[] labels, double[] self) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (thresholds, labelCounts) = ThresholdsOf(labels, self, rows.K);
        var confident = new int[rows.Count];
        var limits = LimitsOf<T>(thresholds);
        rows.Each((row, values) => confident[row] = ConfidentClass(values, limits));
        var counts = new int[rows.K, rows.K];
        for (var row = 0; row < labels.Length; row++)
            if (confident[row] >= 0) counts[labels[row], confident[row]]++;
        for (var k = 0; k < rows.K; k++) counts[k, k] = Math.Max(counts[k, k], 1);
        return new(thresholds, labelCounts, confident, counts);
    }

    /// <summary>Mean self-confidence of the rows given each label, and how many they are.</summary>
    internal static (double[] Thresholds, int[] Counts) ThresholdsOf(int[] labels, double[] self, int k)
    {
        var (sums, counts) = (new double[k], new int[k]);
        for (var row = 0; row < labels.Length; row++)
        {
            sums[labels[row]] += self[row];
            counts[labels[row]]++;
        }
        return ([.. sums.Zip(counts, (sum, count) => count == 0 ? Unreachable : Math.Max(sum / count, 2 * RowFacts.Slack))], counts);
    }

    /// <summary>Scales the counts of each given label to the rows that carry it, then all to all rows, and rounds keeping row sums.</summary>
    /// <remarks>
    /// No row of counts is empty (the diagonal is at least 1), so the second step divides and multiplies by the same number. It stays, in this order: whether
    /// what should be a half is rounded as one depends on it, and the reference does it so.
    /// </remarks>
    internal static int[,] Calibrate(int[,] counts, int[] labelCounts)
    {
        var (k, rows) = (labelCounts.Length, (double)labelCounts.Sum());
        var scaled = new double[k, k];
        for (var i = 0; i < k; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < k; j++) sum += counts[i, j];
            for (var j = 0; j < k && sum > 0; j++) scaled[i, j] = counts[i, j] / sum * labelCounts[i] / rows * rows;
        }
        return Rounding.KeepingRowSums(scaled);
    }

    internal static TResult[,] Map<TValue, TResult>(TValue[,] matrix, Func<TValue, TResult> map)
    {
        var result = new TResult[matrix.GetLength(0), matrix.GetLength(1)];
        for (var i = 0; i < result.GetLength(0); i++)
            for (var j = 0; j < result.GetLength(1); j++) result[i, j] = map(matrix[i, j]);
        return result;
    }

    internal static int Sum(int[,] counts) => counts.Cast<int>().Sum();

    // The smallest number of type T that is not below the threshold, so that comparing in T is comparing in double.
    static T[] LimitsOf<T>(double[] thresholds) where T : unmanaged, IBinaryFloatingPointIeee754<T> => [.. thresholds.Select(threshold =>
    {
        var limit = T.CreateChecked(threshold - RowFacts.Slack);
        return double.CreateChecked(limit) < threshold - RowFacts.Slack ? T.BitIncrement(limit) : limit;
    })];

    // Of two or more confident classes the most probable one of all counts.
    static int ConfidentClass<T>(ReadOnlySpan<T> values, T[] limits) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (found, many, k) = (-1, false, 0);
        for (; k + Vector<T>.Count <= values.Length; k += Vector<T>.Count)
        {
            if (!Vector.GreaterThanOrEqualAny(new Vector<T>(values[k..]), new Vector<T>(limits, k))) continue;
            for (var i = k; i < k + Vector<T>.Count; i++)
                if (values[i] >= limits[i]) (found, many) = (i, many || found >= 0);
            if (many) break;
        }
        for (; k < values.Length && !many; k++)
            if (values[k] >= limits[k]) (found, many) = (k, found >= 0);
        return many ? TensorPrimitives.IndexOfMax(values) : found;
    }
}
