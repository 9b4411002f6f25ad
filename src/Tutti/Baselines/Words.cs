using System.Globalization;
using System.Text;

namespace Tutti.Baselines;

/// <summary>The words of a text as scikit-learn's TfidfVectorizer finds them: lower-cased runs of at least two letters, digits or underscores.</summary>
/// <remarks>Letters and digits are Unicode's categories L and N, code point by code point. Lower case is Unicode's simple mapping: Python's one code point that becomes two (U+0130) stays one.</remarks>
static class Words
{
    /// <summary>Calls <paramref name="found"/> for each word, in order.</summary>
    /// <param name="text">Of any length.</param>
    /// <param name="room">Reused between calls, grown when a word is longer.</param>
    /// <param name="found">Gets the word; it is valid during the call.</param>
    public static void In(string text, ref char[] room, Action<ReadOnlySpan<char>> found)
    {
        var (length, points) = (0, 0);
        for (var i = 0; i < text.Length;)
        {
            if (length + 2 > room.Length) Array.Resize(ref room, 2 * room.Length);
            var c = text[i];
            if (char.IsAscii(c))
            {
                i++;
                if (char.IsAsciiLetterOrDigit(c) || c == '_')
                {
                    room[length++] = c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
                    points++;
                    continue;
                }
            }
            else
            {
                _ = Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var consumed);
                i += consumed;
                if (IsWord(rune))
                {
                    length += Rune.ToLowerInvariant(rune).EncodeToUtf16(room.AsSpan(length));
                    points++;
                    continue;
                }
            }
            if (points > 1) found(room.AsSpan(0, length));
            (length, points) = (0, 0);
        }
        if (points > 1) found(room.AsSpan(0, length));
    }

    // Python's str.isalnum.
    static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
