using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Words numbered by their place in a list, as fastai has it; what is not in the list is unknown. Fillers (<c>xxfake</c>) have ids but stand for no word.</summary>
sealed class WordList : TokenModel
{
    public const string Type = "TuttiWordList";

    /// <summary>More characters than any word of a text has that a person wrote.</summary>
    const int LongestWord = 4096;

    readonly string[] words;
    readonly int unknown;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;

    WordList(string[] words, Dictionary<string, int> vocabulary) : base(vocabulary)
    {
        this.words = words;
        unknown = vocabulary[TextRules.Unknown];
        lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The words by id, fillers included.</summary>
    public IReadOnlyList<string> Words => words;

    public override string? UnknownToken => TextRules.Unknown;

    /// <param name="where">The file, for errors.</param>
    /// <exception cref="DataException">A word is there twice or is none, or a special token is missing.</exception>
    public static WordList Of(IReadOnlyList<string> words, string where)
    {
        if (words.Count == 0) throw new DataException(where, "the list of words is empty, expected one word for each id");
        var vocabulary = new Dictionary<string, int>(words.Count);
        for (var id = 0; id < words.Count; id++)
        {
            var word = words[id];
            if (word.Length > LongestWord)
                throw new DataException(where, $"word {id + 1} has {word.Length} characters, at most {LongestWord} are expected; is this a list of words, with one word a line?");
            // Blanks never stand in a word (U+2581 stands for them), so these names cannot meet one.
            if (!vocabulary.TryAdd(word == TextRules.Filler ? $"{word} {id}" : word, id))
                throw new DataException(where, $"word {id + 1}, '{word}', is word {vocabulary[word] + 1} already; each word needs one id");
        }
        foreach (var special in UlmfitTokenizer.Roles.All)
            if (special != TextRules.End && !vocabulary.ContainsKey(special))
                throw new DataException(where, $"the word '{special}' is missing among {words.Count}; expected a list of fastai's, which begins with {string.Join(' ', TextRules.SpecialTokens)}");
        return new([.. words], vocabulary);
    }

    public static WordList Read(JsonPart model) => Of([.. model["vocab"].Items.Select(word => word.Text)], model.File);

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Contains(' ')) word = TextRules.ReplaceSpace(word.ToString());
        ids.Add(lookup.TryGetValue(word, out var id) ? id : unknown);
    }

    public override string Decode(IEnumerable<string> tokens) => string.Join(' ', tokens);

    public override JsonObject ToJson() => new() { ["type"] = Type, ["vocab"] = new JsonArray([.. words.Select(word => JsonValue.Create(word))]) };

    public override JsonObject? DecoderJson() => null;
}
