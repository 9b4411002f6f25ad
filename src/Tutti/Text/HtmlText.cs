using System.Globalization;
using System.Text;

namespace Tutti.Text;

/// <summary>Character references of HTML as Python's html.unescape reads them, its leniency included.</summary>
static class HtmlText
{
    const int LongestName = 32;

    /// <summary>What numbers from 0x80 stand for: those of Windows' code page 1252, as browsers take them.</summary>
    const string From80 = "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    public static string Unescape(string text)
    {
        var at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0) return text;
        var result = new StringBuilder(text.Length);
        var from = 0;
        while (at >= 0)
        {
            result.Append(text, from, at - from);
            from = at + Reference(text.AsSpan(at), result);
            at = text.IndexOf('&', from);
        }
        return result.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>Writes what a reference at the beginning stands for, and returns how much of the text was read.</summary>
    static int Reference(ReadOnlySpan<char> text, StringBuilder to)
    {
        if (text is ['&', '#', ..]) return Number(text, to);
        var (end, codes) = (1, 0);
        for (; end < text.Length && codes < LongestName && text[end] is not ('\t' or '\n' or '\f' or ' ' or '<' or '&' or '#' or ';'); codes++)
        {
            CodePoints.At(text, end, out var length);
            end += length;
        }
        var name = text[1..end];
        if (name.IsEmpty)
        {
            to.Append('&');
            return 1;
        }
        var closed = end < text.Length && text[end] == ';';
        if (closed && HtmlNames.Closed.TryGetValue(name, out var value))
        {
            to.Append(value);
            return end + 1;
        }
        for (var length = Math.Min(name.Length, HtmlNames.LongestOpen); length > 1; length--)
            if (HtmlNames.Open.TryGetValue(name[..length], out value))
            {
                to.Append(value);
                return 1 + length;
            }
        to.Append(text[..end]);
        return end;
    }

    static int Number(ReadOnlySpan<char> text, StringBuilder to)
    {
        var hexadecimal = text.Length > 3 && text[2] is 'x' or 'X' && char.IsAsciiHexDigit(text[3]);
        var start = hexadecimal ? 3 : 2;
        var end = start;
        while (end < text.Length && (hexadecimal ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end]))) end++;
        if (end == start)
        {
            to.Append('&');
            return 1;
        }
        var digits = text[start..end].TrimStart('0');
        var number = digits.Length > 7 ? int.MaxValue
            : digits.IsEmpty ? 0
            : int.Parse(digits, hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture);
        Append(number, to);
        return end < text.Length && text[end] == ';' ? end + 1 : end;
    }

    static void Append(int number, StringBuilder to)
    {
        if (number is >= 0x80 and <= 0x9F) to.Append(From80[number - 0x80]);
        else if (number == '\r') to.Append('\r');
        else if (number is 0 or (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF) to.Append('\uFFFD');
        else if (!IsDropped(number)) to.Append(char.ConvertFromUtf32(number));
    }

    /// <summary>Control characters and those that are none.</summary>
    static bool IsDropped(int code) => code is (>= 0x1 and <= 0x8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}
