using Tutti.Nn;
using Tutti.Tests.OtherDevice;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>Attention by the operators that newer libtorch has: which is chosen, and that each computes what the ordinary operators do.</summary>
public sealed class DeviceAttentionTests : EngineTest
{
    const int Heads = 2, HeadSize = 8, Channels = Heads * HeadSize;
    const string Flash = "aten::_flash_attention_forward", Attention = "aten::scaled_dot_product_attention";

    static readonly int[] ragged = [5, 1, 3, 2], even = [3, 3, 3];

    [Theory]
    [InlineData(DType.BFloat16, 64, true, true, Flash)]
    [InlineData(DType.Float16, 64, true, true, Flash)]
    [InlineData(DType.BFloat16, 64, true, false, Flash)]
    [InlineData(DType.BFloat16, 64, false, true, Attention)]
    [InlineData(DType.BFloat16, 64, false, false, null)]
    [InlineData(DType.BFloat16, 20, true, true, Attention)]                       // no multiple of 8
    [InlineData(DType.BFloat16, 192, true, true, Attention)]
    [InlineData(DType.Float32, 64, true, true, Attention)]
    [InlineData(DType.Float32, 64, true, false, null)]
    public void The_best_operator_that_exists_for_such_numbers_is_chosen(DType dtype, int headSize, bool flash, bool attention, string? expected) =>
        Assert.Equal(expected, DeviceAttention.Choose(dtype, headSize, name => name == Flash ? flash : attention)?.Name);

