using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>What follows a norm in the same pass.</summary>
enum After
{
    Nothing,
    Relu,
    Silu,
}

/// <summary>
/// Normalises each channel of (n,C,H,W) by its mean and variance over the pixels of the micro-batch while training, by the running ones else (Ioffe and Szegedy 2015; torch's BatchNorm2d). A frozen one,
/// every one where <see cref="RunState.RunningStatistics"/> is set, and one that sees a single pixel per channel, which has no variance, uses the running ones in training too. See <see cref="BatchStatistics"/> for when those move.
/// </summary>
sealed class BatchNorm2d
{
    readonly Params p;
    readonly double eps;
    readonly Parameter weight;
    readonly Tensor bias, runningMean, runningVariance;

    /// <param name="p">Its place.</param>
    /// <param name="channels">C.</param>
    /// <param name="eps">Added to variances.</param>
    /// <param name="momentum">The share of the newest update in the running statistics.</param>
    /// <param name="gain">A fresh weight's value.</param>
    public BatchNorm2d(Params p, int channels, double eps = 1e-5, double momentum = 0.1, double gain = 1)
    {
        (this.p, this.eps) = (p, eps);
        _ = p.Get("weight", new Init(gain, 0), decay: false, channels);
        weight = p.Items[^1];
        bias = p.Get("bias", Init.Zeros, decay: false, channels);
        runningMean = p.Fixed("running_mean", new float[channels], channels);
        runningVariance = p.Fixed("running_var", [.. Enumerable.Repeat(1f, channels)], channels);
        p.Run.Statistics.Register(weight.Name, (mean, variance) =>
        {
            foreach (var (running, value) in new[] { (runningMean, mean), (runningVariance, variance) })
            {
                running.MulInPlace(1 - momentum);
                running.AddInPlace(value, momentum);
            }
        });
    }

    /// <summary>The activation of norm(x) + added, in one pass where the device can.</summary>
    /// <param name="x">(n,C,H,W).</param>
    /// <param name="after">The activation.</param>
    /// <param name="added">(n,C,H,W), what a residual block began with; may be null.</param>
    public Tensor Forward(Tensor x, After after = After.Nothing, Tensor? added = null)
    {
        var batch = p.Run.Training && !p.Run.RunningStatistics && !weight.Frozen && x.Size(0) * x.Size(2) * x.Size(3) > 1;
        var (means, variances) = batch ? (Tensor.Zeros(runningMean.Shape, runningMean.DType, x.Device), Tensor.Zeros(runningMean.Shape, runningMean.DType, x.Device)) : (runningMean, runningVariance);
        Tensor y;
        if (x.Device.IsCpu && weight.Stored.DType == DType.Float32) y = x.NormMaps(weight.Stored, bias, means, variances, added, batch, eps, (int)after);
        else
        {
            y = batch ? x.BatchNormalised(weight.Stored, bias, means, variances, eps) : x.NormalisedBy(weight.Stored, bias, means, variances, eps);
            if (added is not null) y = y + added;
            y = after switch { After.Relu => y.Relu(), After.Silu => y.Silu(), _ => y };
        }
        if (batch) p.Run.Statistics.Keep(weight.Name, p.Run.FirstExample, x.Size(0), means, variances);
        return y;
    }
}
