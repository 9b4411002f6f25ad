namespace Tutti.Evaluation;

/// <summary>How well one group of rows ranks above the others by a score of its own.</summary>
/// <param name="Area">Under the ROC curve against all other rows; NaN where one side has none.</param>
/// <param name="Average">Its average precision; NaN where the group has no rows.</param>
/// <param name="Against">The area against each other group alone.</param>
readonly record struct OneRank(double Area, double Average, double[] Against)
{
    /// <summary>Of so many groups that nothing is ranked.</summary>
    public static OneRank Unknown { get; } = new(double.NaN, double.NaN, []);
}

/// <summary>
/// <see cref="OneRank"/> of rows that come by rising score: pairs in which a row of the group stands above another, ties one half, and the sum of precision times the step in recall.
/// </summary>
/// <param name="totals">Rows of each group that will come.</param>
/// <param name="own">The group.</param>
sealed class RisingRows(double[] totals, int own)
{
    readonly double all = totals.Sum();
    readonly double[] below = new double[totals.Length], tied = new double[totals.Length], pairs = new double[totals.Length];
    readonly List<int> touched = [];
    double score = double.NaN, average, rowsBelow;

    /// <param name="times">How often the row is there; none is as if it did not come.</param>
    public void Add(double next, int group, double times)
    {
        if (times == 0) return;
        if (next != score) Close();
        score = next;
        if (tied[group] == 0) touched.Add(group);
        tied[group] += times;
    }

    public OneRank Result()
    {
        Close();
        var (mine, against, won) = (totals[own], new double[totals.Length], 0.0);
        for (var group = 0; group < totals.Length; group++)
        {
            against[group] = group == own ? double.NaN : pairs[group] / (mine * totals[group]);      // 0 / 0: undefined
            won += pairs[group];
        }
        return new(won / (mine * (all - mine)), mine == 0 ? double.NaN : average, against);
    }

    void Close()
    {
        if (tied[own] is > 0 and var mine)
        {
            for (var group = 0; group < pairs.Length; group++)
                if (group != own) pairs[group] += mine * (below[group] + (tied[group] / 2));
            average += mine / totals[own] * ((totals[own] - below[own]) / (all - rowsBelow));
        }
        foreach (var group in touched)
        {
            (below[group], rowsBelow) = (below[group] + tied[group], rowsBelow + tied[group]);
            tied[group] = 0;
        }
        touched.Clear();
    }
}
