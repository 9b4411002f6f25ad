using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>How the tokens of a text become one row.</summary>
public enum Pooling
{
    /// <summary>As the architecture's classifier does it.</summary>
    Own,

    /// <summary>The first token.</summary>
    First,

    /// <summary>The mean of all tokens.</summary>
    Mean,

    /// <summary>A mean whose weights are learnt.</summary>
    Attention,

    /// <summary>The first token of the last four layers, side by side.</summary>
    LastFour,
}

/// <summary>A classifier in place of the architecture's own: some pooling, dropout, projection. Its weights are <c>pooling.*</c> and <c>classifier.*</c>.</summary>
sealed class PooledHead : TextHead
{
    /// <summary>Whose first tokens stand side by side.</summary>
    internal const int LastLayers = 4;

    readonly Pooling pooling;
    readonly Linear? dense, score;
    readonly SampledProjection projection;

    /// <param name="p">The model's root.</param>
    /// <param name="config">Pooling and classes.</param>
    /// <param name="channels">Of the encoder.</param>
    /// <param name="layers">Of the encoder.</param>
    /// <param name="dropout">Before the projection.</param>
    /// <param name="deviation">Of fresh weights.</param>
    public PooledHead(Params p, ModelConfig config, int channels, long layers, double dropout, double deviation)
    {
        pooling = config.Pooling;
        if (pooling == Pooling.LastFour && layers < LastLayers) throw new DataException(config.Where, FormattableString.Invariant($"pooling last-four needs {LastLayers} layers; the model has {layers}"));
        if (pooling == Pooling.Attention)
        {
            dense = new(p / "pooling" / "dense", channels, channels, deviation);
            score = new(p / "pooling" / "score", channels, 1, deviation);
        }
        projection = new(p / "classifier", Layers * channels, config, dropout, deviation);
    }

    public override bool ReadsFirst => pooling is Pooling.First;
    public override int Layers => pooling == Pooling.LastFour ? LastLayers : 1;

    public override Tensor Forward(Tensor hidden, Ragged ragged) => projection.Forward(pooling switch
    {
        Pooling.Mean => ragged.Mean(hidden),                                     // (n,C)
        Pooling.Attention => Weighted(hidden, ragged),
        _ => ragged.FirstRows(hidden),                                            // (n,C), or (n,4C)
    }, ragged);

    Tensor Weighted(Tensor hidden, Ragged ragged)
    {
        var scores = ragged.Pad(score!.Forward(dense!.Forward(hidden).Tanh())).Transpose(1, 2);               // (n,1,L)
        if (!ragged.Even) scores = scores + ragged.KeyMask.View(ragged.Count, 1, -1);
        return scores.Softmax(-1).BatchMatMul(ragged.Pad(hidden)).View(ragged.Count, -1);                     // (n,C)
    }
}
