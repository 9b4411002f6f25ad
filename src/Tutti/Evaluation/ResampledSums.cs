using System.Numerics;
using System.Runtime.InteropServices;

namespace Tutti.Evaluation;

/// <summary>
/// Weighted counts and sums of rows in many resamples at once, without the rows: [resample group][cell][resample of the group], so that a row is
/// added to a group of resamples with one vector addition per cell. What comes out does not depend on how rows are cut into chunks.
/// </summary>
/// <param name="counts">Cells that count rows.</param>
/// <param name="sums">Cells that add up a value of each row.</param>
sealed class ResampledSums(PoissonWeights weights, int counts, int sums)
{
    readonly int[] counted = new int[weights.Groups * PoissonWeights.Width * counts];
    readonly double[] summed = new double[weights.Groups * PoissonWeights.Width * sums];
    ulong[] keys = [];

    /// <summary>Adds rows that follow one another.</summary>
    /// <param name="first">The number of the first of them.</param>
    /// <param name="rows">How many.</param>
    /// <param name="countCells">The cells in which each row counts, equally many per row.</param>
    /// <param name="sumCells">The cells to which each row adds, equally many per row.</param>
    /// <param name="values">What it adds to each.</param>
    public void Add(long first, int rows, ReadOnlySpan<int> countCells, ReadOnlySpan<int> sumCells = default, ReadOnlySpan<double> values = default)
    {
        if (keys.Length < rows) keys = new ulong[rows];
        for (var row = 0; row < rows; row++) keys[row] = weights.KeyOf(first + row);
        var (perRow, sumsPerRow) = (countCells.Length / rows, sumCells.Length / rows);
        for (var group = 0; group < weights.Groups; group++)
        {
            var groupCounts = Group(counted, group);
            var groupSums = Group(summed, group);
            for (var row = 0; row < rows; row++)
            {
                var times = weights.Of(keys[row], group);
                foreach (var cell in countCells.Slice(row * perRow, perRow)) groupCounts[cell] += times;
                if (sumsPerRow == 0) continue;
                Vector.Widen(Vector.ConvertToSingle(times), out var low, out var high);
                for (var i = row * sumsPerRow; i < (row + 1) * sumsPerRow; i++)
                {
                    var value = new Vector<double>(values[i]);
                    groupSums[2 * sumCells[i]] += low * value;
                    groupSums[(2 * sumCells[i]) + 1] += high * value;
                }
            }
        }
    }

    public double Count(int cell, int resample) => counted[Place(cell, resample, counts)];

    public double Sum(int cell, int resample) => summed[Place(cell, resample, sums)];

    Span<Vector<T>> Group<T>(T[] cells, int group) where T : struct
    {
        var size = cells.Length / weights.Groups;
        return MemoryMarshal.Cast<T, Vector<T>>(cells.AsSpan(group * size, size));
    }

    static int Place(int cell, int resample, int cells) => (((resample / PoissonWeights.Width * cells) + cell) * PoissonWeights.Width) + (resample % PoissonWeights.Width);
}
