using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Reads the "normalizer" of a tokenizer.json.</summary>
static class JsonNormalizers
{
    public static Normalizer Read(JsonPart part) => part["type"].Text switch
    {
        "BertNormalizer" => new BertNormalizer(
            part.FlagOf("clean_text", true), part.FlagOf("handle_chinese_chars", true), part.Find("strip_accents")?.Flag, part.FlagOf("lowercase", true)),
        "Lowercase" => new LowercaseNormalizer(),
        "StripAccents" => new StripAccentsNormalizer(),
        "NFC" => new UnicodeNormalizer(NormalizationForm.FormC),
        "NFD" => new UnicodeNormalizer(NormalizationForm.FormD),
        "NFKC" => new UnicodeNormalizer(NormalizationForm.FormKC),
        "NFKD" => new UnicodeNormalizer(NormalizationForm.FormKD),
        "Nmt" => new NmtNormalizer(),
        "Strip" => new StripNormalizer(part.FlagOf("strip_left", true), part.FlagOf("strip_right", true)),
        "Replace" => new ReplaceNormalizer(TextPattern.Read(part["pattern"]), part["content"].Text),
        "Prepend" => new PrependNormalizer(part["prepend"].Text),
        "Precompiled" => new PrecompiledNormalizer(new(Table(part["precompiled_charsmap"]), part.File)),
        TextRulesNormalizer.Type => TextRulesNormalizer.Read(part),
        "Sequence" => new NormalizerSequence([.. part["normalizers"].Items.Select(Read)]),
        _ => throw TokenizerJson.Unsupported(part,
            "BertNormalizer, Lowercase, StripAccents, NFC, NFD, NFKC, NFKD, Nmt, Strip, Replace, Prepend, Precompiled or Sequence"),
    };

    static byte[] Table(JsonPart part)
    {
        try
        {
            return Convert.FromBase64String(part.Text);
        }
        catch (FormatException error)
        {
            throw new DataException(part.File, $"'{part.Place}' is not base64", inner: error);
        }
    }
}

/// <summary>White space off one or both ends.</summary>
sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override void Apply(TextPieces text)
    {
        var old = LowercaseNormalizer.TakeAll(text);
        var (start, end) = (0, old.Length);
        while (left && start < end && CodePoints.IsWhiteSpace(old[start])) start++;
        while (right && end > start && CodePoints.IsWhiteSpace(old[end - 1])) end--;
        text.Append(old[start..end]);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Strip", ["strip_left"] = left, ["strip_right"] = right };
}

/// <summary>One text instead of every match of a pattern.</summary>
sealed class ReplaceNormalizer(TextPattern pattern, string content) : Normalizer
{
    [ThreadStatic] static List<(int Start, int End)>? found;

    public override void Apply(TextPieces text)
    {
        var matches = found ??= [];
        matches.Clear();
        pattern.Find(text.Text, matches);
        if (matches.Count == 0) return;
        var old = LowercaseNormalizer.TakeAll(text);
        var at = 0;
        foreach (var (start, end) in matches)
        {
            text.Append(old[at..start]);
            text.Append(content);
            at = end;
        }
        text.Append(old[at..]);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Replace", ["pattern"] = pattern.ToJson(), ["content"] = content };
}

/// <summary>A text before every stretch that is not empty.</summary>
sealed class PrependNormalizer(string first) : Normalizer
{
    public override void Apply(TextPieces text)
    {
        if (text.Length == 0) return;
        var old = LowercaseNormalizer.TakeAll(text);
        text.Append(first);
        text.Append(old);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Prepend", ["prepend"] = first };
}

/// <summary>Control characters out, blanks of all kinds as one kind: the cleaning of neural machine translation.</summary>
sealed class NmtNormalizer : Normalizer
{
    public override void Apply(TextPieces text)
    {
        foreach (var c in LowercaseNormalizer.TakeAll(text))
            if (c is (>= '\u0001' and <= '\u0008') or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F' or '\u008F' or '\u009F') continue;
            else if (c is '\t' or '\n' or '\f' or '\r' or '\u1680' or (>= '\u200B' and <= '\u200F') or '\u2028' or '\u2029' or '\u2581' or '\uFEFF' or '\uFFFD') text.Append(' ');
            else text.Append(c);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Nmt" };
}

/// <summary>
/// SentencePiece's rules as Hugging Face applies them: to each user-perceived character of fewer than six bytes the shortest rule that begins it, else to each
/// code point of it.
/// </summary>
sealed class PrecompiledNormalizer(CharsMap map) : Normalizer
{
    const int ShortGrapheme = 6;

    public override void Apply(TextPieces text)
    {
        var old = LowercaseNormalizer.TakeAll(text);
        Span<byte> bytes = stackalloc byte[4 * ShortGrapheme];
        for (var i = 0; i < old.Length;)
        {
            var c = old[i];
            if (c < 0x80 && map.IsPlain((byte)c) && (i + 1 == old.Length || old[i + 1] < 0x80))
            {
                text.Append(c);
                i++;
                continue;
            }
            var length = StringInfo.GetNextTextElementLength(old[i..]);
            var grapheme = old.Slice(i, length);
            i += length;
            if (length < ShortGrapheme && Encoding.UTF8.GetBytes(grapheme, bytes) is < ShortGrapheme and var size && Rule(bytes[..size], text)) continue;
            for (var at = 0; at < grapheme.Length;)
            {
                var code = CodePoints.At(grapheme, at, out var chars);
                if (!Rule(bytes[..new Rune(code).EncodeToUtf8(bytes)], text)) text.Append(code);
                at += chars;
            }
        }
    }

    bool Rule(ReadOnlySpan<byte> part, TextPieces to)
    {
        if (map.Shortest(part, out var replacement) == 0) return false;
        to.Append(Encoding.UTF8.GetString(replacement));
        return true;
    }

    public override JsonObject ToJson() => new() { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(map.Bytes) };
}
