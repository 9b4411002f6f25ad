using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench.Scaling;

/// <summary>How evenly an update's examples can be shared out: rows are whole, and some are long.</summary>
static class DrawnShares
{
    /// <summary>Each rank's share of the tokens, as training shares out its updates. Lengths are drawn from those that are given, by a fixed seed.</summary>
    /// <param name="lengths">Tokens of rows of the data.</param>
    /// <param name="batch">Rows of the update.</param>
    /// <param name="ranks">How many share them; more than rows leave some with nothing.</param>
    public static double[] Of(IReadOnlyList<int> lengths, int batch, int ranks)
    {
        var drawn = RandomStream.Of(1, "rows of an update");
        (int Tokens, int Row)[] rows = [.. Enumerable.Range(0, batch).Select(row => (lengths[drawn.Below(row, lengths.Count)], row))];
        var sums = new double[ranks];
        foreach (var ((tokens, _), rank) in rows.Zip(Shares.Owners(rows, ranks))) sums[rank] += tokens;
        var total = sums.Sum();
        return [.. sums.Select(sum => sum / total)];
    }
}
