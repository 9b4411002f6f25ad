namespace Tutti.Evaluation;

/// <summary>A receiver operating characteristic: at each threshold the shares of negatives and positives that score at least as much.</summary>
/// <param name="Thresholds">Falling; the first is above every score by 1, where nothing is positive.</param>
public sealed record RocCurve(double[] FalsePositiveRate, double[] TruePositiveRate, double[] Thresholds);

/// <summary>Precision and recall at each threshold, rising; one more point than thresholds: precision 1 at recall 0.</summary>
public sealed record PrecisionRecallCurve(double[] Precision, double[] Recall, double[] Thresholds);

/// <summary>Such as <see cref="Ranking.RocAuc"/> or <see cref="Ranking.AveragePrecision"/>.</summary>
public delegate double RankingScore(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive);

/// <summary>
/// Scores of how well positives rank above negatives, as in scikit-learn 1.2.1. <c>positive</c> says which rows are, <c>scores</c>
/// rise with belief. Where there are no positives or no negatives an area is NaN.
/// </summary>
public static class Ranking
{
    /// <summary>All points of the curve, equal scores in one.</summary>
    public static RocCurve Roc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var (negatives, positives, thresholds) = Counts(scores, positive);
        return new([0, .. negatives.Select(n => n / negatives[^1])], [0, .. positives.Select(p => p / positives[^1])], [thresholds[0] + 1, .. thresholds]);
    }

    /// <summary>The area under the ROC curve: how often a positive scores above a negative, ties one half.</summary>
    public static double RocAuc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var roc = Roc(scores, positive);
        return Area(roc.FalsePositiveRate, roc.TruePositiveRate, roc.FalsePositiveRate.Length);
    }

    /// <summary>The area up to a false positive rate, scaled so that guessing is 0.5 and perfect is 1 (McClish 1989).</summary>
    public static double PartialRocAuc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, double maximumFalsePositiveRate)
    {
        if (maximumFalsePositiveRate is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(maximumFalsePositiveRate), maximumFalsePositiveRate, "expected above 0 and at most 1");
        var (x, y, _) = Roc(scores, positive);
        if (double.IsNaN(x[^1]) || double.IsNaN(y[^1])) return double.NaN;
        var end = Array.FindIndex(x, rate => rate > maximumFalsePositiveRate);
        if (end < 0) return Area(x, y, x.Length);
        var at = y[end - 1] + (y[end] - y[end - 1]) * (maximumFalsePositiveRate - x[end - 1]) / (x[end] - x[end - 1]);
        var area = Area(x, y, end) + (maximumFalsePositiveRate - x[end - 1]) * (y[end - 1] + at) / 2;
        var guessing = maximumFalsePositiveRate * maximumFalsePositiveRate / 2;
        return 0.5 * (1 + (area - guessing) / (maximumFalsePositiveRate - guessing));
    }

    /// <summary>Precision and recall at every score; recall is 1 throughout where there are no positives.</summary>
    public static PrecisionRecallCurve PrecisionRecall(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var (negatives, positives, thresholds) = Counts(scores, positive);
        var precision = positives.Zip(negatives, (p, n) => p / (p + n));
        var recall = positives.Select(p => positives[^1] == 0 ? 1 : p / positives[^1]);
        return new([.. precision.Reverse(), 1], [.. recall.Reverse(), 0], [.. thresholds.Reverse()]);
    }

    /// <summary>Average precision: the sum of precision times the step in recall, not a trapezoid.</summary>
    public static double AveragePrecision(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var curve = PrecisionRecall(scores, positive);
        if (!positive.Contains(true)) return double.NaN;
        var sum = 0.0;
        for (var i = 0; i < curve.Thresholds.Length; i++) sum += (curve.Recall[i] - curve.Recall[i + 1]) * curve.Precision[i];
        return sum;
    }

    /// <summary>For each class the area under the ROC curve of the class against the rest.</summary>
    public static double[] RocAucPerClass(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth) => PerClass(probabilities, truth, RocAuc);

    /// <summary>For each class the average precision of the class against the rest.</summary>
    public static double[] AveragePrecisionPerClass(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth) =>
        PerClass(probabilities, truth, AveragePrecision);

    /// <summary>Average precision over all (row, class) pairs together.</summary>
    public static double AveragePrecisionMicro(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth)
    {
        var classes = Metrics.Classes(probabilities, truth, default);
        var positive = new bool[probabilities.Length];
        for (var i = 0; i < truth.Length; i++) positive[i * classes + truth[i]] = true;
        return AveragePrecision(probabilities, positive);
    }

    /// <summary>The mean of values per class, plain or by the rows of each class.</summary>
    public static double MeanOverClasses(ReadOnlySpan<double> perClass, ReadOnlySpan<int> truth, bool weighted)
    {
        var (sum, all) = (0.0, 0.0);
        for (var k = 0; k < perClass.Length; k++)
        {
            double weight = weighted ? truth.Count(k) : 1;
            (sum, all) = (sum + weight * perClass[k], all + weight);
        }
        return sum / all;
    }

    /// <summary>
    /// The mean over all pairs of classes of the area under the ROC curve within the pair (Hand and Till 2001), plain or by the rows
    /// of the pair.
    /// </summary>
    public static double RocAucOneVersusOne(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, bool weighted = false)
    {
        var classes = Metrics.Classes(probabilities, truth, default);
        var (sum, all) = (0.0, 0.0);
        for (var a = 0; a < classes; a++)
            for (var b = a + 1; b < classes; b++)
            {
                List<double> scoresA = [], scoresB = [];
                List<bool> isA = [], isB = [];
                for (var i = 0; i < truth.Length; i++)
                {
                    if (truth[i] != a && truth[i] != b) continue;
                    scoresA.Add(probabilities[i * classes + a]);
                    scoresB.Add(probabilities[i * classes + b]);
                    isA.Add(truth[i] == a);
                    isB.Add(truth[i] == b);
                }
                if (isA.Count == 0) return double.NaN;
                var area = (RocAuc([.. scoresA], [.. isA]) + RocAuc([.. scoresB], [.. isB])) / 2;
                double weight = weighted ? isA.Count : 1;
                (sum, all) = (sum + weight * area, all + weight);
            }
        return sum / all;
    }

    static double[] PerClass(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> truth, RankingScore score)
    {
        var values = new double[Metrics.Classes(probabilities, truth, default)];
        var scores = new double[truth.Length];
        var positive = new bool[truth.Length];
        for (var k = 0; k < values.Length; k++)
        {
            for (var i = 0; i < truth.Length; i++) (scores[i], positive[i]) = (probabilities[i * values.Length + k], truth[i] == k);
            values[k] = score(scores, positive);
        }
        return values;
    }

    static double Area(double[] x, double[] y, int count)
    {
        var area = 0.0;
        for (var i = 1; i < count; i++) area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
        return area;
    }

    // Per distinct score, falling: how many negatives and positives score at least as much.
    static (double[] Negatives, double[] Positives, double[] Thresholds) Counts(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        if (scores.IsEmpty) throw new ArgumentException("no rows to score", nameof(scores));
        if (scores.Length != positive.Length) throw new ArgumentException($"{scores.Length} scores for {positive.Length} labels", nameof(scores));
        var sorted = scores.ToArray();
        var labels = positive.ToArray();
        Array.Sort(sorted, labels);
        List<double> negatives = [], positives = [], thresholds = [];
        var (n, p) = (0, 0);
        for (var i = sorted.Length - 1; i >= 0; i--)
        {
            if (labels[i]) p++;
            else n++;
            if (i > 0 && sorted[i - 1] == sorted[i]) continue;
            negatives.Add(n);
            positives.Add(p);
            thresholds.Add(sorted[i]);
        }
        return ([.. negatives], [.. positives], [.. thresholds]);
    }
}
