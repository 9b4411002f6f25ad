using System.Numerics;
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

    /// <summary>Asked rows that meet a known one at a time: what is read of it then serves all.</summary>
    const int Together = 4;

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
        Check(known, dimension);
        if (asked is not null) Check(asked, dimension);
        var kind = distance ?? Usual(dimension);
        var n = known.Length / dimension;
        double[] all = asked is null ? known : [.. known, .. asked];
        int[] queries = asked is null ? [.. Enumerable.Range(0, n)] : [.. Enumerable.Range(n, asked.Length / dimension)];
        return kind == RowDistance.Euclidean ? Among(all, dimension, count, queries, 0, n, Math.Sqrt) : Among(Directions(all, dimension), dimension + 1, count, queries, 0, n, OfDirections);
    }

    /// <summary>1 less the cosine of the angle between rows of length 1, from their squared distance.</summary>
    internal static double OfDirections(double square) => square / 2;

    /// <summary>
    /// The neighbours of some rows among others of the same array; no row is its own. Each is found by itself, so that the answer is the same for any number of threads.
    /// </summary>
    /// <param name="values">Rows of finite numbers.</param>
    /// <param name="dimension">Numbers of a row.</param>
    /// <param name="count">How many to find; fewer where there are not so many.</param>
    /// <param name="asked">The rows to find neighbours of.</param>
    /// <param name="first">The first of the rows that are searched.</param>
    /// <param name="end">Behind the last of them.</param>
    /// <param name="distance">Of two rows, from the square of their Euclidean one; must rise with it.</param>
    /// <param name="threads">At most so many; -1: one a processor.</param>
    internal static NearestRows Among<T>(T[] values, int dimension, int count, int[] asked, int first, int end, Func<double, double> distance, int threads = -1) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var (rows, distances) = (new int[asked.Length][], new double[asked.Length][]);
        Parallel.For(0, (asked.Length + Block - 1) / Block, new ParallelOptions { MaxDegreeOfParallelism = threads }, block =>
        {
            var queries = asked.AsSpan(block * Block, Math.Min(Block, asked.Length - (block * Block)));
            var nearest = new NearestSoFar[queries.Length];
            for (var i = 0; i < nearest.Length; i++) nearest[i] = new(count);
            Span<double> squares = stackalloc double[Together];
            // The known rows of a block stay in the cache while all asked rows of this block meet them.
            for (var other = first; other < end; other += Block)
                for (var query = 0; query < queries.Length; query += Together)
                    for (var row = other; row < Math.Min(end, other + Block); row++)
                    {
                        Squares(values, dimension, row, queries[query..], squares);
                        for (var i = query; i < Math.Min(query + Together, queries.Length); i++)
                            if (row != queries[i]) nearest[i].Offer(row, squares[i - query]);
                    }
            for (var i = 0; i < nearest.Length; i++) (rows[(block * Block) + i], distances[(block * Block) + i]) = (nearest[i].Rows, Array.ConvertAll(nearest[i].Squares, square => distance(square)));
        });
        return new(rows, distances);
    }

    // Squared distances of a row from the first few asked ones. Differences and not products of lengths: these would lose the digits that tell near duplicates apart.
    // Every pair is summed in one order, whichever of the two is asked and whoever stands beside it.
    static void Squares<T>(T[] values, int dimension, int row, ReadOnlySpan<int> asked, Span<double> squares) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<T> known = values.AsSpan(row * dimension, dimension), a = Of(asked[0]), b = Of(asked[Math.Min(1, asked.Length - 1)]), c = Of(asked[Math.Min(2, asked.Length - 1)]), d = Of(asked[Math.Min(3, asked.Length - 1)]);
        Vector<T> sumA = Vector<T>.Zero, sumB = sumA, sumC = sumA, sumD = sumA;
        var i = 0;
        for (; i + Vector<T>.Count <= dimension; i += Vector<T>.Count)
        {
            var x = new Vector<T>(known[i..]);
            Vector<T> farA = x - new Vector<T>(a[i..]), farB = x - new Vector<T>(b[i..]), farC = x - new Vector<T>(c[i..]), farD = x - new Vector<T>(d[i..]);
            sumA += farA * farA;
            sumB += farB * farB;
            sumC += farC * farC;
            sumD += farD * farD;
        }
        squares[0] = Sum(sumA, known, a);
        squares[1] = Sum(sumB, known, b);
        squares[2] = Sum(sumC, known, c);
        squares[3] = Sum(sumD, known, d);

        ReadOnlySpan<T> Of(int place) => values.AsSpan(place * dimension, dimension);

        double Sum(Vector<T> parts, ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        {
            var sum = Vector.Sum(parts);
            for (var rest = dimension - (dimension % Vector<T>.Count); rest < dimension; rest++) sum += (x[rest] - y[rest]) * (x[rest] - y[rest]);
            return double.CreateChecked(sum);
        }
    }

    // Each row with length 1. A row of zeros points nowhere: it gets a direction of its own, which is square to all others.
    static double[] Directions(double[] values, int dimension)
    {
        var result = new double[values.Length / dimension * (dimension + 1)];
        for (var row = 0; row < values.Length / dimension; row++)
        {
            ReadOnlySpan<double> from = values.AsSpan(row * dimension, dimension);
            var to = result.AsSpan(row * (dimension + 1), dimension + 1);
            var length = TensorPrimitives.Norm(from);
            if (length > 0) TensorPrimitives.Divide(from, length, to);
            else to[dimension] = 1;
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
