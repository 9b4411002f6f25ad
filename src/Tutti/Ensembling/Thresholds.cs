namespace Tutti.Ensembling;

/// <summary>
/// Decisions moved to where a metric is best: the probability of each class is multiplied by a number and rows are scaled to sum 1 again, so that the most probable
/// class is the decision. With two classes that is a threshold on the second class's probability.
/// </summary>
public static class Thresholds
{
    const int Steps = 30, Sweeps = 3;
    const double Widest = 20;                                 // scales from 1/20 to 20

    // From nothing to the farthest: of equal scores the one that changes least wins.
    static readonly double[] tried = [.. Enumerable.Range(0, Steps + 1).SelectMany(i => i == 0 ? [1.0] : (double[])[Math.Pow(Widest, (double)i / Steps), Math.Pow(Widest, -(double)i / Steps)])];

    /// <summary>A scale for each class: one class after the other takes the best of 61 scales, three times over all classes.</summary>
    /// <param name="probabilities">n*K, row by row.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    /// <param name="metric">Accuracy or macro F1.</param>
    /// <exception cref="ArgumentException">The metric makes no decisions, or there are no rows.</exception>
    public static double[] Fit(double[] probabilities, int[] labels, int classes, BlendMetric metric)
    {
        if (metric == BlendMetric.LogLoss) throw new ArgumentException("log-loss makes no decisions; expected accuracy or macro F1", nameof(metric));
        if (labels.Length == 0) throw new ArgumentException("there are no rows", nameof(labels));
        var scales = Enumerable.Repeat(1.0, classes).ToArray();
        // Of two classes the ratio alone decides.
        for (var sweep = 0; sweep < (classes == 2 ? 1 : Sweeps); sweep++)
        {
            var moved = false;
            for (var k = classes == 2 ? 1 : 0; k < classes; k++)
            {
                var factor = Best(probabilities, labels, scales, k, metric);
                scales[k] *= factor;
                moved |= factor != 1;
            }
            if (!moved) break;
        }
        return scales;
    }

    /// <summary>The probability of the second of two classes from which it is chosen.</summary>
    public static double Of(IReadOnlyList<double> scales) => scales[0] / (scales[0] + scales[1]);

    /// <summary>n*K probabilities with the scales.</summary>
    public static double[] Apply(double[] probabilities, IReadOnlyList<double> scales)
    {
        var result = new double[probabilities.Length];
        for (var i = 0; i < result.Length; i++) result[i] = probabilities[i] * scales[i % scales.Count];
        Blend.ScaleRows(result, scales.Count);
        return result;
    }

    // The best factor for one class while the others stay: what is best among the others is found once.
    static double Best(double[] probabilities, int[] labels, double[] scales, int k, BlendMetric metric)
    {
        var classes = scales.Length;
        var (other, strongest) = (new int[labels.Length], new double[labels.Length]);
        for (var row = 0; row < labels.Length; row++)
        {
            (other[row], strongest[row]) = (-1, double.NegativeInfinity);
            for (var c = 0; c < classes; c++)
                if (c != k && probabilities[(row * classes) + c] * scales[c] is var p && p > strongest[row]) (other[row], strongest[row]) = (c, p);
        }
        var (best, score, predicted) = (1.0, double.NaN, new int[labels.Length]);
        foreach (var factor in tried)
        {
            for (var row = 0; row < predicted.Length; row++)
            {
                var own = probabilities[(row * classes) + k] * scales[k] * factor;
                predicted[row] = own > strongest[row] || (own == strongest[row] && k < other[row]) ? k : other[row];
            }
            var reached = metric.OfDecisions(labels, predicted, classes);
            if (double.IsNaN(score) || reached > score) (best, score) = (factor, reached);
        }
        return best;
    }
}
