using System.Globalization;
using System.Text;

namespace Tutti.Text;

/// <summary>
/// Classes of code points as the reference tokenizers see them. Categories are those of the running .NET (Unicode 16 in .NET 10); the recorded
/// Python values are Unicode 14, so a code point assigned between the two may be kept here and dropped there.
/// </summary>
static class CodePoints
{
    /// <summary>Unicode's White_Space property: <c>\s</c> of Python's regex module and Rust's char::is_whitespace.</summary>
    public static bool IsWhiteSpace(int c) => c switch
    {
        <= 0x20 => c is 0x20 or (>= 0x09 and <= 0x0D),
        < 0x85 => false,
        0x85 or 0xA0 or 0x1680 or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000 => true,
        _ => false,
    };

    /// <summary>What Python's str.split, strip and isspace take for white space: White_Space and the four information separators.</summary>
    public static bool IsPythonSpace(int c) => IsWhiteSpace(c) || c is >= 0x1C and <= 0x1F;

    public static UnicodeCategory Category(int c) => CharUnicodeInfo.GetUnicodeCategory(c);

    /// <summary>BERT's control characters: category C*, unassigned ones included, but for tab and line breaks.</summary>
    public static bool IsControl(int c) => c is not ('\t' or '\n' or '\r')
        && Category(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    /// <summary>BERT's punctuation: category P* and every ASCII sign that is no letter, digit or space.</summary>
    public static bool IsPunctuation(int c) => c < 0x80
        ? c is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        : Category(c) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    public static bool IsLetter(int c) => c < 0x80 ? (uint)((c | 0x20) - 'a') < 26 : Category(c) <= UnicodeCategory.OtherLetter;

    public static bool IsNumber(int c) => c < 0x80
        ? (uint)(c - '0') < 10
        : Category(c) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    public static bool IsMark(int c) => c >= 0x300 && Category(c) == UnicodeCategory.NonSpacingMark;

    /// <summary><c>\w</c> of the Rust regex crate, near enough: alphabetic, mark, decimal number, connector punctuation, joiner.</summary>
    public static bool IsWord(int c) => IsLetter(c) || Category(c) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
        or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
        or UnicodeCategory.EnclosingMark || c is 0x200C or 0x200D;

    /// <summary>The CJK ideograph blocks that BERT sets apart with blanks (not kana, not hangul).</summary>
    public static bool IsIdeograph(int c) => c >= 0x3400 && c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B820 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>
    /// The lower-case form of one code point without regard to its neighbours (no final sigma rule, as the reference). Two code points in one
    /// case only, U+0130, which the simple mapping of .NET leaves alone.
    /// </summary>
    public static string Lower(Rune rune) => rune.Value == 0x130 ? "i\u0307" : Rune.ToLowerInvariant(rune).ToString();

    /// <summary>The code point at an index and how many chars it takes; a lone surrogate reads as U+FFFD.</summary>
    public static int At(ReadOnlySpan<char> text, int index, out int length)
    {
        var c = text[index];
        if (!char.IsSurrogate(c))
        {
            length = 1;
            return c;
        }
        Rune.DecodeFromUtf16(text[index..], out var rune, out length);
        return rune.Value;
    }
}
