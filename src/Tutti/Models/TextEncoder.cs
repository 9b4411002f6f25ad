using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>An encoder that ends with the head its config asks for: the architecture's own, one with another pooling, or one that predicts masked tokens.</summary>
public abstract class TextEncoder(Params p, ModelConfig config) : TextModel(p, config.Json)
{
    TextHead? head;

    protected internal override LayerGroups? Groups => Catalog.Find(config).Groups(config);
    protected internal override bool ReadsFirst => Ending.ReadsFirst;
    protected internal override JointHead? Joint => Ending as JointHead;
    protected internal override TokenHead? Tokens => Ending as TokenHead;
    protected internal override int HeadLayers => Ending.Layers;
    protected internal override Tensor Head(Tensor hidden, Ragged ragged) => Ending.Forward(hidden, ragged);

    TextHead Ending => head ?? throw new InvalidOperationException($"the constructor of {GetType().Name} does not end with EndWith");

    /// <summary>Makes the head; the last line of a constructor, because weights are made in that order.</summary>
    /// <param name="channels">Of the last hidden state.</param>
    /// <param name="dropout">Before the projection of a head with another pooling.</param>
    /// <param name="deviation">Of its fresh weights.</param>
    /// <param name="own">The architecture's classifier.</param>
    /// <param name="language">Its head that predicts tokens.</param>
    /// <exception cref="DataException">The config asks for a head that this implementation does not compute.</exception>
    protected void EndWith(int channels, double dropout, double deviation, Func<TextHead> own, Func<TextHead> language)
    {
        if (config.IsLanguageModel && !config.Flag("tie_word_embeddings", true))
            throw new DataException(config.Where, "tie_word_embeddings is false; a head that predicts tokens is supported with the table of the embeddings only");
        head = config.IsLanguageModel ? language() : config.Pooling == Pooling.Own ? own() : new PooledHead(Params, config, channels, Sizes.Layers, dropout, deviation);
    }
}
