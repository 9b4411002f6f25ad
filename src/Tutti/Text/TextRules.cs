using System.Buffers;
using System.Globalization;
using System.Text;

namespace Tutti.Text;

/// <summary>
/// The rules that fastai rewrites a text by before it is cut into words, equal to fastai 2.7 to the last character: what HTML left behind is mended, repetitions and
/// capitals become special tokens, all else lower case. Python's notion of letters, white space and lower case holds, on whole code points.
/// </summary>
public static class TextRules
{
    public const string Unknown = "xxunk", Pad = "xxpad", Begin = "xxbos", End = "xxeos", Field = "xxfld", Repetition = "xxrep", WordRepetition = "xxwrep", Upper = "xxup", Capital = "xxmaj";

    /// <summary>Grows whenever the rules give another text, so that files made by older ones are told apart.</summary>
    public const int Version = 1;

    /// <summary>Fills a vocabulary up to a multiple of 8.</summary>
    public const string Filler = "xxfake";

    /// <summary>The special tokens, in the order of fastai's vocabularies.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } = [Unknown, Pad, Begin, End, Field, Repetition, WordRepetition, Upper, Capital];

    /// <summary>Strings that fix_html replaces before it reads character references, in its order, bugs included.</summary>
    static readonly (string From, string To)[] html =
    [
        ("#39;", "'"), ("amp;", "&"), ("#146;", "'"), ("nbsp;", " "), ("#36;", "$"), ("\\n", "\n"), ("quot;", "'"), ("<br />", "\n"), ("\\\"", "\""), ("<unk>", Unknown), (" @.@ ", "."),
        (" @-@ ", "-"), ("...", " \u2026"),
    ];

    /// <summary>One of these is in each of them.</summary>
    static readonly SearchValues<char> htmlSigns = SearchValues.Create(";\\<@&.");

    /// <summary>All default rules in their order; with <c>xxbos</c> before the text unless told otherwise.</summary>
    public static string Apply(string text, bool begin = true, bool end = false) =>
        Lowercase(ReplaceCapitalized(ReplaceAllCaps(RemoveUselessSpaces(AddSpaces(ReplaceWordRepetitions(ReplaceRepetitions(FixHtml(text))))))), begin, end);

    /// <summary>fix_html: what badly cleaned web pages contain.</summary>
    public static string FixHtml(string text)
    {
        if (text.AsSpan().IndexOfAny(htmlSigns) < 0) return text;
        foreach (var (from, to) in html) text = text.Replace(from, to, StringComparison.Ordinal);
        return HtmlText.Unescape(text);
    }

    /// <summary>replace_rep: a character three times or more in a row becomes <c>xxrep 3 c</c>.</summary>
    public static string ReplaceRepetitions(string text)
    {
        StringBuilder? result = null;
        var copied = 0;
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsSurrogatePair(text, i) ? 2 : 1;
            var end = i + length;
            while (end + length <= text.Length && text.AsSpan(end, length).SequenceEqual(text.AsSpan(i, length)) && !(length == 1 && IsPairAt(text, end))) end += length;
            var count = (end - i) / length;
            if (count > 2 && !CodePoints.IsPythonSpace(text[i]))
            {
                (result ??= new(text.Length + 16)).Append(text, copied, i - copied)
                    .Append(CultureInfo.InvariantCulture, $" {Repetition} {count} ").Append(text, i, length).Append(' ');
                copied = end;
            }
            i = end;
        }
        return result is null ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    static bool IsPairAt(string text, int at) => char.IsHighSurrogate(text[at]) && char.IsSurrogatePair(text, at);

