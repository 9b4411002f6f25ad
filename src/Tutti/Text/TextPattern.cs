using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tutti.Text;

/// <summary>
/// A pattern of tokenizer.json: a plain string or a regular expression (of Oniguruma; possessive quantifiers are written as atomic groups). Works on code
/// points: one beyond the basic plane is seen as a character of the same category, since .NET sees its halves as letters of no kind.
/// </summary>
sealed class TextPattern
{
    static readonly TimeSpan patience = TimeSpan.FromSeconds(0.25);
    static readonly Dictionary<UnicodeCategory, char> standIns = StandIns();

    readonly string source, file;
    readonly Regex? regex;

    TextPattern(string source, Regex? regex, string file) => (this.source, this.regex, this.file) = (source, regex, file);

    public static TextPattern Read(JsonPart part)
    {
        if (part.IsText) return Literal(part, part.Text);
        if (part.TextOf("String") is { } text) return Literal(part, text);
        var expression = part["Regex"].Text;
        try
        {
            return new(expression, new(Translate(expression), RegexOptions.CultureInvariant, patience), part.File);
        }
        catch (ArgumentException error)
        {
            throw new DataException(part.File, $"'{part.Place}' is the regular expression {expression}, which cannot be used: {error.Message}", inner: error);
        }
    }

    static TextPattern Literal(JsonPart part, string text) => text.Length > 0 ? new(text, null, part.File) : throw part.Error("a text that is not empty");

    public JsonObject ToJson() => new() { [regex is null ? "String" : "Regex"] = source };

    /// <summary>The places of all matches that are not empty, from left to right.</summary>
    /// <exception cref="DataException">The regular expression takes too long.</exception>
    public void Find(ReadOnlySpan<char> text, List<(int Start, int End)> to)
    {
        if (regex is null)
        {
            for (var at = 0; text[at..].IndexOf(source, StringComparison.Ordinal) is >= 0 and var step; at += step + source.Length)
                to.Add((at + step, at + step + source.Length));
            return;
        }
        try
        {
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            {
                foreach (var match in regex.EnumerateMatches(text))
                    if (match.Length > 0) to.Add((match.Index, match.Index + match.Length));
                return;
            }
            var (plain, places) = Flatten(text);
            foreach (var match in regex.EnumerateMatches(plain))
                if (match.Length > 0) to.Add((places[match.Index], places[match.Index + match.Length]));
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new DataException(file, FormattableString.Invariant($"the regular expression {source} took longer than {patience.TotalSeconds} s for one match in a text of {text.Length} characters"), inner: error);
        }
    }

    /// <summary>The text with one char per code point, and where each begins.</summary>
    static (string Plain, List<int> Places) Flatten(ReadOnlySpan<char> text)
    {
        var (plain, places) = (new StringBuilder(text.Length), new List<int>(text.Length + 1));
        for (var i = 0; i < text.Length;)
        {
            var code = CodePoints.At(text, i, out var length);
            places.Add(i);
            plain.Append(code < 0x10000 ? text[i] : standIns.GetValueOrDefault(CodePoints.Category(code), '\uFFFD'));
            i += length;
        }
        places.Add(text.Length);
        return (plain.ToString(), places);
    }

    /// <summary>One character of each category, from scripts that patterns do not name.</summary>
    static Dictionary<UnicodeCategory, char> StandIns()
    {
        var found = new Dictionary<UnicodeCategory, char>();
        for (var c = 0xFFEF; c > 0x2C00; c--)
            if (!char.IsSurrogate((char)c)) found[CharUnicodeInfo.GetUnicodeCategory((char)c)] = (char)c;
        return found;
    }

    /// <summary>Possessive quantifiers (x++, x*+, x?+) as atomic groups.</summary>
    internal static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var groups = new Stack<int>();
        var atom = 0;                                               // where the last atom begins in the result
        for (var i = 0; i < pattern.Length;)
        {
            var c = pattern[i];
            if (c is '*' or '+' or '?' && i + 1 < pattern.Length && pattern[i + 1] == '+' && result.Length > atom)
            {
                result.Insert(atom, "(?>").Append(c).Append(')');
                i += 2;
                continue;
            }
            var length = 1;
            if (c is '*' or '+' or '?' or '{' or '}') { }
            else if (c == ')')
            {
                if (groups.TryPop(out var open)) atom = open;
            }
            else
            {
                if (c == '(') groups.Push(result.Length);
                atom = result.Length;
                length = c == '\\' ? EscapeLength(pattern, i) : c == '[' ? ClassLength(pattern, i) : 1;
            }
            result.Append(pattern, i, length);
            i += length;
        }
        return result.ToString();
    }

    static int EscapeLength(string pattern, int at)
    {
        if (at + 2 < pattern.Length && pattern[at + 1] is 'p' or 'P' && pattern[at + 2] == '{')
            return pattern.IndexOf('}', at) is > 0 and var end ? end + 1 - at : pattern.Length - at;
        return Math.Min(2, pattern.Length - at);
    }

    static int ClassLength(string pattern, int at)
    {
        for (var i = at + 1; i < pattern.Length; i++)
            if (pattern[i] == '\\') i++;
            else if (pattern[i] == ']' && i > at + 1 && !(i == at + 2 && pattern[at + 1] == '^')) return i + 1 - at;
        return pattern.Length - at;
    }
}
