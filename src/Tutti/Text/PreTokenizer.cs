using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Cuts a normalised text into words: the "pre_tokenizer" of a tokenizer.json.</summary>
abstract class PreTokenizer
{
    /// <summary>Replaces the pieces by finer ones.</summary>
    public abstract void Cut(TextPieces text);

    public abstract JsonObject ToJson();
}

/// <summary>Cuts at white space and makes every punctuation mark a piece of its own.</summary>
/// <param name="neverCut">Words between white space that are left whole: the special tokens, for the slow reference.</param>
sealed class BertPreTokenizer(IReadOnlySet<string>? neverCut = null) : PreTokenizer
{
    readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>>? whole =
        neverCut is { Count: > 0 } ? neverCut.ToHashSet().GetAlternateLookup<ReadOnlySpan<char>>() : null;

    public override void Cut(TextPieces text)
    {
        foreach (var piece in text.Recut())
        {
            var chars = text[piece];
            var from = 0;                                                   // of the word between white space
            for (var i = 0; i < chars.Length;)
            {
                var c = chars[i];
                var code = c < 0x80 ? c : CodePoints.At(chars, i, out _);
                var length = code < 0x10000 ? 1 : 2;
                if (CodePoints.IsPythonSpace(code))
                {
                    CutWord(text, chars[from..i], piece.Start + from);
                    from = i + length;
                }
                i += length;
            }
            CutWord(text, chars[from..], piece.Start + from);
        }
    }

    void CutWord(TextPieces text, ReadOnlySpan<char> word, int start)
    {
        if (word.IsEmpty) return;
        if (whole is { } set && set.Contains(word))
        {
            text.AddPiece(start, start + word.Length);
            return;
        }
        var from = 0;
        for (var i = 0; i < word.Length;)
        {
            var c = word[i];
            var code = c < 0x80 ? c : CodePoints.At(word, i, out _);
            var length = code < 0x10000 ? 1 : 2;
            if (CodePoints.IsPunctuation(code))
            {
                text.AddPiece(start + from, start + i);
                text.AddPiece(start + i, start + i + length);
                from = i + length;
            }
            i += length;
        }
        text.AddPiece(start + from, start + word.Length);
    }

    public override JsonObject ToJson() => new() { ["type"] = "BertPreTokenizer" };
}

/// <summary>Runs of word characters and runs of other non-space characters: <c>\w+|[^\w\s]+</c>; or, with spaces only, runs of non-space.</summary>
sealed class WhitespacePreTokenizer(bool spacesOnly) : PreTokenizer
{
    public override void Cut(TextPieces text)
    {
        foreach (var piece in text.Recut())
        {
            var chars = text[piece];
            var from = 0;
            var kind = Kind.Space;
            for (var i = 0; i < chars.Length;)
            {
                var code = CodePoints.At(chars, i, out var length);
                var next = CodePoints.IsWhiteSpace(code) ? Kind.Space : spacesOnly || CodePoints.IsWord(code) ? Kind.Word : Kind.Other;
                if (next != kind)
                {
                    if (kind != Kind.Space) text.AddPiece(piece.Start + from, piece.Start + i);
                    from = i;
                    kind = next;
                }
                i += length;
            }
            if (kind != Kind.Space) text.AddPiece(piece.Start + from, piece.Start + piece.Length);
        }
    }

    enum Kind { Space, Word, Other }

    public override JsonObject ToJson() => new() { ["type"] = spacesOnly ? "WhitespaceSplit" : "Whitespace" };
}

sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public IReadOnlyList<PreTokenizer> Steps => steps;

    public override void Cut(TextPieces text)
    {
        foreach (var step in steps) step.Cut(text);
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray([.. steps.Select(step => step.ToJson())]),
    };
}
