using System.Text;

namespace Tutti.Text;

/// <summary>
/// Learns a unigram vocabulary from texts as SentencePiece and UnigramTrainer of Hugging Face's tokenizers do: from many candidate pieces, expected counts and
/// scores in turn (EM), and after each two rounds the quarter whose loss costs least is left out, until the size is reached. Single characters stay.
/// </summary>
/// <remarks>Deterministic: sums are taken over fixed parts of the words in a fixed order, whatever the number of processors; ties fall by ordinal order.</remarks>
public static class UnigramTrainer
{
    /// <summary>The most characters that are kept; rarer ones become the unknown token.</summary>
    public const int AlphabetLimit = 1000;

    const int Rounds = 2, SeedsPerToken = 20, LeastSeeds = 20_000;
    const double Kept = 0.75, Margin = 1.1, LeastCount = 0.5;

    /// <param name="vocabularySize">The most tokens, the five special ones included; fewer if the texts do not yield so many.</param>
    /// <param name="pairsHaveTypes">BERT's special tokens with types for the texts of a pair, instead of RoBERTa's.</param>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabularySize, bool pairsHaveTypes = true)
    {
        var frame = pairsHaveTypes ? TrainedFrame.Bert : TrainedFrame.Roberta;
        var normalizer = new UnicodeNormalizer(NormalizationForm.FormKC);
        var preTokenizer = new PreTokenizerSequence([new WhitespacePreTokenizer(spacesOnly: true), new Metaspace('\u2581', PrependScheme.Always)]);
        var model = Model(texts, vocabularySize, frame.Order, frame.Special.Unknown!, normalizer, preTokenizer);
        return frame.Around(model, normalizer, preTokenizer, new MetaspaceDecoder('\u2581', PrependScheme.Always));
    }

    /// <summary>Learns the pieces of words.</summary>
    /// <param name="special">The tokens with the first ids; they are no pieces of words.</param>
    /// <param name="leftOut">Words that are not learnt from.</param>
    internal static Unigram Model(
        IEnumerable<string> texts, int vocabularySize, IReadOnlyList<string> special, string unknown, Normalizer normalizer, PreTokenizer preTokenizer, Func<string, bool>? leftOut = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(vocabularySize, special.Count);
        var size = vocabularySize - special.Count;
        var words = WordCounts.Of(texts, normalizer, preTokenizer);
        if (leftOut is not null) words.RemoveAll(word => leftOut(word.Key));
        var (seeds, characters) = UnigramSeeds.Of(words, Math.Min(AlphabetLimit, size), Math.Max(LeastSeeds, size * SeedsPerToken));
        var pieces = Learn(words, seeds, characters, size);
        (string Token, double Score)[] rows = [.. special.Select(token => (token, 0.0)), .. pieces];
        return new(rows, special.ToList().IndexOf(unknown), byteFallback: false);
    }

    static IEnumerable<(string Piece, double Score)> Learn(List<KeyValuePair<string, long>> words, List<(string Piece, double Weight)> seeds, int characters, int size)
    {
        var total = Math.Log(seeds.Sum(seed => seed.Weight));
        var pieces = seeds.Select((seed, i) => new UnigramEstimate.Piece(seed.Piece, Math.Log(seed.Weight) - total, Fixed: i < characters)).ToList();
        if (pieces.Count == 0) return [];
        var corpus = words.Select(word => (Bytes: Encoding.UTF8.GetBytes(word.Key), word.Value)).ToArray();
        while (true)
        {
            for (var round = 0; round < Rounds; round++) pieces = Maximize(pieces, new UnigramEstimate(pieces).Expected(corpus));
            if (pieces.Count <= size * Margin) break;
            pieces = Prune(pieces, corpus, Math.Max((int)(size * Margin), (int)(pieces.Count * Kept)));
        }
        var least = pieces.Min(piece => piece.Score);
        return pieces.OrderByDescending(piece => piece.Fixed).ThenByDescending(piece => piece.Score).ThenBy(piece => piece.Text, StringComparer.Ordinal).Take(size)
            .OrderByDescending(piece => piece.Score).ThenBy(piece => piece.Text, StringComparer.Ordinal).Select(piece => (piece.Text, Math.Max(piece.Score, least)));
    }

    /// <summary>Scores from expected counts (digamma, which favours frequent pieces); rare pieces other than characters go.</summary>
    static List<UnigramEstimate.Piece> Maximize(List<UnigramEstimate.Piece> pieces, double[] expected)
    {
        var kept = pieces.Zip(expected).Where(entry => entry.First.Fixed || entry.Second >= LeastCount).Select(entry => (Piece: entry.First, Count: Math.Max(entry.Second, LeastCount))).ToList();
        var total = Digamma(kept.Sum(entry => entry.Count));
        return [.. kept.Select(entry => entry.Piece with { Score = Digamma(entry.Count) - total })];
    }

    /// <summary>Leaves out the pieces without which the words become least unlikely.</summary>
    static List<UnigramEstimate.Piece> Prune(List<UnigramEstimate.Piece> pieces, (byte[] Bytes, long Count)[] corpus, int size)
    {
        var estimate = new UnigramEstimate(pieces);
        var used = estimate.Used(corpus);
        var total = used.Sum();
        var losses = new List<(int Piece, double Loss)>();
        for (var i = 0; i < pieces.Count; i++)
        {
            if (pieces[i].Fixed || used[i] == 0) continue;
            var instead = estimate.Instead(i, out var better);
            if (better) continue;                                       // its parts are likelier than itself
            var rest = Math.Log(total + used[i] * (instead.Count - 1));
            var alternative = instead.Sum(part => Math.Log(used[part] + used[i]) - rest);
            losses.Add((i, used[i] / total * (Math.Log(used[i]) - Math.Log(total) - alternative)));
        }
        var kept = losses.OrderByDescending(entry => entry.Loss).ThenBy(entry => entry.Piece).Take(Math.Max(0, size - pieces.Count(piece => piece.Fixed))).Select(entry => entry.Piece).ToHashSet();
        return [.. pieces.Where((piece, i) => piece.Fixed || kept.Contains(i))];
    }

    /// <summary>The derivative of ln(gamma): the recurrence up to 7, then the asymptotic series.</summary>
    internal static double Digamma(double x)
    {
        var result = 0.0;
        for (; x < 7; x++) result -= 1 / x;
        x -= 0.5;
        var (square, fourth) = (1 / (x * x), 1 / (x * x * x * x));
        return result + Math.Log(x) + square / 24 - 7.0 / 960 * fourth + 31.0 / 8064 * fourth * square - 127.0 / 30720 * fourth * fourth;
    }
}
