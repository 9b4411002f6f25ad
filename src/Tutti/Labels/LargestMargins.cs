using System.Numerics;

namespace Tutti.Labels;

/// <summary>
/// For each pair of given label and other class, the rows with the largest margin p(other) - p(given), as many as are wanted of the pair; of equal
/// margins the earlier rows. Filled in any order and joined, it holds the same rows.
/// </summary>
sealed class LargestMargins<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // What the limits may miss by their rounding to T; the margins themselves are compared in double.
    static readonly T slack = T.CreateChecked(RowFacts.Slack);

    readonly int k;
    readonly int[] starts;                                    // of pair label * k + other
    readonly int[] sizes;
    readonly double[] margins;                                // a heap each, the least of it first
    readonly int[] rows;
    readonly T[] limits;                                      // what the margin has to reach; infinite where none is wanted

    /// <param name="wanted">Counts with other classes as rows, given labels as columns; the diagonal is not read.</param>
    public LargestMargins(int[,] wanted)
    {
        k = wanted.GetLength(0);
        (starts, sizes, limits) = (new int[(k * k) + 1], new int[k * k], new T[k * k]);
        for (var pair = 0; pair < k * k; pair++)
        {
            var (label, other) = (pair / k, pair % k);
            var count = label == other ? 0 : Math.Max(wanted[other, label], 0);
            starts[pair + 1] = starts[pair] + count;
            limits[pair] = count == 0 ? T.PositiveInfinity : T.NegativeInfinity;
        }
        (margins, rows) = (new double[starts[^1]], new int[starts[^1]]);
    }

    public void Add(int row, int label, ReadOnlySpan<T> values)
    {
        var self = values[label];
        var limit = limits.AsSpan(label * k, k);
        var (given, other) = (new Vector<T>(self - slack), 0);
        for (; other + Vector<T>.Count <= k; other += Vector<T>.Count)
        {
            if (!Vector.GreaterThanOrEqualAny(new Vector<T>(values[other..]), new Vector<T>(limit[other..]) + given)) continue;
            for (var i = other; i < other + Vector<T>.Count; i++) Offer(row, label, i, self, values[i]);
        }
        for (; other < k; other++) Offer(row, label, other, self, values[other]);
    }

    /// <summary>Takes over what another holds.</summary>
    public void Join(LargestMargins<T> another)
    {
        for (var pair = 0; pair < k * k; pair++)
            for (var i = 0; i < another.sizes[pair]; i++) Insert(pair, another.margins[starts[pair] + i], another.rows[starts[pair] + i]);
    }

    public void Flag(bool[] mask)
    {
        for (var pair = 0; pair < k * k; pair++)
            for (var i = 0; i < sizes[pair]; i++) mask[rows[starts[pair] + i]] = true;
    }

    void Offer(int row, int label, int other, T self, T value)
    {
        var pair = (label * k) + other;
        if (starts[pair] < starts[pair + 1] && value >= limits[pair] + self - slack) Insert(pair, double.CreateChecked(value) - double.CreateChecked(self), row);
    }

    void Insert(int pair, double margin, int row)
    {
        var (start, size, most) = (starts[pair], sizes[pair], starts[pair + 1] - starts[pair]);
        if (most == 0) return;
        var at = 0;
        if (size < most)
        {
            at = sizes[pair]++;
            for (; at > 0 && Worse(margin, row, start + ((at - 1) / 2)); at = (at - 1) / 2) Move(start + ((at - 1) / 2), start + at);
        }
        else
        {
            if (Worse(margin, row, start)) return;
            for (var child = 1; child < size; child = (2 * at) + 1)
            {
                if (child + 1 < size && Worse(margins[start + child + 1], rows[start + child + 1], start + child)) child++;
                if (Worse(margin, row, start + child)) break;
                Move(start + child, start + at);
                at = child;
            }
        }
        (margins[start + at], rows[start + at]) = (margin, row);
        if (sizes[pair] == most) limits[pair] = T.CreateChecked(margins[start]);
    }

    void Move(int from, int to) => (margins[to], rows[to]) = (margins[from], rows[from]);
    bool Worse(double margin, int row, int than) => margin < margins[than] || (margin == margins[than] && row > rows[than]);
}