    /// <summary>replace_wrep: a word three times or more in a row becomes <c>xxwrep 3 word</c>.</summary>
    public static string ReplaceWordRepetitions(string text)
    {
        StringBuilder? result = null;
        var copied = 0;
        for (var at = 0; at < text.Length;)
        {
            // A word counts at the very beginning of the text and behind white space that no match before has taken.
            var word = CodePoints.IsPythonSpace(text[at]) ? at + 1 : at == 0 ? 0 : -1;
            var end = word < 0 ? -1 : WordEnd(text, word);
            if (end > word && Repeats(text, word, end, out var behind) is > 0 and var count)
            {
                (result ??= new(text.Length + 16)).Append(text, copied, at - copied)
                    .Append(CultureInfo.InvariantCulture, $" {WordRepetition} {count} ").Append(text, word, end - word).Append(' ');
                if (behind < text.Length)                                   // the character after the words, whatever it is, belongs to the match
                {
                    CodePoints.At(text, behind, out var length);
                    result.Append(text, behind, length);
                    behind += length;
                }
                copied = at = behind;
            }
            else at = end > word ? end : at + 1;
        }
        return result is null ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>How often a word stands in a row, 0 for less than three times, and where the last one ends.</summary>
    static int Repeats(string text, int start, int end, out int behind)
    {
        var word = text.AsSpan(start, end - start);
        var count = 1;
        behind = end;
        while (true)
        {
            var next = behind;
            while (next < text.Length && CodePoints.IsPythonSpace(text[next])) next++;
            if (next == behind || !text.AsSpan(next).StartsWith(word, StringComparison.Ordinal) || WordEnd(text, next + word.Length) > next + word.Length) break;
            count++;
            behind = next + word.Length;
        }
        return count > 2 ? count : 0;
    }

    /// <summary>Where the run of word characters from a place on ends.</summary>
    static int WordEnd(string text, int from)
    {
        while (from < text.Length)
        {
            var code = CodePoints.At(text, from, out var length);
            if (!PythonText.IsWord(code)) break;
            from += length;
        }
        return from;
    }

    /// <summary>spec_add_spaces: blanks around <c>/</c>, <c>#</c> and <c>\</c>.</summary>
    public static string AddSpaces(string text)
    {
        if (text.AsSpan().IndexOfAny('/', '#', '\\') < 0) return text;
        var result = new StringBuilder(text.Length + 16);
        foreach (var c in text)
            if (c is '/' or '#' or '\\') result.Append(' ').Append(c).Append(' ');
            else result.Append(c);
        return result.ToString();
    }

    /// <summary>rm_useless_spaces: one blank for several.</summary>
    public static string RemoveUselessSpaces(string text)
    {
        if (!text.Contains("  ", StringComparison.Ordinal)) return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            if (text[i] != ' ' || i == 0 || text[i - 1] != ' ') result.Append(text[i]);
        return result.ToString();
    }

    /// <summary>replace_all_caps: a word in capitals becomes <c>xxup word</c>.</summary>
    public static string ReplaceAllCaps(string text) => ReplaceWords(text, Upper, rest => rest.IndexOfAnyInRange('a', 'z') < 0);

    /// <summary>replace_maj: a word that begins with its only capital becomes <c>xxmaj word</c>.</summary>
    public static string ReplaceCapitalized(string text) => ReplaceWords(text, Capital, rest => rest.IndexOfAnyInRange('A', 'Z') < 0);

    delegate bool RestIs(ReadOnlySpan<char> rest);

    /// <summary>Lower-cases words between white space that begin with one of A to Z; those of more than one character get a token before them.</summary>
    static string ReplaceWords(string text, string token, RestIs matches)
    {
        if (text.AsSpan().IndexOfAnyInRange('A', 'Z') < 0) return text;
        StringBuilder? result = null;
        var copied = 0;
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !CodePoints.IsPythonSpace(text[end])) end++;
            if (end > start && char.IsAsciiLetterUpper(text[start]) && matches(text.AsSpan(start + 1, end - start - 1)))
            {
                (result ??= new(text.Length + 64)).Append(text, copied, start - copied);
                if (end - start > 1) result.Append(token).Append(' ');
                PythonText.AppendLower(text.AsSpan(start, end - start), result);
                copied = end;
            }
            start = end + 1;
        }
        return result is null ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>lowercase: all lower case, without white space at the ends, with the tokens that begin and end a text.</summary>
    public static string Lowercase(string text, bool begin = true, bool end = false) =>
        string.Concat(begin ? Begin + " " : "", PythonText.Strip(PythonText.Lower(text)), end ? " " + End : "");

    /// <summary>replace_space, which comes after the cut: blanks inside a token become U+2581.</summary>
    public static string ReplaceSpace(string token) => token.Replace(' ', '\u2581');
}
