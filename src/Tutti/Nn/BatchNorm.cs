using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Normalises each channel by its mean and variance over the texts of an update (Ioffe and Szegedy 2015) while training, by their running means else; torch's BatchNorm1d. A frozen one, and
/// an update of a single text, which has no variance, use the running means.
/// </summary>
/// <param name="p">Its place.</param>
/// <param name="size">Channels.</param>
/// <param name="eps">Added to variances.</param>
/// <param name="momentum">The share of the newest update in the running means.</param>
sealed class BatchNorm(Params p, int size, double eps = 1e-5, double momentum = 0.1)
{
    readonly Tensor weight = p.Get("weight", Init.Ones, decay: false, size);
    readonly Tensor bias = p.Get("bias", Init.Zeros, decay: false, size);
    readonly Tensor runningMean = p.Fixed("running_mean", new float[size], size);
    readonly Tensor runningVariance = p.Fixed("running_var", [.. Enumerable.Repeat(1f, size)], size);
    (Tensor Mean, Tensor Variance)? seen;

    bool Frozen => p.Items.First(item => item.Stored == weight).Frozen;

    public Tensor Forward(Tensor x)                                               // (n,C)
    {
        if (x.DType != weight.DType) x = x.To(weight.DType);
        var n = x.Size(0);
        if (!p.Run.Training || n == 1 || Frozen || p.Run.RunningStatistics) return Scaled(x - runningMean, runningVariance);
        var mean = x.Sum(0) / n;
        var centred = x - mean;
        var variance = centred.Square().Sum(0) / n;
        seen = (mean.Detach(), variance.Detach() * ((double)n / (n - 1)));        // the running variance is the unbiased one
        return Scaled(centred, variance);
    }

    /// <summary>The update that was seen last is done: the running means take it in.</summary>
    public void Settle()
    {
        if (seen is not var (mean, variance)) return;
        using var mode = Modes.NoGrad();
        foreach (var (running, value) in new[] { (runningMean, mean), (runningVariance, variance) })
        {
            running.MulInPlace(1 - momentum);
            running.AddInPlace(value, momentum);
        }
        seen = null;
    }

    Tensor Scaled(Tensor centred, Tensor variance) => (centred / (variance + eps).Sqrt() * weight) + bias;
}
