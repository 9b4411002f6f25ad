using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

// n sequences, T tokens, C channels, K classes.

/// <summary>What follows an encoder and makes numbers of its hidden states.</summary>
public abstract class TextHead
{
    /// <summary>It looks at the first token of each sequence alone.</summary>
    public virtual bool ReadsFirst => false;

    /// <summary>Layers that it reads, see <see cref="TextModel.HeadLayers"/>.</summary>
    public virtual int Layers => 1;

    /// <summary>Logits of a last hidden state (T,C), or (n,C) where <see cref="ReadsFirst"/> says so.</summary>
    public abstract Tensor Forward(Tensor hidden, Ragged ragged);
}

/// <summary>
/// The end of a classifier: dropout and a projection. With tutti_dropout_samples they are computed several times while training, each with a mask of its
/// own, and the loss is the mean (multi-sample dropout, Inoue 2019): (samples x n, K), sample after sample.
/// </summary>
sealed class SampledProjection
{
    readonly Params p;
    readonly Dropout[] dropouts;
    readonly Projection projection;

    /// <param name="p">Where the projection's weights are.</param>
    /// <param name="inputs">Channels.</param>
    /// <param name="config">Says the classes.</param>
    /// <param name="share">Of dropout.</param>
    /// <param name="deviation">Of fresh weights.</param>
    public SampledProjection(Params p, int inputs, ModelConfig config, double share, double deviation)
    {
        this.p = p;
        dropouts = [.. Enumerable.Range(0, config.DropoutSamples).Select(_ => new Dropout(p, share))];
        projection = new(p, inputs, config.LabelCount, deviation);
    }

    /// <param name="x">(n,C).</param>
    /// <param name="ragged">Where dropout's keys come from.</param>
    public Tensor Forward(Tensor x, Ragged ragged)
    {
        if (dropouts.Length == 1 || !p.Run.Training) return projection.Forward(dropouts[0].Forward(x, ragged.SequenceRows));
        return projection.Forward(Tensor.Cat([.. dropouts.Select(dropout => dropout.Forward(x, ragged.SequenceRows))]));
    }
}

/// <summary>The head of most architectures: the first token's row, dense, activation, dropout, projection.</summary>
/// <param name="before">Dropout before the dense layer, or null.</param>
/// <param name="dense">Keeps the channels; many call it the pooler.</param>
/// <param name="activation">Of its result.</param>
/// <param name="projection">To the classes.</param>
sealed class FirstTokenHead(Dropout? before, Linear dense, Func<Tensor, Tensor> activation, SampledProjection projection) : TextHead
{
    public override bool ReadsFirst => true;

    public override Tensor Forward(Tensor hidden, Ragged ragged)
    {
        var x = ragged.FirstRows(hidden);                                         // (n,C)
        if (before is not null) x = before.Forward(x, ragged.SequenceRows);
        return projection.Forward(activation(dense.Forward(x)), ragged);          // (n,K)
    }
}

/// <summary>A head that predicts tokens: something of the asked rows, and a product with a table that has a row per token.</summary>
public abstract class TokenHead : TextHead
{
    /// <summary>What the product takes: the asked rows (T,C) or (asked,C), the table (V,C), and the tokens' bias (V), if any. A loss may take it apart: <see cref="Losses.LinearCrossEntropy"/>.</summary>
    public abstract (Tensor X, Tensor Table, Tensor? Bias) Factors(Tensor hidden, Ragged ragged);

    public sealed override Tensor Forward(Tensor hidden, Ragged ragged)
    {
        var (x, table, bias) = Factors(hidden, ragged);
        return Linear.Tied(x, table, bias);                                       // (T,V), or (asked,V)
    }
}

/// <summary>Predicts tokens: dense, activation, norm, and a product with the table of token embeddings, of the asked rows alone.</summary>
/// <param name="dense">To as many channels as the table has.</param>
/// <param name="activation">Of its result.</param>
/// <param name="norm">Of that.</param>
/// <param name="words">The table.</param>
/// <param name="bias">(V) of the tokens, or null.</param>
sealed class LanguageHead(Linear dense, Func<Tensor, Tensor> activation, LayerNorm norm, Embedding words, Tensor? bias) : TokenHead
{
    public override (Tensor X, Tensor Table, Tensor? Bias) Factors(Tensor hidden, Ragged ragged) => (norm.Forward(activation(dense.Forward(ragged.AskedRows(hidden)))), words.Table, bias);
}

/// <summary>
/// A head that looks at all texts of an update together while training, because its norms take their statistics from them. A trainer that cuts an update computes <see cref="Pool"/> for all texts before
/// it asks for <see cref="Judge"/>.
/// </summary>
/// <param name="place">Where its weights are.</param>
public abstract class JointHead(Params place) : TextHead
{
    /// <summary>Its weights that are trained.</summary>
    internal IReadOnlyList<Parameter> Trained => [.. place.Below.Where(item => !item.Frozen)];

    /// <summary>What it makes of each text alone, (n,P).</summary>
    public abstract Tensor Pool(Tensor hidden, Ragged ragged);

    /// <summary>Logits (n,K) of the texts together.</summary>
    /// <param name="pooled">(n,P).</param>
    /// <param name="rows">(n) dropout keys of the texts.</param>
    public abstract Tensor Judge(Tensor pooled, Func<Tensor> rows);

    /// <summary>Takes what the last <see cref="Judge"/> of an update saw into the running statistics.</summary>
    public abstract void Settle();

    public sealed override Tensor Forward(Tensor hidden, Ragged ragged) => Judge(Pool(hidden, ragged), ragged.SequenceRows);
}
