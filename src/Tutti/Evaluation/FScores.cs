namespace Tutti.Evaluation;

/// <summary>Precision, recall and their weighted harmonic mean F.</summary>
/// <param name="F">F1, or F with the beta that was asked for.</param>
public readonly record struct PrecisionRecall(double Precision, double Recall, double F);

/// <summary>
/// Precision, recall and F of each class and their means, as scikit-learn's precision_recall_fscore_support: where nothing was
/// predicted (precision) or nothing is there (recall) the value is <c>zeroDivision</c>.
/// </summary>
public sealed class FScores
{
    readonly double[] support;

    /// <param name="truePositives">Per class, rows both true and predicted.</param>
    /// <param name="predicted">Per class, rows predicted.</param>
    /// <param name="truth">Per class, rows true; also the weights of <see cref="Weighted"/>.</param>
    internal FScores(ReadOnlySpan<double> truePositives, ReadOnlySpan<double> predicted, ReadOnlySpan<double> truth, double beta, double zeroDivision)
    {
        PerClass = new PrecisionRecall[truth.Length];
        support = truth.ToArray();
        var (allTrue, allPredicted, all) = (0.0, 0.0, 0.0);
        for (var k = 0; k < PerClass.Length; k++)
        {
            PerClass[k] = Of(truePositives[k], predicted[k], truth[k], beta, zeroDivision);
            (allTrue, allPredicted, all) = (allTrue + truePositives[k], allPredicted + predicted[k], all + truth[k]);
        }
        Micro = Of(allTrue, allPredicted, all, beta, zeroDivision);
    }

    /// <summary>Of the classes of a confusion matrix.</summary>
    /// <param name="beta">How much more recall counts than precision; 1 for F1.</param>
    public FScores(ConfusionMatrix matrix, double beta = 1, double zeroDivision = 0)
        : this(matrix.Totals.Right, matrix.PredictedTotals, matrix.TrueTotals, beta, zeroDivision) { }

    public PrecisionRecall[] PerClass { get; }

    /// <summary>Rows of each true class.</summary>
    public IReadOnlyList<double> Support => support;

    /// <summary>Over all classes' counts together.</summary>
    public PrecisionRecall Micro { get; }

    /// <summary>The plain mean over all K classes.</summary>
    public PrecisionRecall Macro => Mean(_ => 1);

    /// <summary>The mean over the classes weighted by their rows.</summary>
    public PrecisionRecall Weighted => Mean(k => support[k]);

    /// <summary>The mean over the classes that <paramref name="weight"/> weighs.</summary>
    internal PrecisionRecall Mean(Func<int, double> weight)
    {
        var (sum, precision, recall, f) = (0.0, 0.0, 0.0, 0.0);
        for (var k = 0; k < PerClass.Length; k++)
        {
            var (w, each) = (weight(k), PerClass[k]);
            (sum, precision, recall, f) = (sum + w, precision + w * each.Precision, recall + w * each.Recall, f + w * each.F);
        }
        return new(precision / sum, recall / sum, f / sum);
    }

    internal static PrecisionRecall Of(double truePositives, double predicted, double truth, double beta, double zeroDivision)
    {
        var precision = predicted == 0 ? zeroDivision : truePositives / predicted;
        var recall = truth == 0 ? zeroDivision : truePositives / truth;
        var divisor = beta * beta * precision + recall;
        return new(precision, recall, divisor == 0 ? 0 : (1 + beta * beta) * precision * recall / divisor);
    }
}
