using System.Numerics;
using System.Numerics.Tensors;

namespace Tutti.Labels;

/// <summary>How likely each given label is right, as numbers from 0 to 1.</summary>
static class QualityScores
{
    const double Least = 1e-6;

    /// <param name="rows">Probabilities.</param>
    /// <param name="labels">Given labels.</param>
    /// <param name="method">The score.</param>
    /// <param name="thresholds">Of each class, to take away before (which makes rare and common classes comparable), or null.</param>
    public static double[] Of<T>(ProbabilityRows<T> rows, int[] labels, LabelQuality method, double[]? thresholds) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (thresholds is not null && method == LabelQuality.ConfidenceWeightedEntropy)
            throw new ArgumentException("confidence-weighted entropy is not defined for adjusted probabilities; take self-confidence or the normalised margin", nameof(method));
        var scores = new double[rows.Count];
        rows.Each(() => (new double[rows.K], new double[rows.K]), (buffers, row, values) =>
        {
            var (p, logs) = buffers;
            for (var k = 0; k < p.Length; k++) p[k] = double.CreateChecked(values[k]);
            if (thresholds is not null) Adjust(p, thresholds);
            scores[row] = method switch
            {
                LabelQuality.SelfConfidence => p[labels[row]],
                LabelQuality.NormalizedMargin => Margin(p, labels[row]),
                _ => WeightedEntropy(p, logs, p[labels[row]]),
            };
        }, _ => { });
        return scores;
    }

    /// <summary>Rows by rising score, equal ones in their order.</summary>
    public static int[] Order(IEnumerable<int> rows, double[] scores) => [.. rows.OrderBy(row => scores[row])];

    /// <summary>Takes each class's threshold away, lifts all so that none is negative, and makes the sum 1 again.</summary>
    internal static void Adjust(double[] p, double[] thresholds)
    {
        var (lift, sum) = (TensorPrimitives.Max<double>(thresholds), 0.0);
        for (var k = 0; k < p.Length; k++) sum += p[k] += lift - thresholds[k];
        for (var k = 0; k < p.Length; k++) p[k] /= sum;
    }

    /// <summary>Entropy as a share of the largest possible one.</summary>
    internal static double NormalizedEntropy(ReadOnlySpan<double> p, Span<double> logs)
    {
        TensorPrimitives.Max(p, double.Epsilon, logs);        // 0 log 0 is 0
        TensorPrimitives.Log(logs, logs);
        return -TensorPrimitives.Dot(p, logs) / Math.Log(p.Length);
    }

    static double Margin(double[] p, int label)
    {
        var rival = double.NegativeInfinity;
        if (label > 0) rival = TensorPrimitives.Max<double>(p.AsSpan(0, label));
        if (label + 1 < p.Length) rival = Math.Max(rival, TensorPrimitives.Max<double>(p.AsSpan(label + 1)));
        return (p[label] - rival + 1) / 2;
    }

    static double WeightedEntropy(double[] p, double[] logs, double self)
    {
        var x = NormalizedEntropy(p, logs) / Math.Max(self, Least);
        return Math.Log(x + 1) / Math.Max(x, Least);
    }
}
