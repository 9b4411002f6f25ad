using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// Cuts a lower-case text into words as spaCy's blank languages do: at white space, then signs off both ends of each word again and again, then inside; exceptions such as don't and z.b. by
/// a list. White space beyond one blank is a word too. One pass; nothing is kept from text to text.
/// </summary>
sealed class WordCutter(WordLanguage language) : PreTokenizer
{
    public const string Type = "TuttiWords";

    /// <summary>Grows whenever texts are cut otherwise.</summary>
    const int Version = 1;

    readonly bool german = language == WordLanguage.De;
    readonly WordExceptions? exceptions = language == WordLanguage.None ? null : WordExceptions.Of(language);

    [ThreadStatic] static Stack<(int Start, int End)>? suffixes;

    public WordLanguage Language => language;

    public override JsonObject ToJson() => new() { ["type"] = Type, ["version"] = Version, ["language"] = JsonNames.Of(language) };

    public static WordCutter Read(JsonPart part)
    {
        if (part["version"].Number != Version) throw part["version"].Error($"{Version}, which this build of Tutti knows");
        return new(JsonNames.Of(part, "language", WordLanguage.En));
    }

    public override void Cut(TextPieces text)
    {
        foreach (var piece in text.Recut())
            if (exceptions is null) CutAtBlanks(text, piece);
            else CutAtSpace(text, piece);
    }

    static void CutAtBlanks(TextPieces text, (int Start, int Length) piece)
    {
        var chars = text[piece];
        for (var from = 0; from < chars.Length;)
        {
            var end = chars[from..].IndexOf(' ') is >= 0 and var next ? from + next : chars.Length;
            text.AddPiece(piece.Start + from, piece.Start + end);
            from = end + 1;
        }
    }

    /// <summary>Runs of white space and of everything else by turns; of white space a blank at its beginning belongs to the word before.</summary>
    void CutAtSpace(TextPieces text, (int Start, int Length) piece)
    {
        var chars = text[piece];
        var start = 0;
        var space = chars.Length > 0 && CodePoints.IsPythonSpace(chars[0]);
        for (var i = 0; i < chars.Length; i++)
        {
            if (CodePoints.IsPythonSpace(chars[i]) == space) continue;
            Emit(start, i);
            start = chars[i] == ' ' ? i + 1 : i;
            space = !space;
        }
        Emit(start, chars.Length);

        void Emit(int from, int to)
        {
            if (space) text.AddPiece(piece.Start + from, piece.Start + to);
            else if (to > from) CutWord(text, piece.Start + from, piece.Start + to);
        }
    }

    void CutWord(TextPieces text, int start, int end)
    {
        var chars = text.Text;
        if (chars[start..end].IndexOfAnyExceptInRange('a', 'z') < 0 && exceptions!.Find(chars[start..end]) is null)
        {
            text.AddPiece(start, end);
            return;
        }
        var first = text.Pieces.Count;
        var behind = suffixes ??= [];
        behind.Clear();
        var (left, right) = OffEnds(text, start, end, behind);
        CutMiddle(text, left, right);
        while (behind.TryPop(out var suffix)) text.AddPiece(suffix.Start, suffix.End);
        if (text.Pieces.Count > first + 1) exceptions!.Join(text, first);
    }

    /// <summary>Takes signs off both ends until none are left or an exception is; what was before is written, what was behind is kept.</summary>
    (int Left, int Right) OffEnds(TextPieces text, int left, int right, Stack<(int Start, int End)> behind)
    {
        var chars = text.Text;
        for (var last = 0; right > left && right - left != last;)
        {
            var word = chars[left..right];
            if (exceptions!.Find(word) is not null) break;
            last = word.Length;
            var prefix = WordAffixes.Prefix(word, german);
            if (prefix > 0 && prefix < word.Length && exceptions.Find(word[prefix..]) is not null)
            {
                text.AddPiece(left, left + prefix);
                return (left + prefix, right);
            }
            var suffix = WordAffixes.Suffix(word[prefix..], german);
            if (suffix > 0 && suffix < word.Length && exceptions.Find(word[..^suffix]) is not null)
            {
                behind.Push((right - suffix, right));
                return (left, right - suffix);
            }
            text.AddPiece(left, left + prefix);
            if (suffix > 0) behind.Push((right - suffix, right));
            (left, right) = (left + prefix, right - suffix);
        }
        return (left, right);
    }

    void CutMiddle(TextPieces text, int start, int end)
    {
        if (start == end) return;
        var word = text.Text[start..end];
        if (exceptions!.Find(word) is { } parts)
        {
            foreach (var length in parts) text.AddPiece(start, start += length);
            return;
        }
        if (WordAffixes.IsAddress(word))
        {
            text.AddPiece(start, end);
            return;
        }
        var from = 0;
        for (var at = 0; ;)
        {
            var infix = WordAffixes.Infix(word, at, german);
            if (infix.Start == word.Length) break;
            at = infix.End;
            if (infix.Start == 0) continue;                                 // what begins a word does not cut it
            text.AddPiece(start + from, start + infix.Start);
            text.AddPiece(start + infix.Start, start + infix.End);
            from = infix.End;
        }
        text.AddPiece(start + from, end);
    }
}
