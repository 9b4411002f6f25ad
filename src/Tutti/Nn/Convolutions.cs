using Tutti.Torch;

namespace Tutti.Nn;

// Layers of pictures: n pictures, C channels, H rows, W columns. Maps are (n,C,H,W) in channels-last memory, or (n,H,W,C) where most of a network works on single pixels.

/// <summary>A convolution of (n,C,H,W). Weight (outputs, inputs / groups, size, size), bias (outputs) where there is one.</summary>
/// <param name="p">Its place.</param>
/// <param name="inputs">Channels.</param>
/// <param name="outputs">Channels.</param>
/// <param name="size">Of its windows.</param>
/// <param name="stride">From window to window.</param>
/// <param name="groups">Into which the channels are cut.</param>
/// <param name="hasBias">Not where a norm follows.</param>
/// <param name="init">By default normal, so that gradients keep their size (He et al. 2015, fan out).</param>
/// <param name="same">Zeros as TensorFlow puts them: only so many that every stride has a window, the odd one behind. Else size / 2 on every side.</param>
/// <param name="padding">Another number of zeros on every side.</param>
public sealed class Conv2d(Params p, int inputs, int outputs, int size, int stride = 1, int groups = 1, bool hasBias = false, Init? init = null, bool same = false, int? padding = null)
{
    readonly Tensor weight = p.Get("weight", init ?? Init.Normal(Math.Sqrt(2.0 * groups / ((long)size * size * outputs))), decay: true, outputs, inputs / groups, size, size);
    readonly Tensor? bias = hasBias ? p.Get("bias", Init.Zeros, decay: false, outputs) : null;

    public Tensor Forward(Tensor x)                                               // (n,inputs,H,W) -> (n,outputs,H/stride,W/stride)
    {
        if (!same || stride == 1) return Convolve(x, padding ?? size / 2);
        var (above, below) = Around(x.Size(2));
        var (left, right) = Around(x.Size(3));
        return Convolve(x.Pad([left, right, above, below]), 0);
    }

    Tensor Convolve(Tensor x, int zeros) => x.Device.IsCpu && weight.DType == DType.Float32 && bias is null && groups == 1
        ? x.Convolution(weight, stride, zeros)
        : x.Conv2d(weight, bias, stride, zeros, groups);

    (long Before, long Behind) Around(long length)
    {
        var zeros = Math.Max(0, (((length + stride - 1) / stride - 1) * stride) + size - length);
        return (zeros / 2, zeros - (zeros / 2));
    }
}

/// <summary>A convolution whose windows neither overlap nor leave gaps: each is a row of a product. Rows and columns beyond the last whole window are not read. Weight (outputs, inputs, size, size).</summary>
public sealed class Patches(Params p, int inputs, int outputs, int size, double deviation = 0.02, bool hasBias = true)
{
    readonly Tensor weight = p.Get("weight", Init.Normal(deviation), decay: true, outputs, inputs, size, size);
    readonly Tensor? bias = hasBias ? p.Get("bias", Init.Zeros, decay: false, outputs) : null;

    /// <summary>Of planes, as pictures come: (n,inputs,H,W) -> (n,H/size,W/size,outputs).</summary>
    public Tensor OfPlanes(Tensor x)
    {
        var (n, h, w) = (x.Size(0), x.Size(2) / size, x.Size(3) / size);
        x = Whole(x, 2, h, w).Reshape(n, inputs, h, size, w, size).Permute([0, 2, 4, 1, 3, 5]).Reshape(n, h, w, inputs * size * size);
        return x.Linear(weight.View(outputs, -1), bias);
    }

    /// <summary>(n,H,W,inputs) -> (n,H/size,W/size,outputs).</summary>
    public Tensor Forward(Tensor x)
    {
        var (n, h, w) = (x.Size(0), x.Size(1) / size, x.Size(2) / size);
        x = Whole(x, 1, h, w).Reshape(n, h, size, w, size, inputs).Permute([0, 1, 3, 2, 4, 5]).Reshape(n, h, w, size * size * inputs);
        return x.Linear(weight.Permute([0, 2, 3, 1]).Reshape(outputs, -1), bias);
    }

    Tensor Whole(Tensor x, int rows, long h, long w)
    {
        if (h == 0 || w == 0) throw new ConfigException("pictures.size", $"is too small: within the network a map of {x.Size(rows)} x {x.Size(rows + 1)} meets a window of {size} x {size}; take larger pictures");
        if (x.Size(rows) != h * size) x = x.Narrow(rows, 0, h * size);
        return x.Size(rows + 1) == w * size ? x : x.Narrow(rows + 1, 0, w * size);
    }
}

/// <summary>A convolution of every channel for itself on (n,H,W,C), with zeros around: as large a map as before. Weight (C,1,size,size), bias (C).</summary>
public sealed class Depthwise(Params p, int channels, int size, double deviation = 0.02)
{
    readonly Tensor weight = p.Get("weight", Init.Normal(deviation), decay: true, channels, 1, size, size);
    readonly Tensor bias = p.Get("bias", Init.Zeros, decay: false, channels);

    public Tensor Forward(Tensor x)                                               // (n,H,W,C)
    {
        if (x.Device.IsCpu && weight.DType == DType.Float32) return x.Depthwise(weight, bias);
        return x.Permute([0, 3, 1, 2]).Conv2d(weight, bias, 1, size / 2, channels).Permute([0, 2, 3, 1]);
    }
}

/// <summary>A linear layer whose weight is stored as that of a convolution of single pixels, (outputs, inputs, 1, 1); works on the last axis.</summary>
public sealed class PixelLinear(Params p, int inputs, int outputs, double deviation = 0.02)
{
    readonly Tensor weight = p.Get("weight", Init.Normal(deviation), decay: true, outputs, inputs, 1, 1);
    readonly Tensor bias = p.Get("bias", Init.Zeros, decay: false, outputs);

    public Tensor Forward(Tensor x) => x.Linear(weight.View(outputs, inputs), bias);
}

/// <summary>
/// Stochastic depth (Huang et al. 2016): while training, what a block adds is left out for a share of the pictures, and scaled up for the others. Which pictures these are depends on (seed, update,
/// layer, picture) only, as with every <see cref="Dropout"/>.
/// </summary>
public sealed class StochasticDepth(Params p, double share)
{
    readonly Dropout dropout = new(p, share);

    /// <summary>Nothing is left out in this pass.</summary>
    public bool Always => share == 0 || !p.Run.Training;

    /// <param name="x">(n,...) what the block adds.</param>
    /// <param name="rows">Names the pictures.</param>
    public Tensor Forward(Tensor x, Ragged rows)
    {
        if (Always) return x;
        var ones = Tensor.Empty([rows.Count, 1], DType.Float32, x.Device);
        ones.Fill(1);
        return x * dropout.Forward(ones, rows.SequenceRows).To(x.DType).View([rows.Count, .. Enumerable.Repeat(1L, x.Dims - 1)]);
    }

    /// <summary>The rates of blocks one after the other: rising evenly from 0 to the rate of the last.</summary>
    public static double[] Rising(double last, int blocks) => [.. Enumerable.Range(0, blocks).Select(i => blocks == 1 ? 0 : last * i / (blocks - 1))];
}

/// <summary>What a block adds, times a learnt factor of each channel (Touvron et al. 2021) on the last axis.</summary>
public sealed class LayerScale(Params p, string name, int channels, double init)
{
    readonly Tensor factors = p.Get(name, new Init(init, 0), decay: false, channels);

    public Tensor Forward(Tensor x) => x * factors;                               // (...,C)
}
