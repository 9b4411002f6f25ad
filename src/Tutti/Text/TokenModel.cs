using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Turns one word into ids: the "model" of a tokenizer.json. Immutable and thread-safe.</summary>
abstract class TokenModel(Dictionary<string, int> vocabulary)
{
    /// <summary>Ids of the model's own tokens, without those added later.</summary>
    public Dictionary<string, int> Vocabulary => vocabulary;

    public abstract string? UnknownToken { get; }

    public abstract void Encode(ReadOnlySpan<char> word, List<int> ids);

    public abstract JsonObject ToJson();

    /// <summary>The decoder that does what <see cref="Decode"/> does, or null for a blank between tokens.</summary>
    public abstract JsonObject? DecoderJson();

    /// <summary>Joins tokens to a text.</summary>
    public abstract string Decode(IEnumerable<string> tokens);

    /// <summary>The vocabulary in the order of ids, as the files of Hugging Face have it.</summary>
    public JsonObject VocabularyJson()
    {
        var json = new JsonObject();
        foreach (var (token, id) in vocabulary.OrderBy(entry => entry.Value)) json[token] = id;
        return json;
    }
}
