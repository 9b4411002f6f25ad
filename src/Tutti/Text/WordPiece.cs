using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// BERT's model: the longest token of the vocabulary at each place, from left to right; a word with an uncovered rest is unknown as a whole.
/// </summary>
sealed class WordPiece : TokenModel
{
    readonly string unknown, prefix;
    readonly int unknownId, longestWord, longestPiece;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> starts, rests;

    /// <param name="longestWord">Words of more code points are unknown.</param>
    public WordPiece(Dictionary<string, int> vocabulary, string unknown, string prefix = "##", int longestWord = 100) : base(vocabulary)
    {
        (this.unknown, this.prefix, this.longestWord) = (unknown, prefix, longestWord);
        unknownId = vocabulary[unknown];
        starts = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        var continuations = new Dictionary<string, int>();
        foreach (var (token, id) in vocabulary)
            if (token.StartsWith(prefix, StringComparison.Ordinal)) continuations[token[prefix.Length..]] = id;
        rests = continuations.GetAlternateLookup<ReadOnlySpan<char>>();
        longestPiece = vocabulary.Keys.Max(token => token.Length);
    }

    public override string UnknownToken => unknown;
    public string Prefix => prefix;

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > longestWord && CountCodePoints(word) > longestWord)
        {
            ids.Add(unknownId);
            return;
        }
        var before = ids.Count;
        for (var at = 0; at < word.Length;)
        {
            var lookup = at == 0 ? starts : rests;
            var length = Math.Min(longestPiece, word.Length - at);
            int id;
            while (!lookup.TryGetValue(word.Slice(at, length), out id))
            {
                if (--length > 0) continue;
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(unknownId);
                return;
            }
            ids.Add(id);
            at += length;
        }
    }

    static int CountCodePoints(ReadOnlySpan<char> word)
    {
        var count = 0;
        foreach (var _ in word.EnumerateRunes()) count++;
        return count;
    }

    public override string Decode(IEnumerable<string> tokens)
    {
        var text = new StringBuilder();
        foreach (var token in tokens)
            if (token.StartsWith(prefix, StringComparison.Ordinal) && text.Length > 0) text.Append(token, prefix.Length, token.Length - prefix.Length);
            else text.Append(text.Length > 0 ? " " : "").Append(token);
        return text.ToString();
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = "WordPiece",
        ["unk_token"] = unknown,
        ["continuing_subword_prefix"] = prefix,
        ["max_input_chars_per_word"] = longestWord,
        ["vocab"] = VocabularyJson(),
    };

    public override JsonObject DecoderJson() => new() { ["type"] = "WordPiece", ["prefix"] = prefix, ["cleanup"] = true };
}
