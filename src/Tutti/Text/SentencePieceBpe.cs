namespace Tutti.Text;

/// <summary>
/// Byte-pair encoding as SentencePiece does it (bpe_model.cc): of all neighbours that together are a piece, the pair with the highest score becomes one, the
/// leftmost of equal ones first. Pieces of type unused serve as steps only and are taken apart again.
/// </summary>
sealed class SentencePieceBpe(ByteTrie trie, IReadOnlyList<Piece> pieces, ByteTrie? userDefined)
{
    struct Symbol
    {
        public int Start, Length, Before, Next;
        public bool Frozen;
    }

    /// <summary>Appends the parts of a normalised text; Id -1 for what is no piece.</summary>
    public void Cut(ReadOnlySpan<byte> text, List<BestPath.Part> to)
    {
        if (text.IsEmpty) return;
        var symbols = Symbols(text);
        var queue = new PriorityQueue<(int Left, int Right, int Size), (float Score, int Left)>(order);
        Dictionary<(int Start, int Length), int>? splits = null;           // how an unused piece was put together: the length of its left part
        for (var i = 1; i < symbols.Length; i++) Propose(text, i - 1, i);
        while (queue.TryDequeue(out var pair, out _))
        {
            ref var left = ref symbols[pair.Left];
            ref var right = ref symbols[pair.Right];
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Size) continue;
            left.Length += right.Length;
            left.Next = right.Next;
            if (right.Next >= 0) symbols[right.Next].Before = pair.Left;
            right.Length = 0;
            Propose(text, left.Before, pair.Left);
            Propose(text, pair.Left, left.Next);
        }
        var open = new Stack<(int Start, int Length)>();
        for (var i = 0; i >= 0; i = symbols[i].Next)
        {
            open.Push((symbols[i].Start, symbols[i].Length));
            while (open.TryPop(out var part)) Emit(text, part.Start, part.Length);
        }

        void Propose(ReadOnlySpan<byte> all, int left, int right)
        {
            if (left < 0 || right < 0 || symbols[left].Frozen || symbols[right].Frozen) return;
            var (start, length) = (symbols[left].Start, symbols[left].Length + symbols[right].Length);
            var id = trie.Find(all.Slice(start, length));
            if (id < 0) return;
            queue.Enqueue((left, right, length), (pieces[id].Score, left));
            if (pieces[id].Type == PieceType.Unused) (splits ??= [])[(start, length)] = symbols[left].Length;
        }

        void Emit(ReadOnlySpan<byte> all, int start, int length)
        {
            var id = trie.Find(all.Slice(start, length));
            if (id >= 0 && pieces[id].Type == PieceType.Unused && splits is not null && splits.TryGetValue((start, length), out var split))
            {
                open.Push((start + split, length - split));
                open.Push((start, split));
            }
            else to.Add(new(start, start + length, id));
        }
    }

    static readonly Comparer<(float Score, int Left)> order =
        Comparer<(float Score, int Left)>.Create((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Left.CompareTo(b.Left));

    /// <summary>The characters of a text; a user-defined piece is one and never merges.</summary>
    Symbol[] Symbols(ReadOnlySpan<byte> text)
    {
        var symbols = new List<Symbol>(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var length = Character(text[at..], userDefined, out var frozen);
            symbols.Add(new Symbol { Start = at, Length = length, Before = symbols.Count - 1, Next = symbols.Count + 1, Frozen = frozen });
            at += length;
        }
        var result = symbols.ToArray();
        result[^1].Next = -1;
        return result;
    }

    /// <summary>The length of the user-defined piece, else of the character, at the start of a text.</summary>
    public static int Character(ReadOnlySpan<byte> text, ByteTrie? userDefined, out bool found)
    {
        var length = userDefined?.LongestAt(text) ?? 0;
        found = length > 0;
        if (found) return length;
        System.Text.Rune.DecodeFromUtf8(text, out _, out length);
        return length;
    }
}
