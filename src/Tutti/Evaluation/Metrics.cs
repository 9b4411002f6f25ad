namespace Tutti.Evaluation;

/// <summary>How far apart two classes are for <see cref="Metrics.CohenKappa"/>.</summary>
public enum KappaWeights
{
    /// <summary>Every confusion counts the same.</summary>
    None,

    /// <summary>By the difference of the class indices: classes are ordered.</summary>
    Linear,

    /// <summary>By the squared difference of the class indices.</summary>
    Quadratic,
}

/// <summary>
/// Scores of class predictions, one function each, defined as in scikit-learn 1.2.1. Labels are class indices 0 to K-1,
/// probabilities n*K values row by row. No rows is an <see cref="ArgumentException"/>.
/// </summary>
public static class Metrics
{
    /// <summary>The machine epsilon of float64, the clipping of scikit-learn's log_loss.</summary>
    public const double Epsilon = 2.220446049250313e-16;

    /// <summary>The share of rows predicted right.</summary>
    /// <param name="weights">Weight of each row; empty: 1 each.</param>
    public static double Accuracy(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, ReadOnlySpan<double> weights = default)
    {
        Check(truth, predicted.Length, weights);
        var (right, all) = (0.0, 0.0);
        for (var i = 0; i < truth.Length; i++)
        {
            var weight = weights.IsEmpty ? 1 : weights[i];
            all += weight;
            if (truth[i] == predicted[i]) right += weight;
        }
        return right / all;
    }

    /// <summary>The share of rows predicted right.</summary>
    public static double Accuracy(ConfusionMatrix matrix) => matrix.Totals.Accuracy;

    /// <summary>The mean recall over the classes that occur; adjusted: 0 for guessing, 1 for perfect.</summary>
    public static double BalancedAccuracy(ConfusionMatrix matrix, bool adjusted = false) => matrix.Totals.BalancedAccuracy(adjusted);

    /// <summary>
    /// The mean F1 over the classes that occur in labels or predictions, as scikit-learn's f1_score without a list of labels;
    /// <see cref="FScores.Macro"/> is the mean over all K.
    /// </summary>
    public static double F1MacroOfPresent(ConfusionMatrix matrix) => matrix.Totals.F1MacroOfPresent;

    /// <summary>Matthews' correlation coefficient of labels and predictions; 0 where it is undefined.</summary>
    public static double MatthewsCorrelation(ConfusionMatrix matrix) => matrix.Totals.MatthewsCorrelation;

    /// <summary>Cohen's kappa, agreement beyond chance; NaN where all rows are and are predicted as one class.</summary>
    public static double CohenKappa(ConfusionMatrix matrix, KappaWeights weights = KappaWeights.None)
    {
        var (observed, expected) = (0.0, 0.0);
        for (var t = 0; t < matrix.Classes; t++)
            for (var p = 0; p < matrix.Classes; p++)
            {
                double weight = weights switch { KappaWeights.Linear => Math.Abs(t - p), KappaWeights.Quadratic => (t - p) * (t - p), _ => t == p ? 0 : 1 };
                observed += weight * matrix[t, p];
                expected += weight * matrix.TrueTotals[t] * matrix.PredictedTotals[p] / matrix.Total;
            }
        return 1 - observed / expected;
    }

    /// <summary>The mean of -log of the probability given to the true class.</summary>
    /// <param name="epsilon">Probabilities are clipped to epsilon .. 1 - epsilon.</param>
    /// <param name="renormalise">Divide the clipped rows by their sum, as scikit-learn does.</param>
    /// <param name="weights">Weight of each row; empty: 1 each.</param>
    public static double LogLoss(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, double epsilon = Epsilon, bool renormalise = true,
        ReadOnlySpan<double> weights = default)
    {
        var classes = Classes(probabilities, truth, weights);
        var (loss, all) = (0.0, 0.0);
        for (var i = 0; i < truth.Length; i++)
        {
            var row = probabilities.Slice(i * classes, classes);
            var sum = renormalise ? 0.0 : 1.0;
            if (renormalise) foreach (var p in row) sum += Math.Clamp(p, epsilon, 1 - epsilon);
            var weight = weights.IsEmpty ? 1 : weights[i];
            loss -= weight * Math.Log(Math.Clamp(row[truth[i]], epsilon, 1 - epsilon) / sum);
            all += weight;
        }
        return loss / all;
    }

    /// <summary>
    /// The share of rows whose true class is among the <paramref name="top"/> most probable. On ties the HIGHER class index ranks
    /// first, as in scikit-learn, unlike the predicted class.
    /// </summary>
    public static double TopAccuracy(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, int top)
    {
        var classes = Classes(probabilities, truth, default);
        var hits = 0;
        for (var i = 0; i < truth.Length; i++)
            if (Above(probabilities.Slice(i * classes, classes), truth[i]) < top) hits++;
        return (double)hits / truth.Length;
    }

    /// <summary>How many classes rank before the true one, as <see cref="TopAccuracy"/> ranks them.</summary>
    internal static int Above(ReadOnlySpan<double> row, int label)
    {
        var above = 0;
        for (var k = 0; k < row.Length; k++)
            if (row[k] > row[label] || (row[k] == row[label] && k > label)) above++;
        return above;
    }

    /// <summary>The mean over rows of the squared distance between probabilities and the truth (1 for the true class, else 0); 0 to 2.</summary>
    public static double Brier(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth)
    {
        var classes = Classes(probabilities, truth, default);
        var sum = 0.0;
        for (var i = 0; i < truth.Length; i++)
            for (var k = 0; k < classes; k++)
            {
                var miss = probabilities[i * classes + k] - (k == truth[i] ? 1 : 0);
                sum += miss * miss;
            }
        return sum / truth.Length;
    }

    /// <summary>The Brier score of two classes: the mean squared miss of class 1's probability; half of <see cref="Brier"/>.</summary>
    /// <param name="scores">The probability of class 1 of each row.</param>
    public static double BrierBinary(ReadOnlySpan<double> scores, ReadOnlySpan<int> truth)
    {
        Check(truth, scores.Length, default);
        var sum = 0.0;
        for (var i = 0; i < truth.Length; i++) sum += (scores[i] - truth[i]) * (scores[i] - truth[i]);
        return sum / truth.Length;
    }

    /// <summary>K, after checking that all the arrays fit and every label is a class.</summary>
    internal static int Classes(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, ReadOnlySpan<double> weights)
    {
        Check(truth, truth.Length, weights);
        if (probabilities.Length == 0 || probabilities.Length % truth.Length != 0)
            throw new ArgumentException($"{probabilities.Length} probabilities for {truth.Length} labels", nameof(probabilities));
        var classes = probabilities.Length / truth.Length;
        foreach (var label in truth)
            if ((uint)label >= (uint)classes) throw new ArgumentException($"label {label} is none of {classes} classes", nameof(truth));
        return classes;
    }

    static void Check(ReadOnlySpan<int> truth, int predictions, ReadOnlySpan<double> weights)
    {
        if (truth.IsEmpty) throw new ArgumentException("no rows to score", nameof(truth));
        if (predictions != truth.Length) throw new ArgumentException($"{predictions} predictions for {truth.Length} labels");
        if (!weights.IsEmpty && weights.Length != truth.Length)
            throw new ArgumentException($"{weights.Length} weights for {truth.Length} labels", nameof(weights));
    }
}
