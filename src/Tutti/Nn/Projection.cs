using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// A linear layer to few outputs, such as the classes of a head. On CUDA its product has rows of zeros behind the outputs, so that their number is a
/// multiple of what tensor cores take; outputs, gradients and the stored weight are those without.
/// </summary>
public sealed class Projection(Params p, int inputs, int outputs, double deviation = 0.02)
{
    const int Multiple = 8;

    readonly Linear linear = new(p, inputs, outputs, deviation);
    readonly int padding = (Multiple - (outputs % Multiple)) % Multiple;

    public Tensor Forward(Tensor x)                                               // (...,inputs) -> (...,outputs)
    {
        if (padding == 0 || !(p.Device.IsCuda || p.Run.PadHeads)) return linear.Forward(x);
        var (weight, bias) = linear.Weights;
        Tensor Zeros(params long[] shape) => Tensor.Zeros(shape, weight.DType, p.Device);
        var y = x.Linear(Tensor.Cat([weight, Zeros(padding, inputs)]), Tensor.Cat([bias!, Zeros(padding)]));
        return y.Narrow(y.Dims - 1, 0, outputs);
    }
}
