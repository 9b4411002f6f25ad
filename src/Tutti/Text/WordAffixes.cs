using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Tutti.Text;

/// <summary>
/// What is cut off the ends of a word and where it is cut inside, by the rules of spaCy's blank languages: signs, quotes, currencies, units after numbers, full stops,
/// hyphens between letters. Letters are those of all scripts, where spaCy lists some.
/// </summary>
static partial class WordAffixes
{
    const string Punctuation = "\u2026,:;!?\u00BF\u061F\u00A1()[]{}<>_#*&\u3002\uFF1F\uFF01\uFF0C\u3001\uFF1B\uFF1A\uFF5E\u00B7\u0964\u060C\u06D4\u061B\u066A";
    const string Quotes = "'\"\u201D\u201C`\u2018\u00B4\u2019\u201A,\u201E\u00BB\u00AB\u300C\u300D\u300E\u300F\uFF08\uFF09\u3014\u3015\u3010\u3011\u300A\u300B\u3008\u3009\u2329\u232A\u27E6\u27E7";

    static readonly SearchValues<char> signs = SearchValues.Create(Punctuation + Quotes), quotes = SearchValues.Create(Quotes);

    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> units = new[]
    {
        "km", "km\u00B2", "km\u00B3", "m", "m\u00B2", "m\u00B3", "dm", "dm\u00B2", "dm\u00B3", "cm", "cm\u00B2", "cm\u00B3", "mm", "mm\u00B2", "mm\u00B3", "ha", "\u00B5m", "nm", "yd", "in", "ft",
        "kg", "g", "mg", "\u00B5g", "t", "lb", "oz", "m/s", "km/h", "kmh", "mph", "mbar", "mb", "kb", "gb", "tb", "%",
    }.ToHashSet().GetAlternateLookup<ReadOnlySpan<char>>();

    const int LongestUnit = 4;

    static bool IsIcon(int c) => c >= 0xA6 && CodePoints.Category(c) == UnicodeCategory.OtherSymbol;

