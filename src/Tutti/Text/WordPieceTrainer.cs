using System.Text;

namespace Tutti.Text;

/// <summary>
/// Learns a WordPiece vocabulary from texts as BertWordPieceTokenizer.train of Hugging Face's tokenizers does: byte-pair merges by frequency, pieces
/// inside a word marked with ##, then only the pieces are kept. The result depends on the word counts alone, not on the order of the texts.
/// </summary>
/// <remarks>
/// Where the reference leaves the order to a hash table, it is fixed here. Ids: special tokens, then first characters and then ## characters by code
/// point, then merges as they are made. Of equally frequent pairs the one with the smaller ids merges first; of equally frequent characters the smaller
/// code point stays in the alphabet. The alphabet shrinks further where it would not fit in the vocabulary.
/// </remarks>
public static class WordPieceTrainer
{
    /// <summary>The most characters that a vocabulary starts from; rarer ones become [UNK].</summary>
    public const int AlphabetLimit = 1000;
    const string Prefix = "##";

    static readonly SpecialTokens special = new("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]");
    static readonly string[] specialOrder = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <param name="vocabularySize">The most tokens, the five special ones included; fewer if no pair is frequent enough.</param>
    /// <param name="minimumFrequency">Pairs seen less often are not merged.</param>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabularySize, bool lowerCase = true, int minimumFrequency = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(vocabularySize, specialOrder.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimumFrequency, 1);
        var normalizer = new BertNormalizer(cleanText: true, setIdeographsApart: true, stripAccents: null, lowerCase);
        var preTokenizer = new BertPreTokenizer();
        var words = WordCounts.Of(texts, normalizer, preTokenizer);
        var pieces = new List<string>(specialOrder);
        var ids = specialOrder.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id);
        foreach (var piece in Alphabet(words, vocabularySize - specialOrder.Length)) Add(piece);
        new PairMerger(words.Select(word => (Split(word.Key, ids), word.Value))).Run(minimumFrequency, vocabularySize, pieces.Count, (left, right) =>
        {
            var merged = pieces[left] + pieces[right][Prefix.Length..];
            return ids.TryGetValue(merged, out var id) ? id : Add(merged);
        });
        return Build(ids, normalizer);

        int Add(string piece)
        {
            ids.Add(piece, pieces.Count);
            pieces.Add(piece);
            return pieces.Count - 1;
        }
    }

    static Tokenizer Build(Dictionary<string, int> ids, BertNormalizer normalizer)
    {
        var kind = TokenizerKind.Find("BertTokenizer")!;
        return new(new()
        {
            ClassName = kind.ClassName,
            Normalizer = normalizer,
            PreTokenizer = new BertPreTokenizer(specialOrder.ToHashSet()),
            Model = new WordPiece(ids, special.Unknown!),
            Template = kind.Template(special, ids, addBos: false),
            Special = special,
            Added = [.. specialOrder.Select(token => new AddedToken(ids[token], token, Special: true))],
            UsesTokenTypes = kind.UsesTokenTypes,
            Slow = true,
        });
    }

    /// <summary>The most frequent characters, as first pieces and, where they occur inside a word, as ## pieces.</summary>
    static IEnumerable<string> Alphabet(List<KeyValuePair<string, long>> words, int room)
    {
        var counts = new Dictionary<Rune, long>();
        var inside = new HashSet<Rune>();
        foreach (var (word, count) in words)
        {
            var first = true;
            foreach (var rune in word.EnumerateRunes())
            {
                counts[rune] = counts.GetValueOrDefault(rune) + count;
                if (!first) inside.Add(rune);
                first = false;
            }
        }
        var kept = counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key).Select(entry => entry.Key).Take(AlphabetLimit)
            .TakeWhile(rune => (room -= inside.Contains(rune) ? 2 : 1) >= 0).Order().ToArray();
        return kept.Select(rune => rune.ToString()).Concat(kept.Where(inside.Contains).Select(rune => Prefix + rune));
    }

    /// <summary>A word's characters as pieces; those outside the alphabet are passed over, as in the reference.</summary>
    static int[] Split(string word, Dictionary<string, int> ids)
    {
        var split = new List<int>(word.Length);
        var first = true;
        foreach (var rune in word.EnumerateRunes())
        {
            if (ids.TryGetValue(first ? rune.ToString() : Prefix + rune, out var id)) split.Add(id);
            first = false;
        }
        return [.. split];
    }
}
