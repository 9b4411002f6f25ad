using System.Text.Json;

namespace Tutti.Text;

/// <summary>When a blank is put before a whole text, before special tokens are looked for.</summary>
enum PrefixBlank { No, Always, UnlessSpace }

/// <summary>Everything a tokenizer consists of, as read from its files or trained.</summary>
sealed record TokenizerParts
{
    /// <summary>Hugging Face's name of the kind, such as BertTokenizer, without "Fast".</summary>
    public required string ClassName { get; init; }
    public Normalizer? Normalizer { get; init; }
    public PreTokenizer? PreTokenizer { get; init; }
    public required TokenModel Model { get; init; }
    /// <summary>Null: the model's own way.</summary>
    public Decoder? Decoder { get; init; }
    public required SpecialTemplate Template { get; init; }
    public required SpecialTokens Special { get; init; }
    public required IReadOnlyList<AddedToken> Added { get; init; }
    public bool UsesTokenTypes { get; init; }
    public int? ModelMaxLength { get; init; }
    /// <summary>How the files cut long texts where a caller names no length; null: not at all.</summary>
    public Truncation? Truncation { get; init; }
    public PrefixBlank Prefix { get; init; }

    /// <summary>Read from vocabulary files with the rules of the slow reference; else from a tokenizer.json with those of the fast one.</summary>
    public bool Slow { get; init; }
    /// <summary>Further arguments of tokenizer_config.json, written there again.</summary>
    public IReadOnlyDictionary<string, JsonElement> Arguments { get; init; } = new Dictionary<string, JsonElement>();
}
