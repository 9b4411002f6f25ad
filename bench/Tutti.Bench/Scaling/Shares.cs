using Tutti.Torch;

namespace Tutti.Bench.Scaling;

/// <summary>How evenly an update's examples can be shared out: rows are whole, and some are long.</summary>
static class Shares
{
    /// <summary>
    /// Each rank's share of the tokens when the longest row left always goes to the rank with the fewest (Graham 1969). Lengths are drawn from those that are given, by a fixed seed.
    /// </summary>
    /// <param name="lengths">Tokens of rows of the data.</param>
    /// <param name="batch">Rows of the update.</param>
    /// <param name="ranks">How many share them; more than rows leave some with nothing.</param>
    public static double[] Of(IReadOnlyList<int> lengths, int batch, int ranks)
    {
        var drawn = RandomStream.Of(1, "rows of an update");
        var loads = new PriorityQueue<int, (long, int)>(Enumerable.Range(0, ranks).Select(rank => (rank, (0L, rank))));
        var sums = new long[ranks];
        foreach (var length in Enumerable.Range(0, batch).Select(row => lengths[drawn.Below(row, lengths.Count)]).OrderDescending())
        {
            var rank = loads.Dequeue();
            sums[rank] += length;
            loads.Enqueue(rank, (sums[rank], rank));
        }
        var total = (double)sums.Sum();
        return [.. sums.Select(sum => sum / total)];
    }
}
