using System.Collections;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Texts for a recurrent language model: all tokens one after the other, cut into as many parallel streams as an update has examples, and each stream into pieces of a
/// back-propagation length; a piece's answers are its tokens moved by one (fastai's LMDataLoader). The piece that follows in the next update goes on where this one ended.
/// </summary>
public sealed class LanguageStreams : UpdateOrder
{
    readonly IReadOnlyList<Example> texts;
    readonly int streams, length;
    readonly long? seed;
    readonly double jitter;
    readonly int perStream;

    /// <param name="texts">Encoded, not cut.</param>
    /// <param name="streams">Their number: examples per update.</param>
    /// <param name="length">Tokens of a piece; the last piece of an epoch may be shorter.</param>
    /// <param name="seed">Of the order of the texts, which is another one in every epoch, and of the jitter; null: as given, without jitter.</param>
    /// <param name="jitter">Standard deviation of the places where pieces end, in tokens, so that an epoch cuts the streams elsewhere than the one before (Merity et al. 2017, 5). The number of updates does not change.</param>
    /// <exception cref="ArgumentException">There are too few tokens for one of each stream.</exception>
    public LanguageStreams(IReadOnlyList<Example> texts, int streams, int length, long? seed, double jitter = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(streams, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        (this.texts, this.streams, this.length, this.seed, this.jitter) = (texts, streams, length, seed, jitter);
        Tokens = texts.Sum(text => (long)text.Ids.Length);
        if (Tokens > Array.MaxLength) throw new ArgumentException(FormattableString.Invariant($"the texts have {Tokens} tokens, more than an array holds; adapt to a part of them at a time"));
        perStream = (int)((Tokens - 1) / streams);
        if (perStream < 1) throw new ArgumentException(FormattableString.Invariant($"the texts have {Tokens} tokens; {streams} streams need at least {streams + 1}: take a smaller batch, or more text"));
        PerEpoch = (perStream + length - 1) / length;
    }

    /// <summary>Of all texts. What does not fill all streams is left out of an epoch: fewer than there are streams.</summary>
    public long Tokens { get; }

    public override int PerEpoch { get; }
    public override int Streams => streams;

    public override Example Longest => Pieces(1).MaxBy(piece => piece.Length) is var (start, count) ? Cut(All(null), 0, start, count) : throw new InvalidOperationException();

    public override IReadOnlyList<Example[]> Epoch(int epoch) => new Updates(this, All(seed is { } s ? RandomStream.Of(s, "order of texts", epoch) : null), [.. Pieces(epoch)]);

    /// <summary>The index in the texts of every token, in their given order.</summary>
    internal int[] TextOfToken() => [.. texts.SelectMany((text, index) => Enumerable.Repeat(index, text.Ids.Length))];

    /// <summary>Where the first token of a piece stands among all: stream by stream.</summary>
    internal int Place(int stream, int start) => (stream * perStream) + start;

    int[] All(RandomStream? shuffle)
    {
        int[] order = [.. Enumerable.Range(0, texts.Count)];
        shuffle?.Shuffle(order.AsSpan());
        var all = new int[Tokens];
        var at = 0;
        foreach (var index in order)
        {
            texts[index].Ids.CopyTo(all, at);
            at += texts[index].Ids.Length;
        }
        return all;
    }

    // Each end moves by at most a quarter of a piece, so that no piece is empty or more than half as long again.
    internal IEnumerable<(int Start, int Length)> Pieces(int epoch)
    {
        RandomStream? draws = seed is { } s && jitter > 0 ? RandomStream.Of(s, "jitter", epoch) : null;
        for (var (piece, start) = (0, 0); piece < PerEpoch; piece++)
        {
            var end = (piece + 1) * (long)length;
            if (draws is { } j && piece < PerEpoch - 1) end += (long)Math.Round(Math.Clamp(jitter * j.Normal(piece), -length / 4, length / 4));
            if (piece == PerEpoch - 1) end = perStream;
            end = Math.Clamp(end, start + 1, perStream - (PerEpoch - 1 - piece));
            yield return (start, (int)end - start);
            start = (int)end;
        }
    }

    Example Cut(int[] all, int stream, int start, int count)
    {
        var first = Place(stream, start);
        return new(all[first..(first + count)], null, -1, stream) { Answers = all[(first + 1)..(first + count + 1)] };
    }

    /// <summary>The updates of an epoch, made when they are asked for: their examples take twice the memory of the texts.</summary>
    sealed class Updates(LanguageStreams order, int[] all, (int Start, int Length)[] pieces) : IReadOnlyList<Example[]>
    {
        public int Count => pieces.Length;
        public Example[] this[int index] => [.. Enumerable.Range(0, order.streams).Select(stream => order.Cut(all, stream, pieces[index].Start, pieces[index].Length))];
        public IEnumerator<Example[]> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
