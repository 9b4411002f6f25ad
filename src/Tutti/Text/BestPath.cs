namespace Tutti.Text;

/// <summary>
/// The most likely cut of a text into pieces of a unigram model (Viterbi on the way from left to right): SentencePiece's EncodeOptimized and, with sums in
/// double precision, Unigram::encode_optimized of Hugging Face's tokenizers. Of equally good ways to a place the one that starts earliest stays.
/// </summary>
sealed class BestPath
{
    /// <summary>What an unknown character costs beyond the rarest piece.</summary>
    const float UnknownPenalty = 10;

    readonly ByteTrie trie;
    readonly double[] scores;
    readonly float unknownScore, bonus;
    readonly bool[]? userDefined;
    readonly bool single;

    /// <param name="trie">The pieces that may be used, numbered by id.</param>
    /// <param name="scores">Of every id.</param>
    /// <param name="least">The lowest score of a normal piece.</param>
    /// <param name="greatest">The highest; what user-defined pieces, which always win, are reckoned by.</param>
    /// <param name="userDefined">By id, or null where there are none.</param>
    /// <param name="single">Sums are rounded to single precision, as in SentencePiece.</param>
    public BestPath(ByteTrie trie, double[] scores, double least, float greatest, bool[]? userDefined, bool single)
    {
        (this.trie, this.scores, this.userDefined, this.single) = (trie, scores, userDefined, single);
        Unknown = single ? (float)least - UnknownPenalty : least - UnknownPenalty;
        (unknownScore, bonus) = ((float)Unknown, greatest);
    }

    double Unknown { get; }

    /// <summary>A piece of a cut; Id -1 for an unknown character.</summary>
    public readonly record struct Part(int Start, int End, int Id);

    struct Step
    {
        public double Score;
        public int Start, Id;
    }

    [ThreadStatic] static Step[]? steps;

    /// <summary>Appends the pieces of a text in UTF-8, in their order.</summary>
    public void Cut(ReadOnlySpan<byte> text, List<Part> to)
    {
        if (text.IsEmpty) return;
        if (steps is null || steps.Length <= text.Length) steps = new Step[Math.Max(256, text.Length * 5 / 4 + 1)];
        var best = steps.AsSpan(0, text.Length + 1);
        for (var i = 0; i < best.Length; i++) best[i].Start = -1;
        best[0].Score = 0;
        for (var start = 0; start < text.Length;)
        {
            var length = Math.Min(Utf8Length(text[start]), text.Length - start);
            Extend(text, start, length, best);
            start += length;
        }
        var from = to.Count;
        for (var end = text.Length; end > 0; end = best[end].Start) to.Add(new(best[end].Start, end, best[end].Id));
        to.Reverse(from, to.Count - from);
    }

    void Extend(ReadOnlySpan<byte> text, int start, int length, Span<Step> best)
    {
        var before = best[start].Score;
        var alone = false;
        var node = 0;
        for (var i = start; i < text.Length;)
        {
            if ((node = trie.Step(node, text[i++])) < 0) break;
            var id = trie.ValueAt(node);
            if (id < 0) continue;
            var score = userDefined is not null && userDefined[id] ? (i - start) * bonus - 0.1 : scores[id];
            var sum = score + before;
            ref var target = ref best[i];
            if (target.Start < 0 || sum > target.Score) target = new Step { Score = single ? (float)sum : sum, Start = start, Id = id };
            alone |= i - start == length;
        }
        if (alone) return;
        ref var next = ref best[start + length];
        var unknown = single ? (float)(unknownScore + before) : Unknown + before;
        if (next.Start < 0 || unknown > next.Score) next = new Step { Score = unknown, Start = start, Id = -1 };
    }

    static int Utf8Length(byte first) => first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}
