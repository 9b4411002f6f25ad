using System.Globalization;
using System.Text;

namespace Tutti.Text;

/// <summary>What Python's strings and regular expressions do to a text: the reference of the text rules.</summary>
static class PythonText
{
    const char Sigma = '\u03A3', SmallSigma = '\u03C3', FinalSigma = '\u03C2';

    /// <summary><c>\w</c>: str.isalnum, which counts letters, digits and numbers of all scripts but no marks, or an underscore.</summary>
    public static bool IsWord(int c) => c < 0x80 ? char.IsAsciiLetterOrDigit((char)c) || c == '_' : CodePoints.IsLetter(c) || CodePoints.IsNumber(c);

    /// <summary>str.lower: full mappings, and the sigma that ends a word.</summary>
    public static string Lower(string text)
    {
        var plain = text.AsSpan().IndexOfAnyExceptInRange('\0', '\x7F') < 0;
        if (plain) return text.AsSpan().IndexOfAnyInRange('A', 'Z') < 0 ? text : text.ToLowerInvariant();
        var result = new StringBuilder(text.Length);
        AppendLower(text, result);
        return result.ToString();
    }

    /// <summary>The same; what stands around the stretch does not count.</summary>
    public static void AppendLower(ReadOnlySpan<char> text, StringBuilder to)
    {
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (c < 0x80) to.Append(char.ToLowerInvariant(c));
            else if (c == Sigma) to.Append(EndsWord(text, i) ? FinalSigma : SmallSigma);
            else if (Rune.DecodeFromUtf16(text[i..], out var rune, out var length) == System.Buffers.OperationStatus.Done)
            {
                if (rune.Value == 0x130) to.Append("i\u0307");
                else to.Append(Rune.ToLowerInvariant(rune).ToString());
                i += length;
                continue;
            }
            else to.Append(c);                                              // half a pair stays as it is
            i++;
        }
    }

    /// <summary>str.strip: white space off both ends.</summary>
    public static string Strip(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && CodePoints.IsPythonSpace(text[start])) start++;
        while (end > start && CodePoints.IsPythonSpace(text[end - 1])) end--;
        return text[start..end];
    }

    /// <summary>Whether a cased letter stands before the place and none after, whatever of no weight is between.</summary>
    static bool EndsWord(ReadOnlySpan<char> text, int at)
    {
        var cased = false;
        for (var i = at; i > 0;)
        {
            Rune.DecodeLastFromUtf16(text[..i], out var rune, out var length);
            i -= length;
            if (IsIgnorable(rune.Value)) continue;
            cased = IsCased(rune.Value);
            break;
        }
        if (!cased) return false;
        for (var i = at + 1; i < text.Length;)
        {
            var code = CodePoints.At(text, i, out var length);
            i += length;
            if (!IsIgnorable(code)) return !IsCased(code);
        }
        return true;
    }

    /// <summary>Unicode's Case_Ignorable.</summary>
    internal static bool IsIgnorable(int c) => c is '\'' or '.' or ':' or '^' or '`' or 0xA8 or 0xAD or 0xAF or 0xB4 or 0xB7 or 0xB8 or 0x387 or 0x55F or 0x5F4
            or 0x2018 or 0x2019 or 0x2024 or 0x2027 or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A
        || c > 0x80 && CodePoints.Category(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
            or UnicodeCategory.ModifierSymbol;

    /// <summary>Unicode's Cased: letters with case, and what only looks like them.</summary>
    internal static bool IsCased(int c) => c < 0x80 ? char.IsAsciiLetter((char)c)
        : CodePoints.Category(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || c is 0xAA or 0xBA or 0x2071 or 0x207F or (>= 0x2160 and <= 0x217F) or (>= 0x24B6 and <= 0x24E9)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
}
