using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Tests.Samples;

/// <summary>The mean of a text's token embeddings, one hidden layer, a classifier.</summary>
sealed class BagOfTokens : TextModel
{
    readonly int vocabulary;
    readonly Embedding words;
    readonly Linear dense, classifier;
    readonly Dropout dropout;

    // n sequences, T tokens, C channels, K classes.
    public BagOfTokens(Params p, ModelConfig config) : base(p, config.Json)
    {
        vocabulary = config.Int("vocab_size", 30522);
        var size = config.Int("hidden_size", 64);
        words = new(p / "bag" / "word_embeddings", vocabulary, size, config.Int("pad_token_id", 0));
        dense = new(p / "bag" / "dense", size, size);
        dropout = new(p, config.Number("hidden_dropout_prob", 0.1));
        classifier = new(p / "classifier", size, config.Labels.Count);
    }

    public override int VocabularySize => vocabulary;
    public override int MaxLength => int.MaxValue;                                              // it has no positions

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var x = words.Forward(ragged.Longs(Array.ConvertAll(batch.Ids, id => (long)id)));       // (T,C)
        observe?.Invoke(x);
        return x;
    }

    protected internal override Tensor Head(Tensor hidden, Ragged ragged)
    {
        var n = ragged.Count;
        var lengths = ragged.Offsets.Narrow(0, 1, n) - ragged.Offsets.Narrow(0, 0, n);
        var mean = ragged.Pad(hidden).Sum(1) / lengths.To(hidden.DType).View(n, 1);             // (n,C)
        return classifier.Forward(dropout.Forward(dense.Forward(mean).Tanh(), ragged.SequenceRows)); // (n,K)
    }
}
