using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>What a blend's weights are chosen by.</summary>
public enum BlendMetric
{
    /// <summary>Mean of -log of the label's probability, clipped at 1e-15; less is better.</summary>
    LogLoss,

    /// <summary>Share of rows whose most probable class is the label.</summary>
    Accuracy,

    /// <summary>The mean F1 of the classes that are there or predicted.</summary>
    MacroF1,
}

static class BlendMetrics
{
    const double Clip = 1e-15;

    public static bool LessIsBetter(this BlendMetric metric) => metric == BlendMetric.LogLoss;

    /// <summary>As tables call it.</summary>
    public static string Text(this BlendMetric metric) => metric switch { BlendMetric.LogLoss => "log-loss", BlendMetric.Accuracy => "accuracy", _ => "F1 macro" };

    /// <summary>Whether a score is better than another.</summary>
    public static bool Better(this BlendMetric metric, double score, double than) => metric.LessIsBetter() ? score < than : score > than;

    /// <summary>The score of n*K probabilities.</summary>
    public static double Of(this BlendMetric metric, double[] probabilities, int[] labels, int classes) => metric switch
    {
        BlendMetric.LogLoss => Metrics.LogLoss(probabilities, labels, Clip, renormalise: false),
        _ => metric.OfDecisions(labels, Predicted(probabilities, classes), classes),
    };

    /// <summary>The score of decisions, of the metrics that look at them alone.</summary>
    public static double OfDecisions(this BlendMetric metric, int[] labels, int[] predicted, int classes) => metric switch
    {
        BlendMetric.Accuracy => Metrics.Accuracy(labels, predicted),
        BlendMetric.MacroF1 => new ConfusionMatrix(labels, predicted, classes).Totals.F1MacroOfPresent,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "expected a metric of decisions"),
    };

    /// <summary>How much better one blend is than another on the same rows (positive: the first is), with the interval of a paired bootstrap.</summary>
    public static PairedResult Gain(this BlendMetric metric, double[] probabilities, double[] than, int[] labels, int classes, ulong seed = 0)
    {
        double[] Losses(double[] of) => [.. labels.Select((label, row) => -Math.Log(Math.Clamp(of[(row * classes) + label], Clip, 1)))];
        if (metric == BlendMetric.LogLoss) return PairedTest.Bootstrap(Losses(than), Losses(probabilities), seed);
        var (predicted, other) = (Predicted(probabilities, classes), Predicted(than, classes));
        if (metric == BlendMetric.Accuracy)
            return PairedTest.Bootstrap([.. labels.Select((label, row) => predicted[row] == label ? 1.0 : 0)], [.. labels.Select((label, row) => other[row] == label ? 1.0 : 0)], seed);
        return PairedTest.Bootstrap(labels.Length, rows =>
        {
            var (truth, first, second) = (new int[rows.Length], new int[rows.Length], new int[rows.Length]);
            for (var i = 0; i < rows.Length; i++) (truth[i], first[i], second[i]) = (labels[rows[i]], predicted[rows[i]], other[rows[i]]);
            return metric.OfDecisions(truth, first, classes) - metric.OfDecisions(truth, second, classes);
        }, seed);
    }

    /// <summary>The most probable class of each row, the lowest on ties.</summary>
    public static int[] Predicted(double[] probabilities, int classes)
    {
        var predicted = new int[probabilities.Length / classes];
        for (var row = 0; row < predicted.Length; row++) predicted[row] = PredictionSet.ArgMax(probabilities.AsSpan(row * classes, classes));
        return predicted;
    }
}
