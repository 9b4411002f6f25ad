using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// An LSTM layer whose recurrent weights are dropped (DropConnect, Merity et al. 2017, 4.1): one mask per update, so every step of every sequence sees the same weights. Names are those of fastai's
/// WeightDropout around torch's LSTM.
/// </summary>
/// <param name="p">Its place.</param>
/// <param name="inputs">Channels.</param>
/// <param name="size">H.</param>
/// <param name="share">Of the recurrent weights.</param>
sealed class WeightDropLstm(Params p, int inputs, int size, double share)
{
    const string Inside = "module";

    readonly Tensor recurrent = p.Get("weight_hh_l0_raw", Init.Uniform(1 / Math.Sqrt(size)), decay: true, 4 * size, size);
    readonly Tensor weight = (p / Inside).Get("weight_ih_l0", Init.Uniform(1 / Math.Sqrt(size)), decay: true, 4 * size, inputs);
    readonly Tensor inputBias = (p / Inside).Get("bias_ih_l0", Init.Uniform(1 / Math.Sqrt(size)), decay: false, 4 * size);
    readonly Tensor recurrentBias = (p / Inside).Get("bias_hh_l0", Init.Uniform(1 / Math.Sqrt(size)), decay: false, 4 * size);
    readonly Dropout dropout = new(p, share);
    readonly Block block = new(p);

    public int Size => size;

    /// <param name="x">(T,C) packed.</param>
    /// <param name="sizes">Sequences of each step.</param>
    /// <param name="h">(n,H) before the first step, in the order of the packing; takes no gradient.</param>
    /// <param name="c">(n,H) likewise.</param>
    /// <returns>(T,H), and the states after each sequence's last step.</returns>
    public (Tensor Outputs, Tensor H, Tensor C) Forward(Tensor x, long[] sizes, Tensor h, Tensor c)
    {
        if (!block.RunsAgain)
        {
            using var scope = new Scope();
            var own = Dropped(x, sizes, h, c);
            return (scope.Keep(own.Outputs), scope.Keep(own.H.Detach()), scope.Keep(own.C.Detach()));
        }
        var (T, n) = (x.Size(0), h.Size(0));
        var all = block.Run(x, input =>
        {
            var again = Dropped(input, sizes, h, c);
            return Tensor.Cat([again.Outputs, again.H, again.C]);                  // a block that is run again gives one tensor
        });
        return (all.Narrow(0, 0, T), all.Narrow(0, T, n).Detach(), all.Narrow(0, T + n, n).Detach());
    }

    (Tensor Outputs, Tensor H, Tensor C) Dropped(Tensor x, long[] sizes, Tensor h, Tensor c)
    {
        var weights = dropout.Forward(recurrent, () => Tensor.From<long>([.. Enumerable.Range(0, 4 * size).Select(row => (long)row)], [4 * size], recurrent.Device));
        return (x.DType == weight.DType ? x : x.To(weight.DType)).Lstm(sizes, h, c, weight, weights, inputBias, recurrentBias);
    }
}
