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
        var owners = Owners([.. examples.Select(example => (example.Length, example.Row))], ranks);
        return [.. Enumerable.Range(0, examples.Count).Where(place => owners[place] == rank)];
    }

    /// <summary>The process that computes each example.</summary>
    /// <param name="examples">Tokens and row; among equally long ones the rows decide, then the places.</param>
    /// <param name="ranks">All processes.</param>
    public static int[] Owners(IReadOnlyList<(int Tokens, int Row)> examples, int ranks)
    {
        var least = new PriorityQueue<int, (long Tokens, int Rank)>();
        for (var rank = 0; rank < ranks; rank++) least.Enqueue(rank, (0, rank));
        var owners = new int[examples.Count];
        foreach (var place in Enumerable.Range(0, examples.Count).OrderByDescending(place => examples[place].Tokens).ThenBy(place => examples[place].Row).ThenBy(place => place))
        {
            least.TryDequeue(out owners[place], out var has);
            least.Enqueue(owners[place], (has.Tokens + examples[place].Tokens, owners[place]));
        }
        return owners;
    }
}
