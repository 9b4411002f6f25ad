using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// Byte-pair encoding: adjacent tokens are merged, the pair with the lowest rank first and all its occurrences from left to right before the next
/// (openai/gpt-2, encoder.py). Words already seen are answered from a bounded cache.
/// </summary>
sealed class Bpe : TokenModel
{
    const int CachedWords = 1 << 16, LongestCached = 48;
    /// <summary>Above this length the quadratic loop gives way to a queue.</summary>
    internal const int ShortWord = 64;

    readonly string? unknown;
    readonly bool fuseUnknown, wholeWordsFirst;
    readonly (string Left, string Right)[] merges;
    readonly Lazy<Dictionary<(int, int), Merge>> table;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    readonly ConcurrentDictionary<string, int[]> cache = new();
    readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> cached;
    int cachedCount;

    readonly record struct Merge(int Rank, int Id);

    /// <summary>Both parts of each merge and their concatenation must be in the vocabulary: the reader checks that and names the row.</summary>
    /// <param name="fuseUnknown">Neighbouring unknown characters give one unknown token.</param>
    /// <param name="wholeWordsFirst">A word in the vocabulary is taken as it is, without merges.</param>
    public Bpe(
        Dictionary<string, int> vocabulary, (string Left, string Right)[] merges, string? unknown, bool fuseUnknown = false, bool wholeWordsFirst = false)
        : base(vocabulary)
    {
        (this.merges, this.unknown, this.fuseUnknown, this.wholeWordsFirst) = (merges, unknown, fuseUnknown, wholeWordsFirst);
        table = new(Merges);
        lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        cached = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override string? UnknownToken => unknown;

    /// <summary>What a piece inside a word begins with; null for nothing.</summary>
    public string? Prefix { get; init; }
    /// <summary>What the last piece of a word ends with; null for nothing.</summary>
    public string? Suffix { get; init; }
    /// <summary>Unknown characters become the tokens of their bytes, such as &lt;0xE2&gt;, where the vocabulary has them.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>The piece that two pieces become.</summary>
    public static string Joined(string left, string right, string? prefix) =>
        prefix is { Length: > 0 } && right.StartsWith(prefix, StringComparison.Ordinal) ? left + right[prefix.Length..] : left + right;

    Dictionary<(int, int), Merge> Merges()
    {
        var found = new Dictionary<(int, int), Merge>(merges.Length);
        for (var rank = 0; rank < merges.Length; rank++)
        {
            var (left, right) = merges[rank];
            found[(Vocabulary[left], Vocabulary[right])] = new(rank, Vocabulary[Joined(left, right, Prefix)]);
        }
        return found;
    }

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > LongestCached)
        {
            ids.AddRange(Merged(word));
            return;
        }
        if (!cached.TryGetValue(word, out var found))
        {
            found = Merged(word);
            if (Volatile.Read(ref cachedCount) < CachedWords && cached.TryAdd(word, found)) Interlocked.Increment(ref cachedCount);
        }
        ids.AddRange(found);
    }

    int[] Merged(ReadOnlySpan<char> word)
    {
        if (wholeWordsFirst && lookup.TryGetValue(word, out var whole)) return [whole];
        // Unknown characters are told apart by negative numbers, so that no merge sees them.
        var parts = new List<int>(word.Length);
        for (var i = 0; i < word.Length;)
        {
            CodePoints.At(word, i, out var length);
            AddCharacter(word.Slice(i, length), i == 0, i + length == word.Length, parts);
            i += length;
        }
        if (parts.Count > ShortWord) MergeLong(parts);
        else MergeShort(parts);
        return WithUnknown(parts);
    }

    void AddCharacter(ReadOnlySpan<char> character, bool first, bool last, List<int> parts)
    {
        var spelling = (first ? null : Prefix, last ? Suffix : null) is (null, null) ? character : $"{(first ? "" : Prefix)}{character}{(last ? Suffix : "")}";
        if (lookup.TryGetValue(spelling, out var id)) parts.Add(id);
        else if (!ByteFallback || !AddBytes(spelling, parts)) parts.Add(-1);
    }

    bool AddBytes(ReadOnlySpan<char> spelling, List<int> parts)
    {
        var before = parts.Count;
        foreach (var b in Encoding.UTF8.GetBytes(spelling.ToString()))
            if (Vocabulary.TryGetValue(SentencePieceFile.ByteName(b), out var id)) parts.Add(id);
            else
            {
                parts.RemoveRange(before, parts.Count - before);
                return false;
            }
        return true;
    }

    int[] WithUnknown(List<int> parts)
    {
        if (!parts.Contains(-1)) return [.. parts];
        var ids = new List<int>(parts.Count);
        for (var i = 0; i < parts.Count; i++)
            if (parts[i] >= 0) ids.Add(parts[i]);
            else if (unknown is not null && !(fuseUnknown && i > 0 && parts[i - 1] < 0)) ids.Add(Vocabulary[unknown]);
        return [.. ids];
    }

    void MergeShort(List<int> parts)
    {
        while (parts.Count > 1)
        {
            var best = new Merge(int.MaxValue, 0);
            var (left, right) = (0, 0);
            for (var i = 0; i + 1 < parts.Count; i++)
                if (table.Value.TryGetValue((parts[i], parts[i + 1]), out var merge) && merge.Rank < best.Rank)
                    (best, left, right) = (merge, parts[i], parts[i + 1]);
            if (best.Rank == int.MaxValue) return;
            var kept = 0;
            for (var i = 0; i < parts.Count; i++)
            {
                var pair = i + 1 < parts.Count && parts[i] == left && parts[i + 1] == right;
                parts[kept++] = pair ? best.Id : parts[i];
                if (pair) i++;
            }
            parts.RemoveRange(kept, parts.Count - kept);
        }
    }

    /// <summary>
    /// The same merges in the same order in O(n log n): pairs wait in a queue by rank and place; new pairs enter after the pass that made them.
    /// </summary>
    void MergeLong(List<int> parts)
    {
        var (next, before) = (new int[parts.Count], new int[parts.Count]);
        for (var i = 0; i < parts.Count; i++) (next[i], before[i]) = (i + 1, i - 1);
        var queue = new PriorityQueue<(int At, int Left, int Right), (int Rank, int At)>();
        for (var i = 0; i + 1 < parts.Count; i++) Enqueue(i);
        var made = new List<int>();
        while (queue.TryPeek(out _, out var first))
        {
            while (queue.TryPeek(out var pair, out var order) && order.Rank == first.Rank)
            {
                queue.Dequeue();
                var right = next[pair.At];
                if (right >= parts.Count || parts[pair.At] != pair.Left || parts[right] != pair.Right) continue;
                parts[pair.At] = table.Value[(pair.Left, pair.Right)].Id;
                parts[right] = Gone;
                next[pair.At] = next[right];
                if (next[right] < parts.Count) before[next[right]] = pair.At;
                made.Add(pair.At);
            }
            foreach (var at in made)
            {
                if (before[at] >= 0) Enqueue(before[at]);
                Enqueue(at);
            }
            made.Clear();
        }
        parts.RemoveAll(part => part == Gone);

        void Enqueue(int at)
        {
            if (next[at] < parts.Count && table.Value.TryGetValue((parts[at], parts[next[at]]), out var merge))
                queue.Enqueue((at, parts[at], parts[next[at]]), (merge.Rank, at));
        }
    }

    const int Gone = -2;

    public override string Decode(IEnumerable<string> tokens)
    {
        var text = new StringBuilder();
        foreach (var token in tokens) text.Append(token);
        return ByteLevel.Decode(text.ToString());
    }

    /// <summary>The merges as merges.txt has them, without the version line.</summary>
    public IEnumerable<string> MergeLines => merges.Select(merge => $"{merge.Left} {merge.Right}");

    public override JsonObject ToJson() => new()
    {
        ["type"] = "BPE",
        ["dropout"] = null,
        ["unk_token"] = unknown,
        ["continuing_subword_prefix"] = Prefix,
        ["end_of_word_suffix"] = Suffix,
        ["fuse_unk"] = fuseUnknown,
        ["byte_fallback"] = ByteFallback,
        ["ignore_merges"] = wholeWordsFirst,
        ["vocab"] = VocabularyJson(),
        ["merges"] = new JsonArray([.. MergeLines.Select(line => JsonValue.Create(line))]),
    };

    public override JsonObject DecoderJson() => new ByteLevelDecoder().ToJson();
}