    /// <summary>The context of normal values, and the gradient of a weighted sum of it.</summary>
    static (double[] Context, double[] Gradient) Attend(int[] lengths, Device device, DType dtype, AttentionPath? path, double dropout = 0, long update = 0)
    {
        using var p = new Params(3, device: device, dtype: dtype);
        (p.Run.Attention, p.Run.Training, p.Run.Update) = (path, dropout > 0, update);
        var leaf = Check.Normal("qkv", lengths.Sum(), 3 * Channels).To(dtype).To(device).RequireGrad();
        var parts = leaf.Chunk(3, 1);
        var context = new SelfAttention(p, Heads, dropout).Forward(parts[0], parts[1], parts[2], new Ragged(lengths, new long[lengths.Length], device, dtype));
        (context * Check.Normal("weights", lengths.Sum(), Channels).To(dtype).To(device)).Sum().Backward();
        return (context.Detach().To(DType.Float64).ToArray<double>(), leaf.Grad!.To(DType.Float64).ToArray<double>());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void One_operator_on_the_rectangle_computes_what_the_others_do(bool uneven)
    {
        Assert.True(Other.Device.Type > 0);                                       // libtorch 1.13 gets the operator's public name with it
        var lengths = uneven ? ragged : even;
        using (var p = new Params(1, dtype: DType.Float64))
        {
            Tensor? Found(AttentionPath? path)
            {
                p.Run.Attention = path;
                var x = Check.Normal("x", lengths.Sum(), Channels);
                return DeviceAttention.Forward(x, x, x, new Ragged(lengths, new long[lengths.Length], Device.Cpu, DType.Float64), Heads, new Dropout(p, 0), p);
            }
            Assert.NotNull(Found(AttentionPath.ScaledDotProduct));
            Assert.Null(Found(null));                                             // the CPU has its own way
        }
        var (expected, actual) = (Attend(lengths, Device.Cpu, DType.Float64, null), Attend(lengths, Device.Cpu, DType.Float64, AttentionPath.ScaledDotProduct));
        Assert.InRange(Check.Worst(expected.Context, actual.Context), 0, 1e-12);
        Assert.InRange(Check.Worst(expected.Gradient, actual.Gradient), 0, 1e-12);
        var there = Attend(lengths, Other.Device, DType.Float32, null);
        Assert.InRange(Check.Worst(expected.Context, there.Context), 0, 1e-5);
        Assert.InRange(Check.Worst(expected.Gradient, there.Gradient), 0, 1e-5);
    }

    [Theory]
    [InlineData(DType.Float32, AttentionPath.Operators, 1e-5), InlineData(DType.Float32, AttentionPath.ScaledDotProduct, 1e-5), InlineData(DType.BFloat16, AttentionPath.VariableLength, 0.05)]
    internal void Each_way_can_ask_for_the_first_positions_alone(DType dtype, AttentionPath path, double tolerance)
    {
        using var p = new Params(3, device: Other.Device, dtype: dtype);
        p.Run.Attention = path;
        foreach (var lengths in (int[][])[ragged, even, [1, 1]])
        {
            var batch = new Ragged(lengths, new long[lengths.Length], Other.Device, dtype);
            var x = Check.Normal("x", lengths.Sum(), Channels).To(dtype).To(Other.Device);
            var layer = new SelfAttention(p, Heads, 0);
            double[] Values(Tensor y) => y.To(DType.Float64).ToArray<double>();
            var expected = Values(layer.Forward(x, x, x, batch).IndexSelect(0, batch.First));
            var actual = Values(layer.Forward(x.IndexSelect(0, batch.First), x, x, batch));
            Assert.InRange(Check.Worst(expected, actual), 0, tolerance);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_flat_run_of_tokens_is_attended_to_without_a_rectangle(bool uneven)
    {
        var lengths = uneven ? ragged : even;
        var before = Other.Counts;
        var flat = Attend(lengths, Other.Device, DType.BFloat16, null);
        Assert.True((Other.Counts - before).Flash is 1 or 2);                     // and once to try it
        var operators = Attend(lengths, Other.Device, DType.BFloat16, AttentionPath.Operators);
        var expected = Attend(lengths, Device.Cpu, DType.Float64, null);
        // bfloat16 has 8 bits: values of up to 3 and sums of some of them are rounded several times.
        Assert.InRange(Check.Worst(expected.Context, flat.Context), 0, 0.05);
        Assert.InRange(Check.Worst(expected.Gradient, flat.Gradient), 0, 0.1);
        Assert.True(Check.Worst(expected.Context, flat.Context) <= Check.Worst(expected.Context, operators.Context) + 0.02);
    }

    [Theory]
    [InlineData(DType.Float32, null, 1e-3), InlineData(DType.Float32, AttentionPath.Operators, 1e-3)]
    [InlineData(DType.BFloat16, null, 0.1), InlineData(DType.BFloat16, AttentionPath.Operators, 0.1)]
    internal void On_a_GPU_every_way_computes_what_the_CPU_does(DType dtype, AttentionPath? path, double tolerance)
    {
        var (device, expected) = (Other.Named("cuda"), Attend(ragged, Device.Cpu, DType.Float64, null));
        var actual = Attend(ragged, device, dtype, path);
        Assert.InRange(Check.Worst(expected.Context, actual.Context), 0, tolerance);
        Assert.InRange(Check.Worst(expected.Gradient, actual.Gradient), 0, tolerance);
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.BFloat16)]
    public void Dropout_inside_is_drawn_for_the_update_and_again_the_same(DType dtype)
    {
        var (first, again, other) = (Attend(ragged, Other.Device, dtype, null, 0.4, 1), Attend(ragged, Other.Device, dtype, null, 0.4, 1), Attend(ragged, Other.Device, dtype, null, 0.4, 2));
        Assert.Equal(first.Context, again.Context);
        Assert.Equal(first.Gradient, again.Gradient);
        Assert.NotEqual(first.Context, other.Context);
        Assert.NotEqual(first.Context, Attend(ragged, Other.Device, dtype, null).Context);
    }

    [Fact]
    public void A_kernel_that_does_not_run_here_is_not_used()
    {
        var before = Other.Counts;
        var expected = Attend(ragged, Device.Cpu, DType.BFloat16, AttentionPath.Operators);
        Assert.Equal(expected.Context, Attend(ragged, Device.Cpu, DType.BFloat16, AttentionPath.VariableLength).Context);     // it wants its offsets on the other device
        Assert.Equal(0, (Other.Counts - before).Flash);
    }
}
