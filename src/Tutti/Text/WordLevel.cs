using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Every word is one token or unknown; without an unknown token it is passed over.</summary>
sealed class WordLevel : TokenModel
{
    readonly string? unknown;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;

    public WordLevel(Dictionary<string, int> vocabulary, string? unknown) : base(vocabulary)
    {
        this.unknown = unknown;
        lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override string? UnknownToken => unknown;

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (lookup.TryGetValue(word, out var id)) ids.Add(id);
        else if (unknown is not null) ids.Add(Vocabulary[unknown]);
    }

    public override string Decode(IEnumerable<string> tokens) => string.Join(' ', tokens);

    public override JsonObject ToJson() => new() { ["type"] = "WordLevel", ["vocab"] = VocabularyJson(), ["unk_token"] = unknown };

    public override JsonObject? DecoderJson() => null;
}
