using Tutti.Torch;

namespace Tutti.Training.Optimizers;

/// <summary>How AdamW updates the weights.</summary>
enum AdamWPath { OnePass, Fused, Operators }

/// <summary>
/// The arithmetic of <see cref="AdamW"/> on devices that its one-pass kernel is not built for: libtorch's fused kernel where there is one, else
/// operators. Nothing here waits for the device.
/// </summary>
static class DeviceAdamW
{
    static readonly Op[] fused = [new("aten::_fused_adamw_")];

    /// <summary>Whether libtorch has the kernel; on CUDA it is always built.</summary>
    public static bool HasFused => fused[0].Exists;

    /// <summary>The gradients' norm, and loss beside it, as one tensor of two numbers that has not been waited for.</summary>
    public static Tensor NormAnd(Tensor[] grads, Tensor loss)
    {
        // A sum per gradient in its own type, as torch's clip_grad_norm_; together in double.
        var squares = grads.Select(grad => grad.Square().Sum().View(1)).ToArray();
        var norm = squares.Length == 0 ? Tensor.Zeros([1], DType.Float64, loss.Device) : Tensor.Cat(squares).To(DType.Float64).Sum().Sqrt().View(1);
        return Tensor.Cat([norm, loss.View(1)]);
    }

    /// <summary>One kernel for all weights of the same decay.</summary>
    /// <param name="number">Of the step, from 1.</param>
    public static void Fused(Tensor[] weights, Tensor[] grads, Tensor[] m, Tensor[] v, double[] decay, AdamWStep step, long number)
    {
        using var scope = new Scope();
        var device = weights[0].Device;
        Tensor One(double value)
        {
            var one = Tensor.Empty([], DType.Float32, device);
            one.Fill(value);
            return one;
        }
        var (steps, divisor) = (One(number), step.Scale == 1 ? null : One(1 / step.Scale));       // the kernel divides gradients by it
        foreach (var group in Enumerable.Range(0, weights.Length).GroupBy(i => decay[i]))
        {
            var members = group.ToArray();
            Tensor[] Of(Tensor[] all) => [.. members.Select(i => all[i])];
            var counts = new Tensor[members.Length];
            Array.Fill(counts, steps);
            fused[0].Run(Of(weights), Of(grads), Of(m), Of(v), (Tensor[])[], counts, step.Rate, step.Beta1, step.Beta2, group.Key, step.Eps, false, false, divisor);
        }
    }

    /// <summary>The same by operators, weight by weight.</summary>
    public static void ByOperators(Tensor[] weights, Tensor[] grads, Tensor[] m, Tensor[] v, double[] decay, in AdamWStep step)
    {
        for (var i = 0; i < weights.Length; i++)
        {
            using var scope = new Scope();
            var grad = grads[i] * step.Scale;
            m[i].MulInPlace(step.Beta1);
            m[i].AddInPlace(grad, 1 - step.Beta1);
            v[i].MulInPlace(step.Beta2);
            v[i].AddInPlace(grad.Square(), 1 - step.Beta2);
            weights[i].MulInPlace(1 - (step.Rate * decay[i]));
            weights[i].AddInPlace(m[i] / ((v[i].Sqrt() * step.Grow) + step.Eps), -step.Size);
        }
    }
}
