using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Variational dropout (Gal and Ghahramani 2016; fastai's RNNDropout): one mask of channels per sequence, the same for all of its tokens. As with <see cref="Dropout"/> the mask is a
/// function of (seed, update, layer, key).
/// </summary>
public sealed class SequenceDropout(Params p, double share)
{
    readonly Dropout dropout = new(p, share);

    /// <param name="x">(T,C).</param>
    /// <param name="owners">(T) int64: the sequence of each row.</param>
    /// <param name="keys">(n) int64: what names each sequence.</param>
    public Tensor Forward(Tensor x, Func<Tensor> owners, Func<Tensor> keys)
    {
        if (dropout.Counter is { Share: 0 }) return x;
        if (dropout.Counter is not null) return dropout.Forward(x, () => keys().IndexSelect(0, owners()));
        return x * Ones(keys().Size(0), x.Size(1), x).IndexSelect(0, owners());   // drawn from a generator: once per sequence
    }

    Tensor Ones(long rows, long columns, Tensor like)
    {
        var ones = Tensor.Empty([rows, columns], like.DType, like.Device);
        ones.Fill(1);
        return dropout.Forward(ones, () => throw new InvalidOperationException("a generator takes no keys"));
    }
}

/// <summary>
/// Dropout of whole words of a table (Merity et al. 2017, 4.3; fastai's EmbeddingDropout): all tokens of a word are zeroed together, the others scaled up. Keyed by the word, so one mask holds
/// for a whole update.
/// </summary>
/// <param name="p">The model's place.</param>
/// <param name="words">Rows of the table.</param>
/// <param name="share">Of the words.</param>
public sealed class WordDropout(Params p, int words, double share)
{
    readonly Dropout dropout = new(p, share);

    /// <param name="x">(T,C) rows of the table.</param>
    /// <param name="ids">(T) int64: their words.</param>
    public Tensor Forward(Tensor x, Tensor ids)
    {
        if (dropout.Counter is { Share: 0 }) return x;
        var counted = dropout.Counter is not null;
        var mask = Tensor.Empty([counted ? ids.Size(0) : words, 1], x.DType, x.Device);
        mask.Fill(1);
        mask = dropout.Forward(mask, () => ids);
        return x * (counted ? mask : mask.IndexSelect(0, ids));
    }
}
