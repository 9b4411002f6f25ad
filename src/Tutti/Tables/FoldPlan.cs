namespace Tutti.Tables;

/// <summary>The ways to give every row a fold; -1 is a row that is never validated on. All are functions of their arguments and the seed.</summary>
static class FoldPlan
{
    public static int[] KFold(int rows, int count, long seed)
    {
        var order = Order(rows, seed);
        var folds = new int[rows];
        for (var i = 0; i < rows; i++) folds[order[i]] = i % count;
        return folds;
    }

    /// <summary>
    /// As scikit-learn's StratifiedKFold: rows sorted by class are dealt to the folds in turn, which settles how many of each class a fold
    /// gets; which rows these are is drawn. Class counts and fold sizes differ by at most one between folds.
    /// </summary>
    public static int[] Stratified(IReadOnlyList<int> classes, int count, long seed)
    {
        var shuffle = new Shuffle(seed);
        var folds = new int[classes.Count];
        var dealt = 0;
        foreach (var rows in RowsByClass(classes))
        {
            var members = rows.ToArray();
            shuffle.Order<int>(members);
            foreach (var row in members) folds[row] = dealt++ % count;
        }
        return folds;
    }

    /// <summary>
    /// As scikit-learn's GroupKFold: the largest group first, each into the fold that is smallest so far. The seed orders groups of equal size.
    /// </summary>
    public static int[] Grouped(IReadOnlyList<string> groups, int count, long seed)
    {
        var sizes = groups.CountBy(g => g, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).ToArray();
        new Shuffle(seed).Order<KeyValuePair<string, int>>(sizes);
        var filled = new int[count];
        var foldOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (group, size) in sizes.OrderByDescending(g => g.Value))
        {
            var smallest = Array.IndexOf(filled, filled.Min());
            foldOf[group] = smallest;
            filled[smallest] += size;
        }
        return [.. groups.Select(g => foldOf[g])];
    }

    /// <summary>Fold 0 for the share to be validated on (rounded to rows), -1 for the rest; with classes, each gives its share (largest remainder).</summary>
    public static int[] Holdout(int rows, IReadOnlyList<int>? classes, double share, long seed)
    {
        var shuffle = new Shuffle(seed);
        var wanted = Math.Clamp((int)Math.Round(rows * share, MidpointRounding.AwayFromZero), Math.Min(1, rows), Math.Max(0, rows - 1));
        var folds = new int[rows];
        Array.Fill(folds, -1);
        var parts = classes is null ? [[.. Enumerable.Range(0, rows)]] : RowsByClass(classes).Select(c => c.ToArray()).ToArray();
        var quota = Quotas([.. parts.Select(p => p.Length)], wanted, share, keepBoth: classes is not null);
        for (var part = 0; part < parts.Length; part++)
        {
            shuffle.Order<int>(parts[part]);
            foreach (var row in parts[part].Take(quota[part])) folds[row] = 0;
        }
        return folds;
    }

    // keepBoth: a class of two rows or more is found on both sides, even where its share rounds to nothing or to everything.
    static int[] Quotas(int[] sizes, int wanted, double share, bool keepBoth)
    {
        if (!keepBoth) return [wanted];
        var quota = sizes.Select(s => Math.Clamp((int)(s * share), Math.Min(1, s - 1), s - 1)).ToArray();
        var byRemainder = Enumerable.Range(0, sizes.Length).OrderByDescending(i => sizes[i] * share - quota[i]).ToList();
        foreach (var i in byRemainder)
            if (quota.Sum() < wanted && quota[i] < sizes[i] - 1) quota[i]++;
        return quota;
    }

    static IEnumerable<IEnumerable<int>> RowsByClass(IReadOnlyList<int> classes) =>
        Enumerable.Range(0, classes.Count).GroupBy(row => classes[row]).OrderBy(g => g.Key);

    static int[] Order(int rows, long seed)
    {
        int[] order = [.. Enumerable.Range(0, rows)];
        new Shuffle(seed).Order<int>(order);
        return order;
    }
}
