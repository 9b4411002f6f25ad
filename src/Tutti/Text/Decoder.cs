using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Turns tokens back into stretches of text: the "decoder" of a tokenizer.json.</summary>
abstract class Decoder
{
    /// <summary>Changes the tokens in place; what they are in the end is joined without blanks.</summary>
    public abstract void Apply(List<string> tokens);

    public abstract JsonObject ToJson();

    public string Decode(IEnumerable<string> tokens)
    {
        var parts = tokens.ToList();
        Apply(parts);
        return string.Concat(parts);
    }

    /// <exception cref="DataException">A decoder that is not known.</exception>
    public static Decoder Read(JsonPart part) => part["type"].Text switch
    {
        "WordPiece" => new WordPieceDecoder(part.TextOf("prefix") ?? "##", part.FlagOf("cleanup", true)),
        "ByteLevel" => new ByteLevelDecoder(),
        "Metaspace" => new MetaspaceDecoder(part.TextOf("replacement") is [var sign, ..] ? sign : '\u2581',
            JsonNames.Of(part, "prepend_scheme", part.FlagOf("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never)),
        "BPEDecoder" => new SuffixDecoder(part.TextOf("suffix") ?? "</w>"),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new FuseDecoder(),
        "Strip" => new StripDecoder(part["content"].Text is [var edge] ? edge : throw part["content"].Error("one character"), part["start"].Number, part["stop"].Number),
        "Replace" => new ReplaceDecoder(TextPattern.Read(part["pattern"]), part["content"].Text),
        TextRulesDecoder.Type => new TextRulesDecoder(part.FlagOf("pieces")),
        "Sequence" => new DecoderSequence([.. part["decoders"].Items.Select(Read)]),
        _ => throw TokenizerJson.Unsupported(part, "WordPiece, ByteLevel, Metaspace, BPEDecoder, ByteFallback, Fuse, Strip, Replace or Sequence"),
    };
}

/// <summary>A blank before every token that does not continue a word; with clean-up none before punctuation.</summary>
sealed class WordPieceDecoder(string prefix, bool cleanup) : Decoder
{
    static readonly (string From, string To)[] cleaning =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public override void Apply(List<string> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (i > 0) token = prefix.Length > 0 && token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            if (cleanup)
                foreach (var (from, to) in cleaning) token = token.Replace(from, to, StringComparison.Ordinal);
            tokens[i] = token;
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "WordPiece", ["prefix"] = prefix, ["cleanup"] = cleanup };
}

/// <summary>The bytes that GPT-2's characters stand for.</summary>
sealed class ByteLevelDecoder : Decoder
{
    public override void Apply(List<string> tokens)
    {
        var text = ByteLevel.Decode(string.Concat(tokens));
        tokens.Clear();
        tokens.Add(text);
    }

    public override JsonObject ToJson() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = true, ["use_regex"] = true };
}

/// <summary>Blanks for the sign, but for the one that was put before the text.</summary>
sealed class MetaspaceDecoder(char sign, PrependScheme scheme) : Decoder
{
    public override void Apply(List<string> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
            tokens[i] = i == 0 && scheme != PrependScheme.Never ? tokens[i].Replace(sign.ToString(), "", StringComparison.Ordinal) : tokens[i].Replace(sign, ' ');
    }

    public override JsonObject ToJson() => new Metaspace(sign, scheme).ToJson();
}

/// <summary>A blank for the sign that ends a word, none at the very end.</summary>
sealed class SuffixDecoder(string suffix) : Decoder
{
    public override void Apply(List<string> tokens)
    {
        for (var i = 0; i < tokens.Count && suffix.Length > 0; i++) tokens[i] = tokens[i].Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal);
    }

    public override JsonObject ToJson() => new() { ["type"] = "BPEDecoder", ["suffix"] = suffix };
}

/// <summary>Runs of tokens such as &lt;0xE2&gt; as the text that their bytes are, or U+FFFD for each where they are none.</summary>
sealed class ByteFallbackDecoder : Decoder
{
    static readonly UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public override void Apply(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        var bytes = new List<byte>();
        foreach (var token in tokens)
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) bytes.Add(value);
            else
            {
                Flush();
                result.Add(token);
            }
        Flush();
        tokens.Clear();
        tokens.AddRange(result);

        void Flush()
        {
            if (bytes.Count == 0) return;
            try
            {
                result.Add(strict.GetString([.. bytes]));
            }
            catch (DecoderFallbackException)
            {
                result.Add(new string('\uFFFD', bytes.Count));
            }
            bytes.Clear();
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "ByteFallback" };
}

/// <summary>All tokens as one, so that what follows sees the whole.</summary>
sealed class FuseDecoder : Decoder
{
    public override void Apply(List<string> tokens)
    {
        var all = string.Concat(tokens);
        tokens.Clear();
        tokens.Add(all);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Fuse" };
}

/// <summary>Up to so many of one character off the ends of every token.</summary>
sealed class StripDecoder(char content, int start, int stop) : Decoder
{
    public override void Apply(List<string> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i].AsSpan();
            for (var n = 0; n < start && token is [var first, ..] && first == content; n++) token = token[1..];
            for (var n = 0; n < stop && token is [.., var last] && last == content; n++) token = token[..^1];
            tokens[i] = token.ToString();
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "Strip", ["content"] = content.ToString(), ["start"] = start, ["stop"] = stop };
}

/// <summary>One text instead of every match in every token.</summary>
sealed class ReplaceDecoder(TextPattern pattern, string content) : Decoder
{
    public override void Apply(List<string> tokens)
    {
        var replace = new ReplaceNormalizer(pattern, content);
        for (var i = 0; i < tokens.Count; i++) tokens[i] = replace.Normalize(tokens[i]);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Replace", ["pattern"] = pattern.ToJson(), ["content"] = content };
}

sealed class DecoderSequence(IReadOnlyList<Decoder> steps) : Decoder
{
    public override void Apply(List<string> tokens)
    {
        foreach (var step in steps) step.Apply(tokens);
    }

    public override JsonObject ToJson() => new() { ["type"] = "Sequence", ["decoders"] = new JsonArray([.. steps.Select(step => step.ToJson())]) };
}
