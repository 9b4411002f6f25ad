namespace Tutti.Predictions;

/// <summary>
/// Predicted class probabilities of n rows and K classes, with the true labels and folds where they are known. What training hands
/// over to evaluation, blending, label search and submissions; immutable by agreement, plain arrays for speed.
/// </summary>
public sealed class PredictionSet
{
    /// <summary>Rows may miss a sum of 1 by this much, so that float32 results and figures rounded to four digits are accepted.</summary>
    public const double SumTolerance = 1e-4;

    /// <param name="ids">n different row ids.</param>
    /// <param name="classes">K different class names; position = class index.</param>
    /// <param name="probabilities">n*K values, row by row, each row summing to 1; kept, not copied.</param>
    /// <param name="labels">n true class indices, -1 where unknown; null when no label is known.</param>
    /// <param name="folds">n fold numbers, -1 where the row belongs to none; null when there are no folds.</param>
    /// <exception cref="ArgumentException">Lengths, names, probabilities or labels do not fit together; the message names the row.</exception>
    public PredictionSet(IReadOnlyList<string> ids, IReadOnlyList<string> classes, double[] probabilities, int[]? labels = null, int[]? folds = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(probabilities);
        (Ids, Classes, Probabilities, Labels, Folds) = (ids, classes, probabilities, labels, folds);
        if (K < 2) throw new ArgumentException($"{K} classes; expected at least two", nameof(classes));
        if (probabilities.Length != (long)Count * K)
            throw new ArgumentException($"{probabilities.Length} probabilities for {Count} rows of {K} classes", nameof(probabilities));
        if (labels is not null && labels.Length != Count) throw new ArgumentException($"{labels.Length} labels for {Count} rows", nameof(labels));
        if (folds is not null && folds.Length != Count) throw new ArgumentException($"{folds.Length} folds for {Count} rows", nameof(folds));
        if (FirstTwice(classes) is { } twiceClass) throw new ArgumentException($"class '{twiceClass}' is there twice", nameof(classes));
        if (FirstTwice(ids) is { } twiceId) throw new ArgumentException($"id '{twiceId}' is there twice", nameof(ids));
        for (var i = 0; i < Count; i++)
        {
            if (FaultOf(Row(i)) is { } fault) throw new ArgumentException($"row '{ids[i]}': {fault}", nameof(probabilities));
            if (labels is not null && (labels[i] < -1 || labels[i] >= K))
                throw new ArgumentException($"row '{ids[i]}': label {labels[i]} of {K} classes", nameof(labels));
            if (folds is not null && folds[i] < -1) throw new ArgumentException($"row '{ids[i]}': fold {folds[i]}", nameof(folds));
        }
    }

    public IReadOnlyList<string> Ids { get; }
    public IReadOnlyList<string> Classes { get; }

    /// <summary>n*K values, row by row.</summary>
    public double[] Probabilities { get; }

    /// <summary>True class index of each row, -1 unknown; null when no label is known.</summary>
    public int[]? Labels { get; }

    /// <summary>The fold that held the row out, -1 none; null when there are no folds.</summary>
    public int[]? Folds { get; }

    /// <summary>n, the number of rows.</summary>
    public int Count => Ids.Count;

    /// <summary>The number of classes.</summary>
    public int K => Classes.Count;

    /// <summary>The K probabilities of a row.</summary>
    public ReadOnlySpan<double> Row(int row) => Probabilities.AsSpan(row * K, K);

    /// <summary>The most probable class of a row; the lowest index on ties.</summary>
    public int Predicted(int row) => ArgMax(Row(row));

    /// <summary>The most probable class of every row; the lowest index on ties.</summary>
    public int[] Predicted()
    {
        var predicted = new int[Count];
        for (var i = 0; i < predicted.Length; i++) predicted[i] = Predicted(i);
        return predicted;
    }

    /// <summary>The rows whose label is known, in their order: what scores may be computed on. The same set when all are.</summary>
    public PredictionSet Labelled()
    {
        if (Labels is null) return new([], Classes, [], [], Folds is null ? null : []);
        if (!Labels.Contains(-1)) return this;
        var rows = Enumerable.Range(0, Count).Where(i => Labels[i] >= 0).ToArray();
        return new([.. rows.Select(i => Ids[i])], Classes, [.. rows.SelectMany(i => Row(i).ToArray())],
            [.. rows.Select(i => Labels[i])], Folds is null ? null : [.. rows.Select(i => Folds[i])]);
    }

    /// <summary>The set of some rows, in their order.</summary>
    public PredictionSet Rows(IReadOnlyList<int> rows) => new([.. rows.Select(row => Ids[row])], Classes, [.. rows.SelectMany(row => Row(row).ToArray())],
        Labels is { } labels ? [.. rows.Select(row => labels[row])] : null, Folds is { } folds ? [.. rows.Select(row => folds[row])] : null);

    /// <summary>
    /// Sets of different rows as one, in the order of <paramref name="ids"/>; ids that no set has are left out (a holdout predicts a part only).
    /// </summary>
    /// <exception cref="ArgumentException">Classes differ, or a row stands in two sets.</exception>
    public static PredictionSet Join(IReadOnlyList<PredictionSet> sets, IReadOnlyList<string> ids)
    {
        if (sets.FirstOrDefault(set => !set.Classes.SequenceEqual(sets[0].Classes)) is not null) throw new ArgumentException("the sets have different classes");
        var places = new Dictionary<string, (PredictionSet Set, int Row)>(StringComparer.Ordinal);
        foreach (var set in sets)
            for (var row = 0; row < set.Count; row++)
                if (!places.TryAdd(set.Ids[row], (set, row))) throw new ArgumentException($"row '{set.Ids[row]}' stands in two sets");
        var order = ids.Where(places.ContainsKey).ToArray();
        return new(order, sets[0].Classes, [.. order.SelectMany(id => places[id].Set.Row(places[id].Row).ToArray())],
            sets.Any(set => set.Labels is null) ? null : [.. order.Select(id => places[id].Set.Labels![places[id].Row])],
            sets.Any(set => set.Folds is null) ? null : [.. order.Select(id => places[id].Set.Folds![places[id].Row])]);
    }

    /// <summary>The index of the largest value; the lowest index on ties.</summary>
    public static int ArgMax(ReadOnlySpan<double> row)
    {
        var best = 0;
        for (var k = 1; k < row.Length; k++)
            if (row[k] > row[best]) best = k;
        return best;
    }

    /// <summary>Why a row is no probability distribution, or null when it is one.</summary>
    internal static string? FaultOf(ReadOnlySpan<double> row)
    {
        var sum = 0.0;
        foreach (var p in row)
        {
            if (!double.IsFinite(p)) return $"probability {p} is not a finite number; did the training diverge?";
            if (p is < 0 or > 1 + SumTolerance) return $"probability {p} is not between 0 and 1; are these scores without softmax?";
            sum += p;
        }
        return Math.Abs(sum - 1) <= SumTolerance ? null : $"probabilities sum to {sum}, expected 1 within {SumTolerance}";
    }

    static string? FirstTwice(IReadOnlyList<string> names)
    {
        var seen = new HashSet<string>(names.Count);
        foreach (var name in names)
            if (!seen.Add(name)) return name;
        return null;
    }
}
