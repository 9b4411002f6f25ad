namespace Tutti.Training;

/// <summary>Which process computes which examples: known to all of them without a word, because all know the update.</summary>
static class Shares
{
    /// <summary>
    /// The share of one process: from the longest to the shortest, each example goes to the process that has the fewest tokens so far (the lowest among equals). Shares differ by at most the longest
    /// example; a process may have none.
    /// </summary>
    /// <param name="examples">Of an update, or held-out rows.</param>
    /// <param name="rank">The process.</param>
    /// <param name="ranks">All processes.</param>
    /// <returns>Places in <paramref name="examples"/>, rising.</returns>
    public static int[] Of(IReadOnlyList<Example> examples, int rank, int ranks)
    {
        var least = new PriorityQueue<int, (long Tokens, int Rank)>();
        for (var r = 0; r < ranks; r++) least.Enqueue(r, (0, r));
        List<int> mine = [];
        foreach (var place in Enumerable.Range(0, examples.Count).OrderByDescending(place => examples[place].Length).ThenBy(place => examples[place].Row).ThenBy(place => place))
        {
            least.TryDequeue(out var next, out var has);
            least.Enqueue(next, (has.Tokens + examples[place].Length, next));
            if (next == rank) mine.Add(place);
        }
        mine.Sort();
        return [.. mine];
    }
}
