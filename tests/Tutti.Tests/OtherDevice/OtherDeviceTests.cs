using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.OtherDevice;

/// <summary>The tests' own device does what the other tests rely on.</summary>
public sealed class OtherDeviceTests : EngineTest
{
    static Tensor Some => Tensor.From([1f, 2, 3, 4], 2, 2);

    [Fact]
    public void Values_go_there_and_come_back_and_gradients_too()
    {
        var weight = Some.To(Other.Device).RequireGrad();
        Assert.Equal(Other.Device, weight.Device);
        var y = (weight * 3).MatMul(weight.Transpose(0, 1));
        y.Sum().Backward();
        Assert.Equal(Other.Device, weight.Grad!.Device);
        var expected = Some.RequireGrad();
        (expected * 3).MatMul(expected.Transpose(0, 1)).Sum().Backward();
        Assert.Equal(expected.Grad!.ToArray<float>(), weight.Grad.ToArray<float>());
        weight.SetGrad(null);
        expected.SetGrad(null);
    }

    [Fact]
    public void Operators_that_mix_devices_fail() =>
        Assert.Contains("mixes devices", Assert.Throws<TorchException>(() => Some.To(Other.Device).MatMul(Some)).Message, StringComparison.Ordinal);

    [Fact]
    public void Kernels_of_the_CPU_are_not_there() =>
        Assert.Contains("CPU", Assert.Throws<TorchException>(() => Some.To(Other.Device).Dropout(Tensor.From([0L, 1]).To(Other.Device), 0.5, 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Copies_that_wait_are_counted()
    {
        var before = Other.Counts;
        var x = Some.To(Other.Device);
        Assert.Equal(new OtherCounts(0, 1, 0, 0), Other.Counts - before);
        _ = Tensor.From<float>([1, 2], [2], Other.Device) + 1;
        Assert.Equal(new OtherCounts(0, 1, 0, 0), Other.Counts - before);
        Assert.Equal(10, x.Sum().Item());
        Assert.Equal(new OtherCounts(1, 1, 0, 0), Other.Counts - before);
    }
}
