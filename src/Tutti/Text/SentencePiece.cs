using System.Text;

namespace Tutti.Text;

/// <summary>
/// A SentencePiece model at work, without any logic of Hugging Face around it: text to ids and back, equal to SentencePieceProcessor of sentencepiece 0.1.97.
/// Immutable and thread-safe.
/// </summary>
sealed class SentencePiece
{
    readonly SentencePieceFile file;
    readonly ByteTrie trie;
    readonly ByteTrie? userDefined;
    readonly BestPath? unigram;
    readonly SentencePieceBpe? bpe;
    readonly SentencePieceNormalizer normalizer;
    readonly Dictionary<string, int> ids;
    readonly int[] byteIds = [];

    [ThreadStatic] static ByteBuffer? raw, normal;
    [ThreadStatic] static List<BestPath.Part>? parts;

    public SentencePiece(SentencePieceFile file)
    {
        this.file = file;
        var pieces = file.Pieces;
        ids = new(pieces.Count);
        for (var id = 0; id < pieces.Count; id++) ids[pieces[id].Text] = id;
        var usable = Enumerable.Range(0, pieces.Count).Where(id => pieces[id].Type is PieceType.Normal or PieceType.UserDefined or PieceType.Unused);
        // An unused piece is a step of BPE; a unigram model passes it over.
        trie = new(usable.Where(id => file.Model != PieceModel.Unigram || pieces[id].Type != PieceType.Unused).Select(id => (pieces[id].Text, id)));
        var own = usable.Where(id => pieces[id].Type == PieceType.UserDefined).Select(id => (pieces[id].Text, id)).ToArray();
        userDefined = own.Length > 0 ? new(own) : null;
        normalizer = new(file, userDefined);
        if (file.ByteFallback) byteIds = [.. Enumerable.Range(0, 256).Select(b => ids[SentencePieceFile.ByteName(b)])];
        if (file.Model == PieceModel.Unigram) unigram = Unigram(trie, pieces);
        else if (file.Model == PieceModel.Bpe) bpe = new(trie, pieces, userDefined);
    }

    public SentencePieceFile File => file;

    static BestPath Unigram(ByteTrie trie, IReadOnlyList<Piece> pieces)
    {
        var normal = pieces.Where(piece => piece.Type == PieceType.Normal).Select(piece => piece.Score).DefaultIfEmpty(0);
        // The reference starts its search for the greatest at the smallest positive number.
        const float SmallestPositive = 1.17549435e-38f;
        return new(trie, [.. pieces.Select(piece => (double)piece.Score)], normal.Min(), Math.Max(SmallestPositive, normal.Max()),
            pieces.Any(piece => piece.Type == PieceType.UserDefined) ? [.. pieces.Select(piece => piece.Type == PieceType.UserDefined)] : null, single: true);
    }

    /// <summary>The id of a piece; the unknown one where there is none of this text.</summary>
    public int IdOf(string piece) => ids.GetValueOrDefault(piece, file.UnknownId);

    /// <summary>Appends the ids of a text; a run of unknown characters is one unknown piece, or bytes where the model has pieces for them.</summary>
    public void Encode(ReadOnlySpan<char> text, List<int> to)
    {
        var source = raw ??= new();
        source.Clear();
        source.Add(text);
        var buffer = normal ??= new();
        buffer.Clear();
        normalizer.Append(source.Bytes, buffer);
        var cut = parts ??= [];
        cut.Clear();
        Cut(buffer.Bytes, cut);
        var afterUnknown = false;
        foreach (var part in cut)
        {
            // In the BPE, char and word models a piece may be spelled like a control piece, which then it is.
            var id = part.Id >= 0 ? part.Id : unigram is not null ? file.UnknownId : IdOf(Encoding.UTF8.GetString(buffer.Bytes[part.Start..part.End]));
            var unknown = id == file.UnknownId;
            if (unknown && byteIds.Length > 0)
                foreach (var b in buffer.Bytes[part.Start..part.End]) to.Add(byteIds[b]);
            else if (!unknown || !afterUnknown) to.Add(id);
            afterUnknown = unknown;
        }
    }

    void Cut(ReadOnlySpan<byte> text, List<BestPath.Part> to)
    {
        if (unigram is not null) unigram.Cut(text, to);
        else if (bpe is not null) bpe.Cut(text, to);
        else
            for (var at = 0; at < text.Length;)
            {
                var end = at + (file.Model == PieceModel.Char ? SentencePieceBpe.Character(text[at..], userDefined, out _) : WordLength(text[at..]));
                to.Add(new(at, end, trie.Find(text[at..end])));
                at = end;
            }
    }

    int WordLength(ReadOnlySpan<byte> text)
    {
        var space = SentencePieceNormalizer.Space;
        if (file.SpaceAsSuffix) return text.IndexOf(space) is >= 0 and var at ? at + space.Length : text.Length;
        return text[1..].IndexOf(space) is >= 0 and var next ? next + 1 : text.Length;
    }

    /// <summary>The text of ids: blanks for U+2581 but for the first, bytes put together, control pieces left out.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        var (atStart, consumed) = (true, false);
        foreach (var id in ids)
        {
            var piece = file.Pieces[id];
            if (piece.Type == PieceType.Byte)
            {
                bytes.Add(Convert.ToByte(piece.Text[3..5], 16));
                continue;
            }
            AppendBytes(bytes, text);
            if (consumed || text.Length > 0) atStart = false;
            text.Append(Surface(piece, atStart, out consumed));
        }
        AppendBytes(bytes, text);
        return text.ToString();
    }

    string Surface(Piece piece, bool atStart, out bool consumed)
    {
        consumed = false;
        if (piece.Type == PieceType.Control) return "";
        if (piece.Type == PieceType.Unknown) return file.UnknownSurface;
        var text = piece.Text;
        if (atStart && (file.DummyPrefix || file.RemoveExtraSpaces) && text.StartsWith('\u2581'))
        {
            text = text[1..];
            consumed = !file.RemoveExtraSpaces;
        }
        return text.Replace('\u2581', ' ');
    }

    /// <summary>Bytes as text; each that is part of no character becomes U+FFFD.</summary>
    static void AppendBytes(List<byte> bytes, StringBuilder to)
    {
        var rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
        while (!rest.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(rest, out var rune, out var length) == System.Buffers.OperationStatus.Done;
            to.Append(valid ? rune.ToString() : "\uFFFD");
            rest = rest[(valid ? length : 1)..];
        }
        bytes.Clear();
    }
}
