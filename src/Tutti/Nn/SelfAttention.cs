using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>Scaled dot-product attention of every sequence with itself (Vaswani et al. 2017, 3.2) on a ragged batch.</summary>
/// <remarks>
/// On the CPU one kernel works head by head on the sequences as they lie. Elsewhere, and in other types than float32 and bfloat16, this is the only
/// place where a rectangle is made: sequences of one micro-batch are of similar length, so little of it is padding.
/// </remarks>
public sealed class SelfAttention(Params p, int heads, double dropoutShare)
{
    readonly Dropout dropout = new(p, dropoutShare);

    /// <summary>Of the weights of pairs, for an architecture that computes some of its attention otherwise.</summary>
    internal Dropout Dropout => dropout;

    /// <param name="query">(T,C), or (n,C) for the first position of each sequence alone.</param>
    /// <param name="key">(T,C).</param>
    /// <param name="value">(T,C).</param>
    /// <param name="batch">Where the sequences begin and end.</param>
    public Tensor Forward(Tensor query, Tensor key, Tensor value, Ragged batch)
    {
        if (DeviceAttention.Forward(query, key, value, batch, heads, dropout, p) is { } found) return found;
        // n sequences, L longest, Q queries of each, H heads, D = C / H
        var (n, L, C) = (batch.Count, batch.MaxLength, query.Size(-1));
        var Q = query.Size(0) == n ? 1 : L;
        var (H, D) = (heads, C / heads);
        if (query.Device.IsCpu && !batch.ByIndex && query.DType is DType.Float32 or DType.BFloat16 && dropout.Counter is var (share, maskKey))
            return query.Attention(key, value, batch.Offsets, batch.Examples, H, 1 / Math.Sqrt(D), share, maskKey);
        Tensor Heads(Tensor x) => (x.Size(0) == n ? x : batch.Pad(x)).View(n, -1, H, D).Transpose(1, 2).Reshape(n * H, -1, D);
        var scores = (Heads(query) * (1 / Math.Sqrt(D))).BatchMatMul(Heads(key).Transpose(1, 2)).View(n, H, Q, L);
        if (!batch.Even) scores = scores + batch.KeyMask;
        var weights = dropout.Forward(scores.Softmax(-1), () => batch.AttentionRows(H, Q));                  // (n,H,Q,L)
        var context = weights.View(n * H, Q, L).BatchMatMul(Heads(value));
        context = context.View(n, H, Q, D).Transpose(1, 2).Reshape(n, Q, C);
        return Q == 1 ? context.View(n, C) : batch.Unpad(context);                                            // (T,C), or (n,C)
    }
}
