using System.Numerics;

namespace Tutti.Labels;

/// <summary>
/// Given labels beside a model's probabilities for rows that it was not trained on: which labels are probably wrong. The same answer whether the
/// rows are in memory or read in batches, on any number of threads.
/// </summary>
public sealed class LabelAudit<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    readonly ProbabilityRows<T> rows;
    readonly int[] labels;
    readonly RowFacts facts;

    internal LabelAudit(ProbabilityRows<T> rows, int[] labels)
    {
        if (labels.Length != rows.Count) throw new ArgumentException($"{labels.Length} labels for {rows.Count} rows of probabilities", nameof(labels));
        if (labels.Length == 0) throw new ArgumentException("there are no rows", nameof(labels));
        for (var row = 0; row < labels.Length; row++)
            if ((uint)labels[row] >= (uint)rows.K) throw new ArgumentException($"row {row}: label {labels[row]}; expected 0 to {rows.K - 1}", nameof(labels));
        (this.rows, this.labels) = (rows, labels);
        facts = RowFacts.Of(rows, labels);
        Joint = ConfidentJoint.Of(rows, labels, facts.Self);
    }

    public ConfidentJoint Joint { get; }

    /// <summary>The most probable class other than the given one: what a wrong label should probably be.</summary>
    public int Suggested(int row) => facts.Other[row];

    /// <summary>The most probable class, the lowest of equals.</summary>
    public int Predicted(int row) => facts.Agrees(row, labels[row]) ? labels[row] : facts.Other[row];

    /// <summary>Whether each row's label is an issue.</summary>
    public bool[] Find(LabelSearch? search = null)
    {
        search ??= new();
        search.Validate(rows.K);
        var mask = search.Filter switch
        {
            LabelFilter.PruneByNoiseRate => ByNoiseRate(PruneCounts.Of(Joint, search), search.MinExamplesPerClass),
            LabelFilter.PruneByClass => ByClass(PruneCounts.Of(Joint, search), search.MinExamplesPerClass),
            LabelFilter.Both => Both(PruneCounts.Of(Joint, search), search.MinExamplesPerClass),
            LabelFilter.ConfidentLearning => [.. labels.Select((label, row) => Joint.Confident[row] >= 0 && Joint.Confident[row] != label)],
            LabelFilter.PredictedNeqGiven => [.. labels.Select((label, row) => !facts.Agrees(row, label))],
            var low => Lowest(low),
        };
        if (search.Filter is LabelFilter.LowNormalizedMargin or LabelFilter.LowSelfConfidence) return mask;
        for (var row = 0; row < mask.Length; row++) mask[row] &= !facts.NearlyAgrees(row, labels[row]);
        return mask;
    }

    /// <summary>How many labels the confident joint says are wrong: off its diagonal as counted, or as calibrated to all rows.</summary>
    public int CountIssues(bool calibrated = false) => calibrated ? Enumerable.Range(0, rows.K).Aggregate(ConfidentJoint.Sum(Joint.Calibrated), (sum, k) => sum - Joint.Calibrated[k, k])
        : Find(new() { Filter = LabelFilter.ConfidentLearning }).Count(flagged => flagged);

    /// <summary>A score of every row.</summary>
    /// <param name="method">The score.</param>
    /// <param name="adjusted">Whether class thresholds are taken away first; not for entropy.</param>
    public double[] Quality(LabelQuality method = LabelQuality.SelfConfidence, bool adjusted = false) => (method, adjusted) switch
    {
        (LabelQuality.SelfConfidence, false) => [.. facts.Self],
        (LabelQuality.NormalizedMargin, false) => Margins(),
        _ => QualityScores.Of(rows, labels, method, adjusted ? Joint.Thresholds : null),
    };

    /// <summary>The flagged rows, worst first; equal scores in the order of the rows.</summary>
    public int[] Ranked(bool[] flagged, LabelQuality method = LabelQuality.SelfConfidence, bool adjusted = false) =>
        QualityScores.Order(Enumerable.Range(0, labels.Length).Where(row => flagged[row]), Quality(method, adjusted));

    /// <summary>What the joint says of the labels as a whole.</summary>
    public LabelHealth Health() => LabelHealth.Of(Joint, CountIssues());

    double[] Margins() => [.. facts.Self.Zip(facts.Rival, (self, rival) => (self - rival + 1) / 2)];

    bool[] Both(int[,] counts, int least)
    {
        var (mask, other) = (ByNoiseRate(counts, least), ByClass(counts, least));
        for (var row = 0; row < mask.Length; row++) mask[row] &= other[row];
        return mask;
    }

    bool[] ByNoiseRate(int[,] counts, int least)
    {
        var wanted = (int[,])counts.Clone();
        for (var label = 0; label < rows.K; label++)
            for (var other = 0; other < rows.K; other++)
                wanted[other, label] = Joint.LabelCounts[label] <= least ? 0 : Math.Min(wanted[other, label], Joint.LabelCounts[label]);
        var all = new LargestMargins<T>(wanted);
        rows.Each(() => new LargestMargins<T>(wanted), (part, row, values) => part.Add(row, labels[row], values), all.Join);
        var mask = new bool[labels.Length];
        all.Flag(mask);
        return mask;
    }

    bool[] ByClass(int[,] counts, int least)
    {
        var mask = new bool[labels.Length];
        foreach (var group in Enumerable.Range(0, labels.Length).GroupBy(row => labels[row]))
        {
            var size = Joint.LabelCounts[group.Key];
            if (size <= least) continue;
            foreach (var row in group.OrderBy(row => facts.Self[row]).Take(size - counts[group.Key, group.Key])) mask[row] = true;
        }
        return mask;
    }

    bool[] Lowest(LabelFilter filter)
    {
        var scores = filter == LabelFilter.LowSelfConfidence ? facts.Self : Margins();
        var mask = new bool[labels.Length];
        foreach (var row in QualityScores.Order(Enumerable.Range(0, labels.Length), scores).Take(CountIssues())) mask[row] = true;
        return mask;
    }
}

/// <summary>Starts a <see cref="LabelAudit{T}"/>.</summary>
public static class LabelAudit
{
    /// <param name="rows">Probabilities by models that did not see the row in training.</param>
    /// <param name="labels">Given labels, 0 to K - 1.</param>
    /// <exception cref="ArgumentException">Counts differ, a label is out of range, or a row is no probability distribution; names the first.</exception>
    public static LabelAudit<T> Of<T>(ProbabilityRows<T> rows, int[] labels) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        return new(rows, labels);
    }
}
