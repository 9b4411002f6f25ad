using Tutti.Nn;
using Tutti.Tests.Nn;
using Tutti.Tests.OtherDevice;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Tests.Training.Optimizers;

/// <summary>AdamW on devices without the one-pass kernel: libtorch's fused kernel and operators come to what the CPU's kernel does.</summary>
public sealed class DeviceAdamWTests : EngineTest
{
    /// <summary>Two weights and a bias after some steps, with clipping in some of them; the norms.</summary>
    static (double[] Weights, double[] Norms, double[] Moments) Steps(Device device, DType dtype, AdamWPath? path)
    {
        using var p = new Params(1, name => Check.Normal(name, 5, 3), device: device, dtype: dtype);
        Tensor[] weights = [p.Get("a", Init.Zeros, true, 5, 3), p.Get("bias", Init.Zeros, false, 5, 3), p.Get("b", Init.Zeros, true, 5, 3)];
        using var optimizer = new AdamW(p.Items, 0.8, 0.95, 1e-6, 0.1) { Path = path };
        List<double> norms = [];
        for (var step = 1; step <= 5; step++)
        {
            foreach (var (i, weight) in weights.Index())
                if (i < 2 || step != 3) (weight * Check.Normal($"g{i} {step}", 5, 3).To(dtype).To(device)).Sum().Backward();       // one is left alone in a step
            norms.Add(optimizer.Step(0.1 / step, step % 2 == 0 ? 0.5 : 1e6));
            optimizer.ZeroGradients();
        }
        double[] All(IEnumerable<Tensor> tensors) => [.. tensors.SelectMany(tensor => tensor.To(DType.Float64).ToArray<double>())];
        return (All(weights), [.. norms], All(optimizer.State.Select(pair => pair.Value)));
    }

    static void Same((double[] Weights, double[] Norms, double[] Moments) expected, (double[] Weights, double[] Norms, double[] Moments) actual, double tolerance)
    {
        Assert.InRange(Check.Worst(expected.Norms, actual.Norms), 0, 10 * tolerance);
        Assert.InRange(Check.Worst(expected.Moments, actual.Moments), 0, tolerance);
        Assert.InRange(Check.Worst(expected.Weights, actual.Weights), 0, tolerance);
    }

    // Values of about 1: some roundings of each type.
    [Theory, InlineData(DType.Float64, 1e-13), InlineData(DType.Float32, 1e-5)]
    public void Operators_do_what_the_kernel_does(DType dtype, double tolerance)
    {
        var expected = Steps(Device.Cpu, dtype, null);
        Same(expected, Steps(Device.Cpu, dtype, AdamWPath.Operators), tolerance);
        Same(expected, Steps(Other.Device, dtype, AdamWPath.Operators), tolerance);
    }

    [Fact]
    public void The_fused_kernel_is_called_for_weights_with_and_without_decay()
    {
        var expected = Steps(Device.Cpu, DType.Float32, null);
        var before = Other.Counts;
        Same(expected, Steps(Other.Device, DType.Float32, AdamWPath.Fused), 1e-5);
        Assert.Equal(10, (Other.Counts - before).Fused);                          // five steps of two kernels
        Assert.Equal(5, (Other.Counts - before).Reads - 9);                       // a norm each; three weights and six moments at the end
    }

    [Fact]
    public void On_a_GPU_both_ways_do_what_the_CPU_does()
    {
        var (device, expected) = (Other.Named("cuda"), Steps(Device.Cpu, DType.Float32, null));
        Same(expected, Steps(device, DType.Float32, null), 1e-5);
        Same(expected, Steps(device, DType.Float32, AdamWPath.Operators), 1e-5);
    }

    [Fact]
    public void The_best_way_of_a_device_is_chosen()
    {
        var before = Other.Counts;
        Assert.Equal(Steps(Other.Device, DType.Float32, AdamWPath.Fused).Weights, Steps(Other.Device, DType.Float32, null).Weights);
        Assert.Equal(20, (Other.Counts - before).Fused);
        Assert.Equal(Steps(Device.Cpu, DType.Float32, AdamWPath.OnePass).Weights, Steps(Device.Cpu, DType.Float32, null).Weights);
        Assert.Equal(20, (Other.Counts - before).Fused);
    }

    [Fact]
    public void Norm_and_loss_are_read_together()
    {
        using var p = new Params(1, _ => Tensor.From([3.0, 0]), device: Other.Device);
        var (a, b) = (p.Get("a", Init.Zeros, true, 2), p.Get("b", Init.Zeros, true, 2));
        using var optimizer = new AdamW(p.Items);
        (a * Tensor.From([3f, 0]).To(Other.Device)).Sum().Backward();
        (b * Tensor.From([0f, 4]).To(Other.Device)).Sum().Backward();
        var loss = Tensor.From([0.25]).To(Other.Device);
        var before = Other.Counts;
        Assert.Equal((5.0, 0.25), optimizer.NormAnd(loss));
        Assert.Equal(1, (Other.Counts - before).Reads);
        optimizer.ZeroGradients();
    }
}
