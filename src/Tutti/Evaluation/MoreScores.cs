namespace Tutti.Evaluation;

/// <summary>What <see cref="MoreScores"/> are made of, of all rows or of a resample.</summary>
/// <param name="Totals">Rows right, true and predicted per class.</param>
/// <param name="LinearMiss">The sum over rows of how far the predicted class is from the true one, as indices.</param>
/// <param name="SquaredMiss">The same of its square.</param>
/// <param name="Among">Rows whose true class is among the most probable, for each of <see cref="MoreScores.Tops"/>.</param>
/// <param name="BinRows">Rows per bin of confidence.</param>
/// <param name="BinRight">Rows right per bin.</param>
/// <param name="BinGap">Per bin, the sum of right (1 or 0) minus confidence.</param>
/// <param name="Ranks">Of each class by its probability.</param>
sealed record RowSums(ClassTotals Totals, double LinearMiss, double SquaredMiss, double[] Among, double[] BinRows, double[] BinRight, double[] BinGap, OneRank[] Ranks);

/// <summary>The scores of a classifier beyond the usual ones; then precision, recall, F1, area under the ROC curve and average precision of each class; then the share right of each bin of confidence.</summary>
static class MoreScores
{
    /// <summary>Of each class.</summary>
    public const int PerClass = 5;

    /// <summary>Of more classes the probabilities of each are not ranked.</summary>
    const int MostRanked = 100;

    static readonly int[] tops = [2, 3, 5];

    static readonly string[] counted = ["precision macro", "recall macro", "precision micro", "recall micro", "F1 micro", "precision weighted", "recall weighted", "F1 weighted", "Cohen's kappa", "largest calibration gap"];

    /// <summary>How many of the most probable classes are looked at; fewer than all.</summary>
    public static int[] Tops(int classes) => [.. tops.Where(top => top < classes)];

    static readonly string[] ranked = ["ROC-AUC one-vs-rest macro", "ROC-AUC one-vs-rest weighted", "ROC-AUC one-vs-one macro", "ROC-AUC one-vs-one weighted", "average precision macro", "average precision weighted"];

    /// <summary>Whether areas under the ROC curve and average precisions of every class are computed, which takes a walk over all rows for each.</summary>
    public static bool Ranks(int classes) => classes <= MostRanked;

    /// <summary>Names of the scores in the order of <see cref="Of"/>.</summary>
    public static IReadOnlyList<string> Names(int classes) => classes == 2
        ? ["precision", "recall", .. counted, "average precision"]
        : ["kappa linear", "kappa quadratic", .. counted, .. Tops(classes).Select(top => FormattableString.Invariant($"top-{top} accuracy")), .. Ranks(classes) ? ranked : []];

    /// <summary>All values in one row: scores, classes, bins.</summary>
    public static double[] Of(RowSums sums)
    {
        var (totals, ranks, k) = (sums.Totals, sums.Ranks, sums.Totals.Truth.Length);
        var f = totals.FScores();
        var macro = f.Mean(one => totals.Truth[one] > 0 || totals.Predicted[one] > 0 ? 1 : 0);
        double[] values = [macro.Precision, macro.Recall, f.Micro.Precision, f.Micro.Recall, f.Micro.F, f.Weighted.Precision, f.Weighted.Recall, f.Weighted.F,
            Kappa(totals, totals.All - totals.Correct, (t, p) => t == p ? 0 : 1), LargestGap(sums)];
        double[] scores = k == 2 ? [f.PerClass[1].Precision, f.PerClass[1].Recall, .. values, ranks[1].Average]
            : [Kappa(totals, sums.LinearMiss, (t, p) => Math.Abs(t - p)), Kappa(totals, sums.SquaredMiss, (t, p) => (t - p) * (t - p)), .. values, .. sums.Among.Select(rows => rows / totals.All),
                .. Ranks(k) ? RanksOf(ranks, totals.Truth) : []];
        return [.. scores, .. Enumerable.Range(0, k).SelectMany(one => (double[])[f.PerClass[one].Precision, f.PerClass[one].Recall, f.PerClass[one].F, ranks[one].Area, ranks[one].Average]),
            .. sums.BinRight.Zip(sums.BinRows, (right, rows) => right / rows)];
    }

    /// <summary>Means over the classes, or pairs of classes, for which the area is defined.</summary>
    static double[] RanksOf(OneRank[] ranks, double[] truth)
    {
        Mean ovr = new(), ovrWeighted = new(), ovo = new(), ovoWeighted = new(), average = new(), averageWeighted = new();
        for (var a = 0; a < ranks.Length; a++)
        {
            ovr.Add(ranks[a].Area, 1);
            ovrWeighted.Add(ranks[a].Area, truth[a]);
            average.Add(ranks[a].Average, 1);
            averageWeighted.Add(ranks[a].Average, truth[a]);
            for (var b = a + 1; b < ranks.Length; b++)
            {
                var pair = (ranks[a].Against[b] + ranks[b].Against[a]) / 2;
                ovo.Add(pair, 1);
                ovoWeighted.Add(pair, truth[a] + truth[b]);
            }
        }
        return [ovr.Value, ovrWeighted.Value, ovo.Value, ovoWeighted.Value, average.Value, averageWeighted.Value];
    }

    /// <summary>As <see cref="Metrics.CohenKappa"/>, whose observed part is a sum over rows.</summary>
    static double Kappa(ClassTotals totals, double observed, Func<int, int, double> weight)
    {
        var expected = 0.0;
        for (var t = 0; t < totals.Truth.Length; t++)
            for (var p = 0; p < totals.Truth.Length; p++) expected += weight(t, p) * totals.Truth[t] * totals.Predicted[p] / totals.All;
        return 1 - (observed / expected);
    }

    static double LargestGap(RowSums sums) => sums.BinGap.Zip(sums.BinRows, (gap, rows) => rows == 0 ? 0 : Math.Abs(gap) / rows).Max();

    /// <summary>A weighted mean of what is defined; NaN of nothing.</summary>
    sealed class Mean
    {
        double sum, weights;

        public double Value => sum / weights;

        public void Add(double value, double weight)
        {
            if (!double.IsNaN(value)) (sum, weights) = (sum + (weight * value), weights + weight);
        }
    }
}
