using System.Runtime.InteropServices;

namespace Tutti.Text;

/// <summary>
/// Merges the most frequent pair of neighbours in counted words, again and again. Counts are kept up to date by visiting only the words that hold the
/// merged pair (BpeTrainer of Hugging Face's tokenizers).
/// </summary>
sealed class PairMerger
{
    readonly List<(int[] Pieces, long Count)> words = [];
    readonly Dictionary<(int Left, int Right), long> counts = [];
    readonly Dictionary<(int Left, int Right), HashSet<int>> places = [];
    readonly PriorityQueue<(int Left, int Right), (long Count, int Left, int Right)> queue = new(
        Comparer<(long Count, int Left, int Right)>.Create((a, b) =>
            a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Left != b.Left ? a.Left.CompareTo(b.Left) : a.Right.CompareTo(b.Right)));

    public PairMerger(IEnumerable<(int[] Pieces, long Count)> counted)
    {
        foreach (var (pieces, count) in counted)
        {
            for (var i = 0; i + 1 < pieces.Length; i++) Change((pieces[i], pieces[i + 1]), count, words.Count);
            words.Add((pieces, count));
        }
        foreach (var (pair, count) in counts) queue.Enqueue(pair, (count, pair.Left, pair.Right));
    }

    /// <param name="merge">Names the piece that two pieces become, an old one or a new one numbered <paramref name="size"/> and on.</param>
    /// <param name="size">How many pieces there are; the work ends at <paramref name="limit"/>.</param>
    public void Run(int minimumFrequency, int limit, int size, Func<int, int, int> merge)
    {
        while (size < limit && queue.TryDequeue(out var pair, out var order))
        {
            var count = counts[pair];
            if (count != order.Count)                                   // the queue's entry is out of date: counts only fall, so it may wait
            {
                if (count > 0) queue.Enqueue(pair, (count, pair.Left, pair.Right));
                continue;
            }
            if (count < minimumFrequency) return;
            var merged = merge(pair.Left, pair.Right);
            size = Math.Max(size, merged + 1);
            var touched = places[pair];
            places.Remove(pair);
            var grown = new HashSet<(int, int)>();
            foreach (var word in touched) Merge(word, pair, merged, grown);
            foreach (var (left, right) in grown)
                if (counts[(left, right)] is > 0 and var now) queue.Enqueue((left, right), (now, left, right));
        }
    }

    void Merge(int word, (int Left, int Right) pair, int merged, HashSet<(int, int)> grown)
    {
        var (pieces, count) = words[word];
        var kept = 0;
        var result = new int[pieces.Length];
        for (var i = 0; i < pieces.Length; i++)
        {
            var here = i + 1 < pieces.Length && pieces[i] == pair.Left && pieces[i + 1] == pair.Right;
            result[kept++] = here ? merged : pieces[i];
            if (here) i++;
        }
        if (kept == pieces.Length) return;
        for (var i = 0; i + 1 < pieces.Length; i++) Change((pieces[i], pieces[i + 1]), -count, -1);
        Array.Resize(ref result, kept);
        for (var i = 0; i + 1 < kept; i++)
        {
            Change((result[i], result[i + 1]), count, word);
            if (result[i] == merged || result[i + 1] == merged) grown.Add((result[i], result[i + 1]));
        }
        words[word] = (result, count);
    }

    /// <param name="word">Where the pair now also stands, or -1. A word is not struck off where a pair vanishes: visiting it again does no harm.</param>
    void Change((int Left, int Right) pair, long by, int word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(counts, pair, out _) += by;
        if (word >= 0) (CollectionsMarshal.GetValueRefOrAddDefault(places, pair, out _) ??= []).Add(word);
    }
}
