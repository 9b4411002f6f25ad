using System.Text;

namespace Tutti.Text;

/// <summary>What pieces with scores say about words: expected counts over all cuts (forward and backward sums), counts in the best cuts.</summary>
sealed class UnigramEstimate
{
    /// <param name="Fixed">A single character, which is never left out.</param>
    public readonly record struct Piece(string Text, double Score, bool Fixed);

    /// <summary>Words are summed in so many parts, each in order, so that the result does not depend on the processors.</summary>
    const int Parts = 16;

    readonly List<Piece> pieces;
    readonly double[] scores;
    readonly ByteTrie trie;
    readonly double unknown;

    public UnigramEstimate(List<Piece> pieces)
    {
        this.pieces = pieces;
        scores = [.. pieces.Select(piece => piece.Score)];
        trie = new(pieces.Select((piece, id) => (piece.Text, id)));
        unknown = scores.Min() - 10;
    }

    readonly record struct Arc(int Start, int End, int Piece, double Score);

    /// <summary>How often each piece is expected in the words, over all cuts by their probability.</summary>
    public double[] Expected((byte[] Bytes, long Count)[] words) => Summed(words, (word, count, arcs, into) =>
    {
        Arcs(word, arcs);
        var (before, after) = (new double[word.Length + 1], new double[word.Length + 1]);
        Array.Fill(before, double.NegativeInfinity, 1, word.Length);
        Array.Fill(after, double.NegativeInfinity, 0, word.Length);
        foreach (var arc in arcs) before[arc.End] = LogSum(before[arc.End], before[arc.Start] + arc.Score);
        for (var i = arcs.Count - 1; i >= 0; i--) after[arcs[i].Start] = LogSum(after[arcs[i].Start], after[arcs[i].End] + arcs[i].Score);
        foreach (var arc in arcs)
            if (arc.Piece >= 0) into[arc.Piece] += count * Math.Exp(before[arc.Start] + arc.Score + after[arc.End] - before[^1]);
    });

    /// <summary>How often each piece stands in the best cuts of the words.</summary>
    public double[] Used((byte[] Bytes, long Count)[] words) => Summed(words, (word, count, arcs, into) =>
    {
        Arcs(word, arcs);
        foreach (var piece in Best(word.Length, arcs, without: -1, out _))
            if (piece >= 0) into[piece] += count;
    });

    /// <summary>The pieces that stand for a piece where it is missing.</summary>
    /// <param name="better">Whether they are likelier than the piece itself.</param>
    public List<int> Instead(int piece, out bool better)
    {
        var word = Encoding.UTF8.GetBytes(pieces[piece].Text);
        var arcs = new List<Arc>();
        Arcs(word, arcs);
        var parts = Best(word.Length, arcs, piece, out var score);
        better = score > scores[piece];
        parts.RemoveAll(part => part < 0);
        return parts;
    }

    double[] Summed((byte[] Bytes, long Count)[] words, Action<byte[], long, List<Arc>, double[]> add)
    {
        var parts = new double[Parts][];
        Parallel.For(0, Parts, part =>
        {
            var sums = parts[part] = new double[pieces.Count];
            var arcs = new List<Arc>();
            for (var i = part; i < words.Length; i += Parts) add(words[i].Bytes, words[i].Count, arcs, sums);
        });
        for (var part = 1; part < Parts; part++)
            for (var i = 0; i < parts[0].Length; i++) parts[0][i] += parts[part][i];
        return parts[0];
    }

    /// <summary>All pieces at all places of a word, ordered by their starts; an unknown character is an arc without a piece.</summary>
    void Arcs(byte[] word, List<Arc> arcs)
    {
        arcs.Clear();
        for (var start = 0; start < word.Length;)
        {
            Rune.DecodeFromUtf8(word.AsSpan(start), out _, out var length);
            var alone = false;
            for (int at = start, node = 0; at < word.Length;)
            {
                if ((node = trie.Step(node, word[at++])) < 0) break;
                if (trie.ValueAt(node) is not (>= 0 and var id)) continue;
                arcs.Add(new(start, at, id, scores[id]));
                alone |= at - start == length;
            }
            if (!alone) arcs.Add(new(start, start + length, -1, unknown));
            start += length;
        }
    }

    static List<int> Best(int length, List<Arc> arcs, int without, out double score)
    {
        var best = new (double Score, int Arc)[length + 1];
        for (var i = 1; i <= length; i++) best[i] = (double.NegativeInfinity, -1);
        for (var i = 0; i < arcs.Count; i++)
        {
            var arc = arcs[i];
            var sum = best[arc.Start].Score + arc.Score;
            if (sum > best[arc.End].Score && !(arc.Piece == without && arc.Start == 0 && arc.End == length)) best[arc.End] = (sum, i);
        }
        score = best[length].Score;
        var found = new List<int>();
        for (var at = length; at > 0 && best[at].Arc >= 0; at = arcs[best[at].Arc].Start) found.Add(arcs[best[at].Arc].Piece);
        found.Reverse();
        return found;
    }

    static double LogSum(double a, double b)
    {
        if (double.IsNegativeInfinity(a)) return b;
        var (low, high) = a < b ? (a, b) : (b, a);
        return high + Math.Log(1 + Math.Exp(low - high));
    }
}
