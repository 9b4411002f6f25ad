namespace Tutti.Text;

/// <summary>How often each word occurs in texts: what the trainers of vocabularies learn from.</summary>
static class WordCounts
{
    /// <summary>The words in ordinal order, so that nothing depends on the order of the texts.</summary>
    public static List<KeyValuePair<string, long>> Of(IEnumerable<string> texts, Normalizer? normalizer, PreTokenizer preTokenizer)
    {
        var total = new Dictionary<string, long>();
        Parallel.ForEach(texts, () => (Pieces: new TextPieces { AtStart = true }, Counts: new Dictionary<string, long>()), (text, _, local) =>
        {
            local.Pieces.Clear();
            local.Pieces.Append(text);
            normalizer?.Apply(local.Pieces);
            local.Pieces.CoverAll();
            preTokenizer.Cut(local.Pieces);
            var counts = local.Counts.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (var piece in local.Pieces.Pieces)
            {
                var word = local.Pieces[piece];
                counts[word] = counts.TryGetValue(word, out var count) ? count + 1 : 1;
            }
            return local;
        }, local =>
        {
            lock (total)
                foreach (var (word, count) in local.Counts) total[word] = total.GetValueOrDefault(word) + count;
        });
        return [.. total.OrderBy(word => word.Key, StringComparer.Ordinal)];
    }
}
