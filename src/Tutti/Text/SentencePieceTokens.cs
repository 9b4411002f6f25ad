using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// A SentencePiece model with the ids of a Hugging Face class: every stretch of text between special tokens is normalised and cut on its own.
/// </summary>
sealed class SentencePieceTokens : TokenModel
{
    readonly SentencePiece model;
    readonly int[] idOf;
    readonly Normalizer? before;
    readonly Dictionary<int, int[]>? recut;
    readonly Dictionary<string, int> pieceOf;

    [ThreadStatic] static TextPieces? scratch;
    [ThreadStatic] static List<int>? cut;

    /// <param name="idOf">The token id of each piece.</param>
    /// <param name="before">What happens to a stretch before SentencePiece's own normaliser.</param>
    /// <param name="recutsNumbers">ALBERT's way: a piece that ends in a digit and a comma is cut again without the comma.</param>
    public SentencePieceTokens(SentencePiece model, Dictionary<string, int> vocabulary, int[] idOf, Normalizer? before, bool recutsNumbers) : base(vocabulary)
    {
        (this.model, this.idOf, this.before) = (model, idOf, before);
        pieceOf = new(idOf.Length);
        for (var piece = 0; piece < idOf.Length; piece++) pieceOf.TryAdd(model.File.Pieces[piece].Text, piece);
        if (recutsNumbers) recut = RecutNumbers();
    }

    public SentencePieceFile File => model.File;
    public Normalizer? Before => before;
    public bool RecutsNumbers => recut is not null;
    public int UnknownId => idOf[File.UnknownId];
    public override string? UnknownToken => Vocabulary.FirstOrDefault(entry => entry.Value == UnknownId).Key;

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (before is not null)
        {
            var text = scratch ??= new();
            text.Clear();
            text.Append(word);
            before.Apply(text);
            word = text.Text;
        }
        var found = cut ??= [];
        found.Clear();
        model.Encode(word, found);
        foreach (var piece in found)
            if (recut is not null && recut.TryGetValue(piece, out var instead)) ids.AddRange(instead);
            else ids.Add(idOf[piece]);
    }

    /// <summary>What stands for each piece that ends in a digit and a comma (AlbertTokenizer._tokenize); it depends on the piece alone.</summary>
    Dictionary<int, int[]> RecutNumbers()
    {
        var result = new Dictionary<int, int[]>();
        var pieces = File.Pieces;
        var comma = model.IdOf(",");
        for (var id = 0; id < pieces.Count; id++)
        {
            var text = pieces[id].Text;
            if (text.Length < 2 || text[^1] != ',' || CharUnicodeInfo.GetDigitValue(text[^2]) < 0 || pieces[id].Type != PieceType.Normal) continue;
            var again = new List<int>();
            model.Encode(text[..^1].Replace("\u2581", "", StringComparison.Ordinal), again);
            if (again.Count > 0 && text[0] != '\u2581' && pieces[again[0]].Text is ['\u2581', .. var rest])
            {
                if (rest.Length == 0) again.RemoveAt(0);
                else again[0] = model.IdOf(rest);
            }
            result[id] = [.. again.Append(comma).Select(piece => idOf[piece])];
        }
        return result;
    }

    public override string Decode(IEnumerable<string> tokens)
    {
        var text = new StringBuilder();
        var pieces = new List<int>();
        foreach (var token in tokens)
            if (pieceOf.TryGetValue(token, out var piece) && File.Pieces[piece].Type != PieceType.Control) pieces.Add(piece);
            else
            {
                Flush();
                text.Append(text.Length > 0 && text[^1] != ' ' ? " " : "").Append(token).Append(' ');
            }
        Flush();
        return text.ToString().Trim();

        void Flush()
        {
            text.Append(model.Decode(pieces));
            pieces.Clear();
        }
    }

    public override JsonObject ToJson() => FastSentencePiece.Model(this) ?? [];

    public override JsonObject DecoderJson() => FastSentencePiece.Metaspace();
}
