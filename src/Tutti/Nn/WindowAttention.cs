using System.Collections.Concurrent;
using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Attention within windows of a map (Liu et al. 2021): the map is cut into windows, moved by half of one before where they are to be shifted, and put together again. Maps that are no multiple of the window
/// get zeros behind.
/// </summary>
/// <param name="heads">The channels are cut into so many.</param>
/// <param name="window">Rows and columns.</param>
/// <param name="shift">By how many of them the map is moved; 0 for none.</param>
/// <param name="padFirst">Zeros come before the map is moved, as in the published code and transformers; else after, as in timm.</param>
/// <param name="dropout">Of the weights.</param>
sealed class WindowAttention(int heads, (int Height, int Width) window, (int Height, int Width) shift, bool padFirst, Dropout dropout)
{
    /// <summary>Added to the score of a pair that was not neighboured before the map was moved: what the published models were trained with.</summary>
    const float Apart = -100;

    readonly ConcurrentDictionary<(long, long), float[]> masks = new();

    bool Shifted => shift.Height > 0 || shift.Width > 0;

    /// <param name="x">(n,H,W,C).</param>
    /// <param name="rows">Names the pictures.</param>
    /// <param name="qkv">Queries, keys and values of (windows,L,C).</param>
    /// <param name="scores">Of queries and transposed keys (windows H,L,D) and (windows H,D,L): scores (windows,H,L,L) with their bias.</param>
    public Tensor Forward(Tensor x, Ragged rows, Func<Tensor, Tensor[]> qkv, Func<Tensor, Tensor, Tensor> scores)
    {
        var (n, H, W, C) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3));
        var (high, wide) = (window.Height, window.Width);
        var (below, right) = ((high - (H % high)) % high, (wide - (W % wide)) % wide);
        Tensor Padded(Tensor map) => below == 0 && right == 0 ? map : map.Pad([0, 0, 0, right, 0, below]);
        Tensor Moved(Tensor map, int sign) => Shifted ? map.Roll([sign * shift.Height, sign * shift.Width], [1, 2]) : map;
        x = padFirst ? Moved(Padded(x), -1) : Padded(Moved(x, -1));
        var (down, across, L) = ((H + below) / high, (W + right) / wide, high * wide);
        var windows = x.View(n, down, high, across, wide, C).Permute([0, 1, 3, 2, 4, 5]).Reshape(n * down * across, L, C);
        var parts = qkv(windows);
        var count = n * down * across;
        Tensor Heads(Tensor part) => part.View(count, L, heads, C / heads).Transpose(1, 2).Reshape(count * heads, L, C / heads);
        var raw = scores(Heads(parts[0]), Heads(parts[1]).Transpose(1, 2));                                   // (windows,H,L,L)
        if (Shifted) raw = (raw.View(n, down * across, heads, L, L) + Mask(down, across, raw)).View(count, heads, L, L);
        var weights = dropout.Forward(raw.Softmax(-1), () => Keys(rows, (int)(down * across), L));
        var context = weights.View(count * heads, L, L).BatchMatMul(Heads(parts[2])).View(count, heads, L, C / heads).Transpose(1, 2);
        x = context.Reshape(n, down, across, high, wide, C).Permute([0, 1, 3, 2, 4, 5]).Reshape(n, H + below, W + right, C);
        if (padFirst) return Cut(Moved(x, 1), H, W);
        return Moved(Cut(x, H, W), 1);
    }

    static Tensor Cut(Tensor x, long height, long width)
    {
        if (x.Size(1) != height) x = x.Narrow(1, 0, height);
        return x.Size(2) == width ? x : x.Narrow(2, 0, width);
    }

    // (windows,1,L,L): places that came from three bands of rows and columns see those of their own band only.
    Tensor Mask(long down, long across, Tensor like)
    {
        var L = window.Height * window.Width;
        var values = masks.GetOrAdd((down, across), _ =>
        {
            var mask = new float[down * across * L * L];
            int Band(long place, long length, int size, int moved) => place < length - size ? 0 : place < length - moved ? 1 : 2;
            int Place(long block, int at) => (3 * Band((block / across * window.Height) + (at / window.Width), down * window.Height, window.Height, shift.Height))
                + Band((block % across * window.Width) + (at % window.Width), across * window.Width, window.Width, shift.Width);
            for (var block = 0L; block < down * across; block++)
                for (var q = 0; q < L; q++)
                    for (var k = 0; k < L; k++) mask[(((block * L) + q) * L) + k] = Place(block, q) == Place(block, k) ? 0 : Apart;
            return mask;
        });
        return Tensor.From<float>(values, [down * across, 1, L, L], like.Device).To(like.DType);
    }

    // Keys of the rows of weights: picture, then window, head and query.
    Tensor Keys(Ragged rows, int blocks, int length) =>
        rows.Longs([.. rows.HostExamples.SelectMany(example => Enumerable.Range(0, blocks * heads * length).Select(place => (example << 32) | (long)place))]);
}