    static bool IsLower(int c) => c < 0x80 ? char.IsAsciiLetterLower((char)c) : CodePoints.Category(c) is UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter;
    static bool IsUpper(int c) => c < 0x80 ? char.IsAsciiLetterUpper((char)c) : CodePoints.Category(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.OtherLetter;

    /// <summary>How many characters at the beginning are a word of their own.</summary>
    public static int Prefix(ReadOnlySpan<char> word, bool german)
    {
        var c = word[0];
        if (char.IsAsciiLetterOrDigit(c)) return 0;
        if (german && word is ['`', '`', ..]) return 2;
        if (signs.Contains(c) || c is '\u00A7' or '%' or '=' or '\u2014' or '\u2013') return 1;
        if (c == '+') return word.Length > 1 && char.IsAsciiDigit(word[1]) ? 0 : 1;
        if (c == '.') return Dots(word) is > 1 and var dots ? dots : 0;
        if (c < 0x80) return c == '$' ? 1 : 0;
        var code = CodePoints.At(word, 0, out var length);
        return IsIcon(code) || CodePoints.Category(code) == UnicodeCategory.CurrencySymbol ? length : 0;
    }

    static int Dots(ReadOnlySpan<char> word) => word.IndexOfAnyExcept('.') is >= 0 and var count ? count : word.Length;

    /// <summary>How many characters at the end are a word of their own: the longest such.</summary>
    public static int Suffix(ReadOnlySpan<char> word, bool german)
    {
        if (word.IsEmpty) return 0;
        var c = word[^1];
        if (c == '.') return FullStop(word, german);
        if (char.IsAsciiLetter(c) || c is '\u00B2' or '\u00B3' or '%')
            return c is 's' && word is [.., '\'' or '\u2019', _] && !german ? 2 : Unit(word);
        if (german && (word is [.., '\'', '\''] || c == '/')) return c == '/' ? 1 : 2;
        if (word is [.., '\u2026', '\u2026']) return 2;
        if (c is '\u2014' or '\u2013') return german ? 0 : 1;
        if (signs.Contains(c)) return 1;
        if (c == '+') return word is [.., >= '0' and <= '9', _] ? 1 : 0;
        if (c == '$') return AfterNumber(word, 1);
        if (c < 0x80) return 0;
        Rune.DecodeLastFromUtf16(word, out var rune, out var length);
        return IsIcon(rune.Value) ? length : CodePoints.Category(rune.Value) == UnicodeCategory.CurrencySymbol ? AfterNumber(word, length) : 0;
    }

    static int AfterNumber(ReadOnlySpan<char> word, int length) => word.Length > length && char.IsAsciiDigit(word[^(length + 1)]) ? length : 0;

    static int Unit(ReadOnlySpan<char> word)
    {
        for (var length = Math.Min(LongestUnit, word.Length - 1); length > 0; length--)
            if (char.IsAsciiDigit(word[^(length + 1)]) && units.Contains(word[^length..])) return length;
        return 0;
    }

    /// <summary>An ellipsis, or the stop behind small letters, signs and two capitals; behind a digit in English only (3. is the third in German).</summary>
    static int FullStop(ReadOnlySpan<char> word, bool german)
    {
        var dots = word.Length - 1 - word.LastIndexOfAnyExcept('.');
        if (dots > 1) return dots;
        if (word.Length < 2) return 0;
        Rune.DecodeLastFromUtf16(word[..^1], out var before, out var length);
        var c = before.Value;
        if (AreInitials(word)) return 0;
        if (c < 0x80 && char.IsAsciiDigit((char)c)) return german ? 0 : 1;
        if (IsLower(c) || c is '%' or 0xB2 or '-' or '+' || c < 0x10000 && signs.Contains((char)c)) return 1;
        if (!IsUpper(c) || word.Length < 2 + length) return 0;
        Rune.DecodeLastFromUtf16(word[..^(1 + length)], out var second, out _);
        return IsUpper(second.Value) ? 1 : 0;
    }

    /// <summary>Letters with a full stop each, such as u.s. and z.b., which spaCy keeps whole in capitals only.</summary>
    static bool AreInitials(ReadOnlySpan<char> word)
    {
        if (word.Length < 4 || word.Length % 2 == 1) return false;
        for (var i = 0; i < word.Length; i += 2)
            if (!char.IsLetter(word[i]) || word[i + 1] != '.') return false;
        return true;
    }

    /// <summary>The next place inside a word that is a word of its own, from a place on; an empty one at the end where there is none.</summary>
    public static (int Start, int End) Infix(ReadOnlySpan<char> word, int from, bool german)
    {
        for (var at = from; at < word.Length;)
        {
            var code = CodePoints.At(word, at, out var length);
            var end = CodePoints.IsLetter(code) ? 0 : InfixEnd(word, at, code, length, german);
            if (end > at) return (at, end);
            at += length;
        }
        return (word.Length, word.Length);
    }

    static int InfixEnd(ReadOnlySpan<char> word, int at, int code, int length, bool german)
    {
        if (code == '.' && Dots(word[at..]) is > 1 and var dots) return at + dots;
        if (code == '\u2026' || IsIcon(code)) return at + length;
        if (at == 0 || at + length >= word.Length) return 0;
        Rune.DecodeLastFromUtf16(word[..at], out var rune, out _);
        var (before, after) = (rune.Value, CodePoints.At(word, at + length, out _));
        return german ? GermanInfix(word, at, code, before, after) : EnglishInfix(word, at, code, before, after);
    }

    static int EnglishInfix(ReadOnlySpan<char> word, int at, int code, int before, int after)
    {
        var (letterBefore, letterAfter) = (CodePoints.IsLetter(before), CodePoints.IsLetter(after));
        var digitBefore = before is >= '0' and <= '9';
        if (digitBefore && code is '+' or '-' or '*' or '^' && digitBefore && after is (>= '0' and <= '9') or '-') return at + 1;
        if (code == '.') return (IsLower(before) || IsQuote(before)) && (IsUpper(after) || IsQuote(after)) ? at + 1 : 0;
        if (code == ',') return letterBefore && letterAfter ? at + 1 : 0;
        if (code is ':' or '<' or '>' or '=' or '/') return (letterBefore || digitBefore) && letterAfter ? at + 1 : 0;
        if (code is '~' or '\u2013') return (letterBefore || digitBefore) && letterAfter ? at + 1 : 0;
        if (code is not ('-' or '\u2014') || !(letterBefore || digitBefore)) return 0;
        var end = at;
        while (end < word.Length && word[end] == code && end - at < (code == '-' ? 3 : 2)) end++;
        return end < word.Length && CodePoints.IsLetter(CodePoints.At(word, end, out _)) ? end : 0;
    }

    static int GermanInfix(ReadOnlySpan<char> word, int at, int code, int before, int after)
    {
        var (letterBefore, letterAfter) = (CodePoints.IsLetter(before), CodePoints.IsLetter(after));
        var (digitBefore, digitAfter) = (before is >= '0' and <= '9', after is >= '0' and <= '9');
        if (code == '/') return (letterBefore || digitBefore) && (letterAfter || digitAfter) ? at + 1 : 0;
        if (code == '-' && digitBefore) return digitAfter ? at + 1 : 0;
        if (!letterBefore) return 0;
        if (code == '-' && after == '-') return at + 2 < word.Length && CodePoints.IsLetter(CodePoints.At(word, at + 2, out _)) ? at + 2 : 0;
        if (code == '.') return IsLower(before) && IsUpper(after) ? at + 1 : 0;
        return letterAfter && (code is ',' or '!' or '?' or ':' or '<' or '>' or '=' or '(' or ')' or '[' or ']' || code != '\'' && IsQuote(code)) ? at + 1 : 0;
    }

    static bool IsQuote(int c) => c < 0x10000 && quotes.Contains((char)c);

    /// <summary>Whether a word is an address of a page or of mail, which is not cut; scheme, port and path may be absent, as in example.com.</summary>
    public static bool IsAddress(ReadOnlySpan<char> word) => word.Contains('.') && Address().IsMatch(word);

    [GeneratedRegex(@"^([\w+\-.]{2,}://)?(\S+@)?(\d{1,3}(\.\d{1,3}){3}|([A-Za-z0-9\u00A1-\uFFFF]([A-Za-z0-9\u00A1-\uFFFF_-]*[A-Za-z0-9\u00A1-\uFFFF])?\.)+[\p{Ll}\p{Lo}]{2,63})(:\d{2,5})?([/?#]\S*)?\z",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
