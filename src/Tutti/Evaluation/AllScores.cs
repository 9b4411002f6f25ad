using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>All scores of a classifier at once and of any choice of rows: the usual ones, then those of <see cref="MoreScores"/>. Thread-safe.</summary>
/// <param name="set">Rows, all with a known label.</param>
/// <param name="truth">Their classes.</param>
sealed class AllScores(PredictionSet set, int[] truth)
{
    readonly UsualScores usual = new(set, truth);
    readonly int[] predicted = set.Predicted(), above = [.. truth.Select((label, row) => Metrics.Above(set.Row(row), label))];
    readonly double[] confidence = [.. truth.Select((_, row) => set.Row(row)[set.Predicted(row)])];
    readonly int[] tops = MoreScores.Tops(set.K);
    readonly RankedGroups? ranked = MoreScores.Ranks(set.K) ? RankedGroups.OfClasses(set, truth) : null;

    /// <summary>The scores of some rows, each of which may stand there several times.</summary>
    public double[] Of(ReadOnlySpan<int> rows)
    {
        const int Bins = UsualScores.Bins;
        var (k, linear, squared) = (set.K, 0.0, 0.0);
        var (right, there, guessed, among) = (new double[k], new double[k], new double[k], new double[tops.Length]);
        var (binRows, binRight, gaps) = (new double[Bins], new double[Bins], new double[Bins]);
        foreach (var row in rows)
        {
            var (t, p) = (truth[row], predicted[row]);
            var (bin, hit) = (Calibration.BinOf(confidence[row], Bins), t == p ? 1 : 0);
            right[t] += hit;
            there[t]++;
            guessed[p]++;
            (linear, squared) = (linear + Math.Abs(t - p), squared + ((t - p) * (t - p)));
            for (var i = 0; i < among.Length; i++)
                if (above[row] < tops[i]) among[i]++;
            binRows[bin]++;
            binRight[bin] += hit;
            gaps[bin] += hit - confidence[row];
        }
        var ranks = ranked?.Of(RankedRows.Times(rows, truth.Length)) ?? [.. Enumerable.Repeat(OneRank.Unknown, k)];
        return [.. usual.Of(rows), .. MoreScores.Of(new(new(right, there, guessed, rows.Length), linear, squared, among, binRows, binRight, gaps, ranks))];
    }
}
