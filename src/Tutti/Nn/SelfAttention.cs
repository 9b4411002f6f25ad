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

    /// <param name="query">(T,C), as are <paramref name="key"/> and <paramref name="value"/>.</param>
    /// <param name="key">(T,C).</param>
    /// <param name="value">(T,C).</param>
    /// <param name="batch">Where the sequences begin and end.</param>
    public Tensor Forward(Tensor query, Tensor key, Tensor value, Ragged batch)
    {
        if (DeviceAttention.Forward(query, key, value, batch, heads, dropout, p) is { } found) return found;
        // n sequences, L longest, H heads, D = C / H
        var (n, L, C) = (batch.Count, batch.MaxLength, query.Size(-1));
        var (H, D) = (heads, C / heads);
        if (query.Device.IsCpu && !batch.ByIndex && query.DType is DType.Float32 or DType.BFloat16 && dropout.Counter is var (share, maskKey))
            return query.Attention(key, value, batch.Offsets, batch.Examples, H, 1 / Math.Sqrt(D), share, maskKey);
        Tensor Heads(Tensor x) => batch.Pad(x).View(n, L, H, D).Transpose(1, 2).Reshape(n * H, L, D);
        var scores = (Heads(query) * (1 / Math.Sqrt(D))).BatchMatMul(Heads(key).Transpose(1, 2)).View(n, H, L, L);
        if (!batch.Even) scores = scores + batch.KeyMask;
        var weights = dropout.Forward(scores.Softmax(-1), () => batch.AttentionRows(H));                     // (n,H,L,L)
        var context = weights.View(n * H, L, L).BatchMatMul(Heads(value));
        return batch.Unpad(context.View(n, H, L, D).Transpose(1, 2).Reshape(n, L, C));                        // (T,C)
    }
}
