using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// The cleaning of BERT: control characters out, every white space a blank, blanks around ideographs, lower case, accents off. Code point by
/// code point, which equals the reference (slow tokenizer of transformers 4.30, BasicTokenizer) but for the order of two adjacent spacing marks
/// with different combining classes (musical notation).
/// </summary>
/// <param name="stripAccents">null: as <paramref name="lowerCase"/>.</param>
sealed class BertNormalizer(bool cleanText, bool setIdeographsApart, bool? stripAccents, bool lowerCase) : Normalizer
{
    readonly bool strip = stripAccents ?? lowerCase;
    // What each code point of the basic plane becomes, filled on first use; a race writes equal strings. Normalizers of the same settings share
    // one: a file may name many.
    static readonly string?[]?[] tables = new string?[]?[16];
    readonly string?[] table = tables[(cleanText ? 1 : 0) + (setIdeographsApart ? 2 : 0) + (stripAccents ?? lowerCase ? 4 : 0) + (lowerCase ? 8 : 0)] ??= new string?[0x10000];

    public bool LowerCase => lowerCase;
    public bool? StripsAccents => stripAccents;
    public bool SetsIdeographsApart => setIdeographsApart;

    /// <summary>With what tokenizer_config.json says instead, as Hugging Face's BertTokenizerFast takes it.</summary>
    public BertNormalizer With(SideFiles side) => new(cleanText, side.Flag("tokenize_chinese_chars", setIdeographsApart),
        side.Argument("strip_accents")?.Flag ?? stripAccents, side.Flag("do_lower_case", lowerCase));

    public override void Apply(TextPieces text)
    {
        var old = LowercaseNormalizer.TakeAll(text);
        for (var i = 0; i < old.Length;)
        {
            var c = old[i];
            if (c < 0x7F && c >= ' ')
            {
                text.Append(lowerCase && (uint)(c - 'A') < 26 ? (char)(c | 0x20) : c);
                i++;
                continue;
            }
            var code = CodePoints.At(old, i, out var length);
            text.Append(code < table.Length ? table[code] ??= Fold(code) : Fold(code));
            i += length;
        }
    }

    string Fold(int code)
    {
        if (cleanText)
        {
            if (code is 0 or 0xFFFD || CodePoints.IsControl(code)) return "";
            if (code is '\t' or '\n' or '\r' || CodePoints.Category(code) == System.Globalization.UnicodeCategory.SpaceSeparator) return " ";
        }
        var result = lowerCase ? CodePoints.Lower(new Rune(code)) : new Rune(code).ToString();
        if (strip) result = StripAccents(result);
        return setIdeographsApart && CodePoints.IsIdeograph(code) ? $" {result} " : result;
    }

    static string StripAccents(string text)
    {
        var codes = new List<int>();
        foreach (var rune in text.EnumerateRunes()) UnicodeNormalization.Decompose(rune.Value, compat: false, codes);
        return string.Concat(codes.Where(code => !CodePoints.IsMark(code)).Select(code => new Rune(code).ToString()));
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = "BertNormalizer",
        ["clean_text"] = cleanText,
        ["handle_chinese_chars"] = setIdeographsApart,
        ["strip_accents"] = stripAccents,
        ["lowercase"] = lowerCase,
    };
}
