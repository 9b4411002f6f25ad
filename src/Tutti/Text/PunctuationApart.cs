using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Makes every punctuation mark a piece of its own, blanks stay where they are (DeBERTa-v2's split_by_punct; "Punctuation", Isolated).</summary>
sealed class PunctuationApart : PreTokenizer
{
    public override void Cut(TextPieces text)
    {
        foreach (var piece in text.Recut())
        {
            var chars = text[piece];
            var from = 0;
            for (var i = 0; i < chars.Length;)
            {
                var code = CodePoints.At(chars, i, out var length);
                if (CodePoints.IsPunctuation(code))
                {
                    text.AddPiece(piece.Start + from, piece.Start + i);
                    text.AddPiece(piece.Start + i, piece.Start + i + length);
                    from = i + length;
                }
                i += length;
            }
            text.AddPiece(piece.Start + from, piece.Start + piece.Length);
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "Punctuation", ["behavior"] = "Isolated" };
}
