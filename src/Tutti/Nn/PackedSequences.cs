namespace Tutti.Nn;

/// <summary>Sequences as an LSTM takes them: step after step, of each step those that are that long, the longest first. Nothing is padded.</summary>
sealed class PackedSequences
{
    /// <param name="lengths">Tokens of each, at least 1.</param>
    /// <param name="starts">The row of each one's first token.</param>
    /// <param name="backward">Each is read from its last token on.</param>
    public PackedSequences(IReadOnlyList<int> lengths, IReadOnlyList<int> starts, bool backward)
    {
        Order = [.. Enumerable.Range(0, lengths.Count).OrderByDescending(i => lengths[i])];                  // stable, so that equal batches are packed equally
        Sizes = new long[lengths[Order[0]]];
        foreach (var length in lengths)
            for (var step = 0; step < length; step++) Sizes[step]++;
        Rows = new long[Sizes.Sum()];
        IsTransposed = !backward && Sizes[^1] == lengths.Count && starts.Select((start, i) => start == i * Sizes.Length).All(follows => follows);
        Owners = new long[Rows.Length];
        var at = 0;
        for (var step = 0; step < Sizes.Length; step++)
            for (var place = 0; place < Sizes[step]; place++)
            {
                var i = Order[place];
                Rows[at] = backward ? starts[i] + lengths[i] - 1 - step : starts[i] + step;
                Owners[at++] = place;
            }
    }

    /// <summary>The sequences, longest first.</summary>
    public int[] Order { get; }

    /// <summary>Sequences of each step.</summary>
    public long[] Sizes { get; }

    /// <summary>Where each packed row comes from.</summary>
    public long[] Rows { get; }

    /// <summary>All rows there are stand sequence after sequence, all equally long and read forward: packing is turning a rectangle of rows round.</summary>
    public bool IsTransposed { get; }

    /// <summary>The place in <see cref="Order"/> of each packed row's sequence.</summary>
    public long[] Owners { get; }
}
