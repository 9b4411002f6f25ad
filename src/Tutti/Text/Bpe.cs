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
    readonly Dictionary<(int, int), Merge> table = [];
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
        for (var rank = 0; rank < merges.Length; rank++)
        {
            var (left, right) = merges[rank];
            table[(vocabulary[left], vocabulary[right])] = new(rank, vocabulary[left + right]);
        }
        lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        cached = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override string? UnknownToken => unknown;

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
            parts.Add(lookup.TryGetValue(word.Slice(i, length), out var id) ? id : -1);
            i += length;
        }
        if (parts.Count > ShortWord) MergeLong(parts);
        else MergeShort(parts);
        return WithUnknown(parts);
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
                if (table.TryGetValue((parts[i], parts[i + 1]), out var merge) && merge.Rank < best.Rank)
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
                parts[pair.At] = table[(pair.Left, pair.Right)].Id;
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
            if (next[at] < parts.Count && table.TryGetValue((parts[at], parts[next[at]]), out var merge))
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
        ["continuing_subword_prefix"] = null,
        ["end_of_word_suffix"] = null,
        ["fuse_unk"] = fuseUnknown,
        ["byte_fallback"] = false,
        ["ignore_merges"] = wholeWordsFirst,
        ["vocab"] = VocabularyJson(),
        ["merges"] = new JsonArray([.. MergeLines.Select(line => JsonValue.Create(line))]),
    };

    public override JsonObject DecoderJson() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = true, ["use_regex"] = true };
}
