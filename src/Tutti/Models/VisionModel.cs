using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>How the features of pictures lie before they are pooled.</summary>
enum FeatureLayout
{
    /// <summary>(n,C,H,W).</summary>
    Planes,

    /// <summary>(n,H,W,C).</summary>
    Pixels,

    /// <summary>(n,N,C), those of the patches and some before them.</summary>
    Tokens,

    /// <summary>(n,C): nothing says where in the picture.</summary>
    Flat,
}

/// <summary>A network from pictures to K numbers per picture.</summary>
public abstract class VisionModel(Params p, ModelConfig config) : Network(p, config.Json)
{
    /// <summary>Channels of the pictures that it reads.</summary>
    public abstract int Channels { get; }

    /// <summary>The size of the pictures it was made for. Networks of convolutions read others too.</summary>
    public abstract (int Height, int Width) PictureSize { get; }

    /// <summary>It reads pictures of <see cref="PictureSize"/> only.</summary>
    public virtual bool OneSize => false;

    /// <summary>Numbers of a picture that the head sees.</summary>
    public abstract int FeatureCount { get; }

    protected internal override LayerGroups? Groups => Catalog.Find(config).Groups(config);

    // The keys of encoders mean something else here, or are lists.
    protected internal override EncoderSizes Sizes => new(0, 0, 1, 0);

    /// <summary>Pictures -> logits (n,K).</summary>
    public Tensor Forward(PictureBatch batch) => Logits(batch);

    /// <summary>How <see cref="Last"/> gives them.</summary>
    internal virtual FeatureLayout Layout => FeatureLayout.Planes;

    /// <summary>Logits (n,K) of <see cref="Features"/>.</summary>
    internal Tensor OfFeatures(Tensor features, PictureBatch batch) => Judge(Pool(features), Rows(batch));

    /// <summary>The last map or row of tokens of a batch, as <see cref="Last"/> gives it.</summary>
    internal Tensor Features(PictureBatch batch, Action<Tensor>? observe = null) => Last(Pixels(batch), Rows(batch), observe);

    internal sealed override Tensor Logits(InputBatch batch, Action<Tensor>? observe = null)
    {
        var pictures = batch as PictureBatch ?? throw Unreadable(batch);
        var rows = Rows(pictures);
        return Judge(Pool(Last(Pixels(pictures), rows, observe)), rows);
    }

    internal sealed override Tensor Embed(InputBatch batch) => Pool(Features(batch as PictureBatch ?? throw Unreadable(batch))).To(DType.Float32);

    /// <summary>The features before they are pooled: (n,C,H,W), (n,H,W,C) or (n,N,C) as the architecture has them.</summary>
    /// <param name="pixels">(n,channels,height,width).</param>
    /// <param name="rows">Names the pictures: a row for each.</param>
    /// <param name="observe">To be called with the stem's output and every stage's, when given.</param>
    protected abstract Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe);

    /// <summary>(n,C) of <see cref="Last"/>.</summary>
    protected abstract Tensor Pool(Tensor features);

    /// <summary>Logits (n,K) of what was pooled.</summary>
    protected abstract Tensor Judge(Tensor pooled, Ragged rows);

    Ragged Rows(PictureBatch batch)
    {
        Params.Run.FirstExample = batch.Count > 0 ? batch.Examples[0] : 0;
        int[] ones = [.. Enumerable.Repeat(1, batch.Count)];
        return new(ones, batch.Examples, Params.Device, Params.DType);
    }

    Tensor Pixels(PictureBatch batch)
    {
        if (batch.Channels != Channels) throw new ArgumentException($"got pictures of {batch.Channels} channels; this model reads {Channels}");
        if (OneSize && (batch.Height, batch.Width) != PictureSize)
            throw new ArgumentException($"got pictures of {batch.Height} x {batch.Width}; this model reads {PictureSize.Height} x {PictureSize.Width}, load it for another size to change that");
        return Tensor.From<float>(batch.Pixels, [batch.Count, batch.Channels, batch.Height, batch.Width], Params.Device).To(Params.DType);
    }
}

/// <summary>The end of most networks of pictures: dropout and a projection to the classes.</summary>
sealed class PictureHead(Params p, int inputs, int classes, double dropout, double deviation = 0.02)
{
    readonly Dropout dropout = new(p, dropout);
    readonly Projection projection = new(p, inputs, classes, deviation);

    public Tensor Forward(Tensor pooled, Ragged rows) => projection.Forward(dropout.Forward(pooled, rows.SequenceRows));
}
