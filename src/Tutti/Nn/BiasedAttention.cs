using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Attention of every sequence with itself where something is added to the scores, such as a term for the distance of two tokens. No kernel computes that: it
/// is done by operators on the padded rectangle, the heads before the sequences, so that what belongs to a head is one product for all sequences.
/// </summary>
/// <param name="heads">The channels are cut into so many.</param>
/// <param name="dropout">Of the weights; the masks are those of <see cref="SelfAttention"/>.</param>
public sealed class BiasedAttention(int heads, Dropout dropout)
{
    /// <summary>Added to the score of a pair that must not be: its weight is 0 exactly, and a row without any other is finite.</summary>
    public const float Masked = -1e30f;

    /// <param name="query">(T,C), or (n,C) for the first position of each sequence alone.</param>
    /// <param name="key">(T,C).</param>
    /// <param name="value">(T,C).</param>
    /// <param name="batch">Where the sequences begin and end.</param>
    /// <param name="scale">Of the scores, before the bias is added.</param>
    /// <param name="bias">Of the queries (H,n,Q,D) and keys (H,n,L,D), unscaled: what is added to the scores, to be broadcast to (H,n,Q,L); null for nothing.</param>
    public Tensor Forward(Tensor query, Tensor key, Tensor value, Ragged batch, double scale, Func<Tensor, Tensor, Tensor>? bias)
    {
        // n sequences, L longest, Q queries of each, H heads, D = C / H
        var (n, L, C, H) = (batch.Count, batch.MaxLength, query.Size(-1), heads);
        var (q, k) = (Heads(query, batch), Heads(key, batch));
        var Q = q.Size(2);
        var scores = (q * scale).View(H * n, Q, -1).BatchMatMul(k.View(H * n, L, -1).Transpose(1, 2)).View(H, n, Q, L);
        if (bias is not null) scores = scores + bias(q, k);
        if (!batch.Even) scores = scores + Padding(batch);
        var weights = dropout.Forward(scores.Softmax(-1), () => batch.AttentionRows(H, (int)Q).View(n, H, Q).Transpose(0, 1).Reshape(-1));
        var context = weights.View(H * n, Q, L).BatchMatMul(Heads(value, batch).View(H * n, L, -1)).View(H, n, Q, -1);
        context = context.Transpose(0, 1).Transpose(1, 2).Reshape(n, Q, C);
        return Q < L || query.Size(0) == n ? context.View(n, C) : batch.Unpad(context);                       // (T,C), or (n,C)
    }

    // (T,C) or (n,C) -> (H,n,L or 1,D)
    Tensor Heads(Tensor x, Ragged batch) => (x.Size(0) == batch.Count ? x : batch.Pad(x)).View(batch.Count, -1, heads, x.Size(-1) / heads).Transpose(1, 2).Transpose(0, 1).Contiguous();

    // (1,n,1,L): infinities become finite, so that a padded query that sees nothing has no weights that are not numbers.
    static Tensor Padding(Ragged batch) => ((batch.KeyMask.Exp() + -1) * -Masked).View(1, batch.Count, 1, batch.MaxLength);
}
