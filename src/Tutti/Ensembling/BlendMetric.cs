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

    /// <summary>Whether a score is better than another.</summary>
    public static bool Better(this BlendMetric metric, double score, double than) => metric.LessIsBetter() ? score < than : score > than;

    /// <summary>The score of n*K probabilities.</summary>
    public static double Of(this BlendMetric metric, double[] probabilities, int[] labels, int classes) => metric switch
    {
        BlendMetric.LogLoss => Metrics.LogLoss(probabilities, labels, Clip, renormalise: false),
        BlendMetric.Accuracy => Metrics.Accuracy(labels, Predicted(probabilities, classes)),
        BlendMetric.MacroF1 => new ConfusionMatrix(labels, Predicted(probabilities, classes), classes).Totals.F1MacroOfPresent,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, null),
    };

    /// <summary>The most probable class of each row, the lowest on ties.</summary>
    public static int[] Predicted(double[] probabilities, int classes)
    {
        var predicted = new int[probabilities.Length / classes];
        for (var row = 0; row < predicted.Length; row++) predicted[row] = PredictionSet.ArgMax(probabilities.AsSpan(row * classes, classes));
        return predicted;
    }
}
