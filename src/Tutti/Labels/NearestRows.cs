using System.Numerics.Tensors;

namespace Tutti.Labels;

/// <summary>How far apart two rows of numbers are.</summary>
public enum RowDistance
{
    Euclidean,

    /// <summary>1 less the cosine of the angle; a row of zeros is at 1 from all but other rows of zeros.</summary>
    Cosine,
}

/// <summary>The nearest rows of each of some rows, exactly: every pair is compared, block by block, on all threads.</summary>
/// <param name="Rows">For each row its nearest, the nearest first, equal ones by their number.</param>
/// <param name="Distances">Their distances; rows with the same numbers are at 0.</param>
public sealed record NearestRows(int[][] Rows, double[][] Distances)
{
    const int Block = 64;

    /// <summary>Cosine above three dimensions, where the length of an embedding says little; else Euclidean.</summary>
    public static RowDistance Usual(int dimension) => dimension > 3 ? RowDistance.Cosine : RowDistance.Euclidean;

    /// <param name="known">The rows searched, n*dimension numbers.</param>
    /// <param name="dimension">Numbers of a row.</param>
    /// <param name="count">How many to find; fewer where there are not so many.</param>
    /// <param name="distance">How far apart two are; null for the usual one.</param>
    /// <param name="asked">The rows to find neighbours of; null for the known ones, each without itself.</param>
    public static NearestRows Of(double[] known, int dimension, int count, RowDistance? distance = null, double[]? asked = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Check(known, dimension);
        if (asked is not null) Check(asked, dimension);
        var kind = distance ?? Usual(dimension);
        var (left, right) = (Prepared(known, dimension, kind), asked is null ? null : Prepared(asked, dimension, kind));
        var (n, queries) = (known.Length / dimension, (asked ?? known).Length / dimension);
        var (rows, distances) = (new int[queries][], new double[queries][]);
        Parallel.For(0, (queries + Block - 1) / Block, block =>
        {
            var (first, end) = (block * Block, Math.Min(queries, (block + 1) * Block));
            var nearest = new PriorityQueue<int, (double, int)>[end - first];
            for (var i = 0; i < nearest.Length; i++) nearest[i] = new();
            // The known rows of a block stay in the cache while all asked rows of this block meet them.
            for (var other = 0; other < n; other += Block)
                for (var query = first; query < end; query++)
                    for (var row = other; row < Math.Min(n, other + Block); row++)
                        if (right is not null || row != query) Offer(nearest[query - first], count, row, Between(kind, left.AsSpan(row * dimension, dimension), (right ?? left).AsSpan(query * dimension, dimension)));
            for (var query = first; query < end; query++)
            {
                var found = nearest[query - first].UnorderedItems.Select(item => (Distance: -item.Priority.Item1, Row: item.Element)).Order().ToArray();
                rows[query] = [.. found.Select(item => item.Row)];
                distances[query] = [.. found.Select(item => kind == RowDistance.Euclidean ? Math.Sqrt(item.Distance) : item.Distance)];
            }
        });
        return new(rows, distances);
    }

    // The queue gives the farthest first: of equals the last row.
    static void Offer(PriorityQueue<int, (double, int)> nearest, int count, int row, double distance)
    {
        var priority = (-distance, -row);
        if (nearest.Count < count) nearest.Enqueue(row, priority);
        else if (nearest.TryPeek(out _, out var farthest) && priority.CompareTo(farthest) > 0) nearest.EnqueueDequeue(row, priority);
    }

    // Differences and not products of lengths: these would lose the digits that tell near duplicates apart.
    static double Between(RowDistance kind, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        if (kind == RowDistance.Euclidean)
        {
            var distance = TensorPrimitives.Distance(a, b);
            return distance * distance;
        }
        return a.SequenceEqual(b) ? 0 : Math.Max(0, 1 - TensorPrimitives.Dot(a, b));
    }

    static double[] Prepared(double[] values, int dimension, RowDistance kind)
    {
        if (kind == RowDistance.Euclidean) return values;
        var result = new double[values.Length];
        for (var at = 0; at < values.Length; at += dimension)
        {
            ReadOnlySpan<double> row = values.AsSpan(at, dimension);
            var length = TensorPrimitives.Norm(row);
            if (length > 0) TensorPrimitives.Divide(row, length, result.AsSpan(at, dimension));
        }
        return result;
    }

    static void Check(double[] values, int dimension)
    {
        if (values.Length % dimension != 0) throw new ArgumentException($"{values.Length} numbers are no whole rows of {dimension}", nameof(values));
        for (var i = 0; i < values.Length; i++)
            if (!double.IsFinite(values[i])) throw new ArgumentException($"row {i / dimension} has {values[i]}; expected finite numbers", nameof(values));
    }
}
