using System.Globalization;
using System.Text;

namespace Tutti.Text;

/// <summary>Which writing a text is in: the Unicode script of its letters (the larger blocks of Scripts.txt; rarer ones are "other").</summary>
static class Scripts
{
    public const string Other = "other letters", Digits = "digits", Signs = "punctuation and symbols", Pieces = "parts of characters", None = "blank";

    // First and last code point, in rising order.
    static readonly (int First, int Last, string Name)[] blocks =
    [
        (0x0041, 0x024F, "Latin"), (0x0250, 0x02AF, "Latin"), (0x0370, 0x03FF, "Greek"), (0x0400, 0x052F, "Cyrillic"), (0x0531, 0x058F, "Armenian"), (0x0591, 0x05FF, "Hebrew"),
        (0x0600, 0x06FF, "Arabic"), (0x0700, 0x074F, "Syriac"), (0x0750, 0x077F, "Arabic"), (0x0780, 0x07BF, "Thaana"), (0x08A0, 0x08FF, "Arabic"), (0x0900, 0x097F, "Devanagari"), (0x0980, 0x09FF, "Bengali"),
        (0x0A00, 0x0A7F, "Gurmukhi"), (0x0A80, 0x0AFF, "Gujarati"), (0x0B00, 0x0B7F, "Oriya"), (0x0B80, 0x0BFF, "Tamil"), (0x0C00, 0x0C7F, "Telugu"), (0x0C80, 0x0CFF, "Kannada"),
        (0x0D00, 0x0D7F, "Malayalam"), (0x0D80, 0x0DFF, "Sinhala"), (0x0E00, 0x0E7F, "Thai"), (0x0E80, 0x0EFF, "Lao"), (0x0F00, 0x0FFF, "Tibetan"), (0x1000, 0x109F, "Myanmar"), (0x10A0, 0x10FF, "Georgian"),
        (0x1100, 0x11FF, "Hangul"), (0x1200, 0x139F, "Ethiopic"), (0x13A0, 0x13FF, "Cherokee"), (0x1780, 0x17FF, "Khmer"), (0x1800, 0x18AF, "Mongolian"), (0x1C90, 0x1CBF, "Georgian"), (0x1D00, 0x1DBF, "Latin"),
        (0x1E00, 0x1EFF, "Latin"), (0x1F00, 0x1FFF, "Greek"), (0x2C60, 0x2C7F, "Latin"), (0x2DE0, 0x2DFF, "Cyrillic"), (0x2E80, 0x2FDF, "Han"), (0x3005, 0x3007, "Han"), (0x3021, 0x3029, "Han"), (0x3040, 0x309F, "Hiragana"),
        (0x30A0, 0x30FF, "Katakana"), (0x3100, 0x312F, "Bopomofo"), (0x3130, 0x318F, "Hangul"), (0x31F0, 0x31FF, "Katakana"), (0x3400, 0x4DBF, "Han"), (0x4E00, 0x9FFF, "Han"), (0xA640, 0xA69F, "Cyrillic"), (0xA720, 0xA7FF, "Latin"),
        (0xAB30, 0xAB6F, "Latin"), (0xAC00, 0xD7FF, "Hangul"), (0xF900, 0xFAFF, "Han"), (0xFB00, 0xFB06, "Latin"), (0xFB1D, 0xFB4F, "Hebrew"), (0xFB50, 0xFDFF, "Arabic"), (0xFE70, 0xFEFF, "Arabic"), (0xFF21, 0xFF5A, "Latin"),
        (0xFF66, 0xFF9F, "Katakana"), (0x20000, 0x323AF, "Han"),
    ];

    /// <summary>The script of most of a text's letters (the first on ties), or what it is made of where it has none.</summary>
    public static string Of(string text)
    {
        Dictionary<string, int> found = [];
        var (digits, signs, pieces) = (false, false, false);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 0xFFFD) pieces = true;
            else if (Rune.IsLetter(rune)) found[OfLetter(rune.Value)] = found.GetValueOrDefault(OfLetter(rune.Value)) + 1;
            else if (Rune.IsDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber) digits = true;
            else if (!Rune.IsWhiteSpace(rune) && !Rune.IsControl(rune)) signs = true;
        }
        return found.Count > 0 ? found.MaxBy(pair => pair.Value).Key : digits ? Digits : pieces ? Pieces : signs ? Signs : None;
    }

    static string OfLetter(int code)
    {
        foreach (var (first, last, name) in blocks)
            if (code <= last) return code >= first ? name : Other;
        return Other;
    }
}
