namespace Tutti.Torch;

// What networks of pictures ask for. n pictures, C channels, H rows, W columns.
public sealed partial class Tensor
{
    const int ChannelsLastFormat = 2;                         // libtorch's MemoryFormat

    static readonly Op conv2d = new("aten::conv2d"), maxPool2d = new("aten::max_pool2d"), avgPool2d = new("aten::avg_pool2d"), adaptiveAvgPool2d = new("aten::adaptive_avg_pool2d"),
        nativeBatchNorm = new("aten::native_batch_norm"), meanDims = new("aten::mean", "dim"), roll = new("aten::roll"), padConstant = new("aten::constant_pad_nd"),
        bicubic = new("aten::upsample_bicubic2d"), bicubicSmooth = new("aten::_upsample_bicubic2d_aa"), normDims = new("aten::norm", "ScalarOpt_dim"), clampNumber = new("aten::clamp"),
        depthwise = new("tutti::depthwise"), convolution = new("tutti::convolution"), normMaps = new("tutti::norm_maps");

    /// <summary>this (n,C,H,W) with weight (out, in / groups, h, w) and bias (out) -> (n,out,H',W'), zeros around.</summary>
    public Tensor Conv2d(Tensor weight, Tensor? bias, long stride, long padding, long groups) => conv2d.Call(this, weight, bias, (long[])[stride, stride], (long[])[padding, padding], (long[])[1, 1], groups);

    /// <summary>(n,C,H,W) with the same values, in memory pixel after pixel with all channels of each: what convolutions read fastest.</summary>
    public Tensor ChannelsLast() => contiguous.Call(this, ChannelsLastFormat);

    /// <summary>The largest of each window, with minus infinity around.</summary>
    public Tensor MaxPool2d(long size, long stride, long padding) => maxPool2d.Call(this, (long[])[size, size], (long[])[stride, stride], (long[])[padding, padding]);

    /// <summary>The mean of each window; one that reaches beyond the edge is the mean of what is within.</summary>
    public Tensor AvgPool2d(long size, long stride) => avgPool2d.Call(this, (long[])[size, size], (long[])[stride, stride], (long[])[0, 0], true, false);

    /// <summary>(n,C,H,W) -> (n,C,height,width): means of windows that cover the map.</summary>
    public Tensor AdaptiveAvgPool2d(long height, long width) => adaptiveAvgPool2d.Call(this, (long[])[height, width]);

    /// <summary>Batch normalisation by the statistics of this (n,C,H,W), which are left in the two tensors: means, and variances without bias.</summary>
    internal Tensor BatchNormalised(Tensor weight, Tensor bias, Tensor means, Tensor variances, double eps) => nativeBatchNorm.Call(this, weight, bias, means, variances, true, 1.0, eps);

    /// <summary>Batch normalisation by known means and variances.</summary>
    internal Tensor NormalisedBy(Tensor weight, Tensor bias, Tensor means, Tensor variances, double eps) => nativeBatchNorm.Call(this, weight, bias, means, variances, false, 0.0, eps);

    /// <summary>
    /// The activation (0 none, 1 ReLU, 2 SiLU) of the batch norm of this (n,C,H,W) plus <paramref name="added"/>, in as few passes as there can be, on the CPU with float32 weights; see native/maps.cpp.
    /// With <paramref name="batch"/> the statistics of this are used and left in the two tensors (variances without bias), else the two tensors' are.
    /// </summary>
    internal Tensor NormMaps(Tensor weight, Tensor bias, Tensor means, Tensor variances, Tensor? added, bool batch, double eps, int after) =>
        normMaps.Call(this, weight, bias, means, variances, added, batch, eps, after);

    /// <summary>Every channel of this (n,H,W,C) with its own weight (C,1,s,s), zeros around, plus bias (C), on the CPU with float32 weights; see native/depthwise.cpp.</summary>
    internal Tensor Depthwise(Tensor weight, Tensor bias) => depthwise.Call(this, weight, bias);

    /// <summary>As <see cref="Conv2d"/> on the CPU, with a float32 weight (out, in, s, s), all channels together and no bias; see native/convolution.cpp.</summary>
    internal Tensor Convolution(Tensor weight, long stride, long padding) => convolution.Call(this, weight, stride, padding);

    /// <summary>The mean over several axes.</summary>
    public Tensor Mean(long[] axes, bool keep = false) => meanDims.Call(this, axes, keep);

    /// <summary>Euclidean lengths over several axes, which are kept with size 1.</summary>
    public Tensor Norm(long[] axes) => normDims.Call(this, 2, axes, true);

    /// <summary>Moves elements along axes; those that leave come back at the other end.</summary>
    public Tensor Roll(long[] shifts, long[] axes) => roll.Call(this, shifts, axes);

    /// <summary>Constants around: pairs of (before, behind) from the last axis on; below 0 cuts off.</summary>
    public Tensor Pad(long[] sizes, double value = 0) => padConstant.Call(this, sizes, value);

    /// <summary>No value is above.</summary>
    public Tensor AtMost(double most) => clampNumber.Call(this, Arg.None, most);

    /// <summary>No value is below.</summary>
    public Tensor AtLeast(double least) => clampNumber.Call(this, least, Arg.None);

    /// <summary>(n,C,H,W) at another size by cubic splines (a = -0.75; smoothed, a = -0.5 and wider where it shrinks, as Pillow resizes).</summary>
    public Tensor Bicubic(long height, long width, bool smooth) => (smooth ? bicubicSmooth : bicubic).Call(this, (long[])[height, width], false, Arg.None, Arg.None);
}
