namespace Tutti.Text;

/// <summary>
/// Learns a byte-level BPE vocabulary from texts as ByteLevelBPETokenizer.train of Hugging Face's tokenizers does: from the 256 bytes, the most frequent pair of
/// neighbours inside words becomes a token, again and again. No text has an unknown token.
/// </summary>
/// <remarks>Ids: special tokens, then the bytes by the characters that stand for them, then merges as they are made; ties as in <see cref="WordPieceTrainer"/>.</remarks>
public static class ByteBpeTrainer
{
    /// <summary>The least vocabulary: five special tokens and the bytes.</summary>
    public const int LeastSize = 5 + 256;

    /// <param name="vocabularySize">The most tokens, the special ones and the 256 bytes included; fewer if no pair is frequent enough.</param>
    /// <param name="pairsHaveTypes">BERT's special tokens with types for the texts of a pair, instead of RoBERTa's.</param>
    /// <param name="minimumFrequency">Pairs seen less often are not merged.</param>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabularySize, bool pairsHaveTypes = false, int minimumFrequency = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, LeastSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimumFrequency, 1);
        var frame = pairsHaveTypes ? TrainedFrame.Bert : TrainedFrame.Roberta;
        var preTokenizer = new ByteLevel(prefixSpace: false);
        var words = WordCounts.Of(texts, null, preTokenizer);
        List<string> pieces = [.. frame.Order, .. ByteLevel.CharOfByte.ToArray().Order().Select(c => c.ToString())];
        var ids = pieces.Select((piece, id) => (piece, id)).ToDictionary(entry => entry.piece, entry => entry.id);
        var merges = new List<(string, string)>();
        new PairMerger(words.Select(word => (word.Key.Select(c => ids[c.ToString()]).ToArray(), word.Value))).Run(minimumFrequency, vocabularySize, pieces.Count, (left, right) =>
        {
            merges.Add((pieces[left], pieces[right]));
            var merged = pieces[left] + pieces[right];
            if (ids.TryGetValue(merged, out var id)) return id;
            ids.Add(merged, pieces.Count);
            pieces.Add(merged);
            return pieces.Count - 1;
        });
        return frame.Around(new Bpe(ids, [.. merges], unknown: null), null, preTokenizer, new ByteLevelDecoder());
    }
}
