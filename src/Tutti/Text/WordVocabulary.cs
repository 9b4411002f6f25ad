using System.Collections.Concurrent;

namespace Tutti.Text;

/// <summary>A vocabulary of the words that are frequent, in the order that fastai gives them.</summary>
public static class WordVocabulary
{
    public const int DefaultSize = 60_000, DefaultLeast = 3;

    /// <summary>Rows of an embedding come in so many.</summary>
    const int Unit = 8;

    /// <summary>make_vocab: special tokens, then words by falling frequency, of equal ones the first seen first, then one to eight fillers up to a multiple of eight.</summary>
    /// <param name="tokens">Words of texts as they are cut, special tokens among them.</param>
    /// <param name="least">How often a word occurs at least.</param>
    /// <param name="size">The most words, special tokens included and fillers not.</param>
    public static IReadOnlyList<string> Make(IEnumerable<IEnumerable<string>> tokens, int least = DefaultLeast, int size = DefaultSize)
    {
        var counts = new Dictionary<string, int>();
        var words = new List<(string Word, long Count)>();
        foreach (var word in tokens.SelectMany(text => text))
            if (counts.TryGetValue(word, out var place)) words[place] = (word, words[place].Count + 1);
            else
            {
                counts[word] = words.Count;
                words.Add((word, 1));
            }
        return Make(words, least, size);
    }

    /// <param name="words">In the order in which they are first seen.</param>
    static List<string> Make(IEnumerable<(string Word, long Count)> words, int least, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, TextRules.SpecialTokens.Count);
        var special = TextRules.SpecialTokens.ToHashSet();
        // Special tokens among the words take their places in the count, as in fastai.
        var frequent = words.OrderByDescending(word => word.Count).Take(size).Where(word => word.Count >= least && !special.Contains(word.Word)).Select(word => word.Word);
        List<string> list = [.. TextRules.SpecialTokens, .. frequent];
        if (list.Count > size) list.RemoveRange(size, list.Count - size);
        list.AddRange(Enumerable.Repeat(TextRules.Filler, Unit - (list.Count % Unit)));
        return list;
    }

    /// <summary>The same from texts, on all processors; the order of the texts decides between equal words.</summary>
    internal static IReadOnlyList<string> Learn(IEnumerable<string> texts, Normalizer normalizer, PreTokenizer cutter, int least, int size)
    {
        var total = new Dictionary<string, (long Count, long Text, int Place)>();
        var count = 0L;
        // One text at a time: some are longer than others by far.
        Parallel.ForEach(Partitioner.Create(texts, EnumerablePartitionerOptions.NoBuffering), () => (Pieces: new TextPieces { AtStart = true }, Counts: new Dictionary<string, (long Count, long Text, int Place)>(), Texts: 0L),
            (text, _, index, local) =>
            {
                local.Pieces.Clear();
                local.Pieces.Append(text);
                normalizer.Apply(local.Pieces);
                local.Pieces.CoverAll();
                cutter.Cut(local.Pieces);
                var counts = local.Counts.GetAlternateLookup<ReadOnlySpan<char>>();
                for (var place = 0; place < local.Pieces.Pieces.Count; place++)
                {
                    var word = local.Pieces[local.Pieces.Pieces[place]];
                    if (word.Contains(' ')) word = TextRules.ReplaceSpace(word.ToString());
                    counts[word] = counts.TryGetValue(word, out var seen) ? Sum(seen, (1, index, place)) : (1, index, place);
                }
                return local with { Texts = local.Texts + 1 };
            }, local =>
            {
                lock (total)
                {
                    count += local.Texts;
                    foreach (var (word, seen) in local.Counts) total[word] = total.TryGetValue(word, out var before) ? Sum(before, seen) : seen;
                }
            });
        // The token that begins every text is counted too.
        total[TextRules.Begin] = (count + total.GetValueOrDefault(TextRules.Begin).Count, 0, -1);
        return Make(total.OrderBy(word => word.Value.Text).ThenBy(word => word.Value.Place).Select(word => (word.Key, word.Value.Count)), least, size);
    }

    static (long Count, long Text, int Place) Sum((long Count, long Text, int Place) one, (long Count, long Text, int Place) other)
    {
        var first = (one.Text, one.Place).CompareTo((other.Text, other.Place)) <= 0 ? one : other;
        return first with { Count = one.Count + other.Count };
    }
}
