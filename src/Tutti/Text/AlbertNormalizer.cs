using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// What ALBERT's slow tokenizer does to a stretch of text before SentencePiece: blanks joined, two marks of a kind as one quotation mark, accents off (NFKD
/// without combining characters), lower case.
/// </summary>
/// <param name="joinSpaces">Runs of white space become one blank, none at the ends.</param>
sealed class AlbertNormalizer(bool joinSpaces, bool keepAccents, bool lowerCase) : Normalizer
{
    public override void Apply(TextPieces text)
    {
        var old = LowercaseNormalizer.TakeAll(text);
        if (Ascii.IsValid(old)) AppendAscii(old, text);
        else text.Append(Fold(old.ToString()));
    }

    void AppendAscii(ReadOnlySpan<char> old, TextPieces to)
    {
        var blank = false;
        for (var i = 0; i < old.Length; i++)
        {
            var c = old[i];
            if (joinSpaces && CodePoints.IsPythonSpace(c))
            {
                blank = to.Length > 0;
                continue;
            }
            if (blank) to.Append(' ');
            blank = false;
            if (c is '`' or '\'' && i + 1 < old.Length && old[i + 1] == c)
            {
                to.Append('"');
                i++;
            }
            else to.Append(lowerCase ? char.ToLowerInvariant(c) : c);
        }
    }

    string Fold(string text)
    {
        if (joinSpaces) text = string.Join(' ', Words(text));
        text = text.Replace("``", "\"", StringComparison.Ordinal).Replace("''", "\"", StringComparison.Ordinal);
        if (!keepAccents)
        {
            text = UnicodeNormalization.Normalize(text, NormalizationForm.FormKD);
            text = string.Concat(text.EnumerateRunes().Where(rune => UnicodeNormalization.CombiningClass(rune.Value) == 0).Select(rune => rune.ToString()));
        }
        return lowerCase ? Lower(text) : text;
    }

    static IEnumerable<string> Words(string text)
    {
        var from = -1;
        for (var i = 0; i <= text.Length; i++)
            if (i == text.Length || CodePoints.IsPythonSpace(text[i]))
            {
                if (from >= 0) yield return text[from..i];
                from = -1;
            }
            else if (from < 0) from = i;
    }

    /// <summary>Python's str.lower of a whole string: a capital sigma at a word's end becomes the final form.</summary>
    internal static string Lower(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var code = CodePoints.At(text, i, out var length);
            result.Append(code == 0x3A3 && EndsWord(text, i) ? "\u03C2" : CodePoints.Lower(new Rune(code)));
            i += length;
        }
        return result.ToString();
    }

    /// <summary>A cased letter before and none after, marks and the like passed over.</summary>
    static bool EndsWord(string text, int at)
    {
        var before = at - 1;
        while (before >= 0 && IsIgnorable(text[before])) before--;
        var after = at + 1;
        while (after < text.Length && IsIgnorable(text[after])) after++;
        return before >= 0 && IsCased(text[before]) && !(after < text.Length && IsCased(text[after]));
    }

    static bool IsCased(char c) => CodePoints.Category(c) <= System.Globalization.UnicodeCategory.TitlecaseLetter;

    static bool IsIgnorable(char c) => c is '\'' or '.' or ':' or '\u00B7' or '\u2019' || CodePoints.Category(c)
        is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.EnclosingMark
        or System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.ModifierLetter or System.Globalization.UnicodeCategory.ModifierSymbol;

    /// <summary>The steps that Hugging Face's fast ALBERT has in its place.</summary>
    public override JsonObject ToJson()
    {
        var steps = new JsonArray(Replace("``"), Replace("''"));
        if (!keepAccents)
        {
            steps.Add((JsonNode)new JsonObject { ["type"] = "NFKD" });
            steps.Add((JsonNode)new StripAccentsNormalizer().ToJson());
        }
        if (lowerCase) steps.Add((JsonNode)new LowercaseNormalizer().ToJson());
        return new() { ["type"] = "Sequence", ["normalizers"] = steps };

        static JsonObject Replace(string marks) => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = marks }, ["content"] = "\"" };
    }
}
