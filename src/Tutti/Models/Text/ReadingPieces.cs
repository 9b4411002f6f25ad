using Tutti.Nn;

namespace Tutti.Models.Text;

/// <summary>
/// The texts of a batch in pieces, counted from where each text's reading begins; pieces are put together so that all texts end together, as fastai pads them. So a text joins where its first piece is, and
/// only the last pieces are of different lengths.
/// </summary>
sealed class ReadingPieces
{
    /// <param name="Texts">Of the batch, in the order of the packing.</param>
    /// <param name="Keys">What names each one's piece in dropout's keys.</param>
    /// <param name="Packed">Its rows; of <see cref="KeptIds"/> where the piece is kept.</param>
    /// <param name="Ids">(T) packed.</param>
    public sealed record Part(long[] Texts, long[] Keys, PackedSequences Packed, long[] Ids);

    readonly TokenBatch batch;
    readonly int[] starts, kept, keptStarts;
    readonly int length;
    readonly bool backward;

    /// <param name="batch">The texts.</param>
    /// <param name="keptOf">How many tokens of a text of some length are kept: whole pieces at the end of its reading.</param>
    /// <param name="length">Tokens of a piece.</param>
    /// <param name="backward">Texts are read from their last token on.</param>
    public ReadingPieces(TokenBatch batch, Func<int, int> keptOf, int length, bool backward)
    {
        (this.batch, this.length, this.backward) = (batch, length, backward);
        (starts, kept) = (Starts(batch.Lengths), Array.ConvertAll(batch.Lengths, length => keptOf(length)));
        keptStarts = Starts(kept);
        KeptIds = [.. Enumerable.Range(0, batch.Count).SelectMany(i => batch.Ids.AsSpan(starts[i] + (backward ? 0 : batch.Lengths[i] - kept[i]), kept[i]).ToArray()).Select(id => (long)id)];
        for (var fromEnd = batch.Lengths.Max(Count) - 1; fromEnd >= 0; fromEnd--)
        {
            int[] here = [.. Enumerable.Range(0, batch.Count).Where(i => Count(batch.Lengths[i]) > fromEnd)];
            Add(Dropped, [.. here.Where(i => !IsKept(i, fromEnd))], fromEnd, false);
            Add(Kept, [.. here.Where(i => IsKept(i, fromEnd))], fromEnd, true);
        }
        Places = new long[KeptIds.Length];
        foreach (var (row, place) in Kept.SelectMany(part => part.Packed.Rows).Select((row, place) => (row, place))) Places[row] = place;
    }

    /// <summary>The ids of all kept tokens, text after text.</summary>
    public long[] KeptIds { get; }

    /// <summary>The pieces that only move the states, in the order of reading; all of a text's before its kept ones.</summary>
    public List<Part> Dropped { get; } = [];

    /// <summary>The pieces that are kept, in the order of reading.</summary>
    public List<Part> Kept { get; } = [];

    /// <summary>Where each kept token is among the rows of all kept pieces.</summary>
    public long[] Places { get; }

    int Count(int tokens) => (int)(((long)tokens + length - 1) / length);

    long Number(int i, int fromEnd) => Count(batch.Lengths[i]) - 1 - fromEnd;

    bool IsKept(int i, int fromEnd) => Number(i, fromEnd) * length >= batch.Lengths[i] - kept[i];

    void Add(List<Part> parts, int[] texts, int fromEnd, bool isKept)
    {
        if (texts.Length == 0) return;
        var begins = Array.ConvertAll(texts, i => (int)(Number(i, fromEnd) * length));
        int[] lengths = [.. texts.Select((i, k) => Math.Min(length, batch.Lengths[i] - begins[k]))];
        int[] first = [.. texts.Select((i, k) =>
        {
            var (start, tokens, begin) = isKept ? (keptStarts[i], kept[i], begins[k] - (batch.Lengths[i] - kept[i])) : (starts[i], batch.Lengths[i], begins[k]);
            return start + (backward ? tokens - begin - lengths[k] : begin);
        })];
        var packed = new PackedSequences(lengths, first, backward);
        parts.Add(new(Array.ConvertAll(packed.Order, k => (long)texts[k]), Array.ConvertAll(packed.Order, k => (batch.Examples[texts[k]] << 32) | Number(texts[k], fromEnd)), packed,
            isKept ? [] : Array.ConvertAll(packed.Rows, row => (long)batch.Ids[row])));
    }

    static int[] Starts(int[] lengths)
    {
        var starts = new int[lengths.Length];
        for (var i = 1; i < lengths.Length; i++) starts[i] = starts[i - 1] + lengths[i - 1];
        return starts;
    }
}
