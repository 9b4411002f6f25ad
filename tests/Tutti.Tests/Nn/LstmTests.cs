using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>The CPU's LSTM beside libtorch's: values and gradients, whatever the lengths.</summary>
public sealed class LstmTests : EngineTest
{
    delegate (Tensor Outputs, Tensor H, Tensor C) Layer(Tensor[] x, long[] sizes);

    static (Tensor Outputs, Tensor H, Tensor C) Own(Tensor[] x, long[] sizes) => x[0].Lstm(sizes, x[1], x[2], x[3], x[4], x[5], x[6]);

    static (Tensor Outputs, Tensor H, Tensor C) Libtorch(Tensor[] x, long[] sizes) => x[0].LstmOfTorch(sizes, x[1], x[2], x[3], x[4], x[5], x[6]);

    /// <summary>Input, h, c, both weights, both biases, in float64.</summary>
    static Tensor[] Inputs(int channels, int units, long[] sizes)
    {
        var scale = 1 / Math.Sqrt(units);
        return
        [
            Check.Normal("x", sizes.Sum(), channels), Check.Normal("h", sizes[0], units), Check.Normal("c", sizes[0], units), Check.Normal("inputs", 4 * units, channels) * scale,
            Check.Normal("recurrent", 4 * units, units) * scale, Check.Normal("input bias", 4 * units) * scale, Check.Normal("recurrent bias", 4 * units) * scale,
        ];
    }

    /// <summary>Outputs, h, c, and the gradients of all seven inputs; results are weighed with fixed random numbers.</summary>
    static double[][] Pass(Layer layer, Tensor[] inputs, long[] sizes, DType dtype, DType? autocast = null)
    {
        var leaves = Array.ConvertAll(inputs, x => x.To(dtype).Detach().Clone().RequireGrad());
        Tensor[] results;
        using (Modes.Autocast(Device.Cpu, autocast))
        {
            var (outputs, h, c) = layer(leaves, sizes);
            results = [outputs, h, c];
        }
        results.Select((result, i) => (result.To(dtype) * Check.Normal($"weights {i}", result.Shape).To(dtype)).Sum()).Aggregate((a, b) => a + b).Backward();
        Modes.ClearAutocast();
        return [.. results.Concat(leaves.Select(leaf => leaf.Grad!)).Select(x => x.Detach().To(DType.Float64).ToArray<double>())];
    }

    /// <summary>The largest difference as a share of the largest expected number, of the worst tensor.</summary>
    static double Off(double[][] expected, double[][] actual) => expected.Zip(actual).Max(pair => Check.Worst(pair.First, pair.Second) / pair.First.Max(Math.Abs));

    public static TheoryData<int, int, long[]> Shapes() => new()
    {
        { 5, 6, [3, 3, 3] }, { 5, 7, [4, 3, 3, 1] }, { 1, 1, [1] }, { 3, 1, [2, 1] }, { 40, 33, [5, 5, 2] }, { 8, 16, [1] }, { 8, 16, [1, 1, 1, 1] }, { 10, 100, [64, 64, 64] }, { 8, 20, [130, 130, 97, 1] }, { 50, 160, [200, 150, 3] },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Values_and_gradients_are_those_of_libtorch(int channels, int units, long[] sizes)
    {
        var inputs = Inputs(channels, units, sizes);
        var expected = Pass(Libtorch, inputs, sizes, DType.Float64);
        Assert.InRange(Off(expected, Pass(Own, inputs, sizes, DType.Float64)), 0, 1e-10);
        Assert.InRange(Off(expected, Pass(Own, inputs, sizes, DType.Float32)), 0, 1e-5);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Under_autocast_it_is_no_further_from_double_than_libtorch(int channels, int units, long[] sizes)
    {
        var inputs = Inputs(channels, units, sizes);
        var expected = Pass(Libtorch, inputs, sizes, DType.Float64);
        var libtorch = Off(expected, Pass(Libtorch, inputs, sizes, DType.Float32, DType.BFloat16));
        // Pairs of bf16 take an even number of units; an odd one is multiplied in float32.
        Assert.InRange(Off(expected, Pass(Own, inputs, sizes, DType.Float32, DType.BFloat16)), units % 2 == 0 ? 1e-4 : 0, units % 2 == 0 ? (1.3 * libtorch) + 0.004 : 1e-5);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void Every_gradient_is_the_slope_by_finite_differences(int which)
    {
        long[] sizes = [3, 2, 2];
        var inputs = Inputs(3, 2, sizes);
        Check.Gradient(x =>
        {
            var all = inputs.ToArray();
            all[which] = x;
            var (outputs, h, c) = Own(all, sizes);
            return Tensor.Cat([outputs, h * 2, c * 3]);
        }, inputs[which]);
    }

    [Fact]
    public void States_carried_over_a_cut_give_the_bits_of_the_whole()
    {
        var x = Array.ConvertAll(Inputs(6, 24, [5, 5, 5, 5]), tensor => tensor.To(DType.Float32));
        foreach (var autocast in (DType?[])[null, DType.BFloat16])
        {
            using var mode = Modes.Autocast(Device.Cpu, autocast);
            var whole = Own(x, [5, 5, 5, 5]);
            Tensor[] Half(long at, Tensor h, Tensor c) => [x[0].Narrow(0, at, 10), h, c, .. x[3..]];
            var first = Own(Half(0, x[1], x[2]), [5, 5]);
            var second = Own(Half(10, first.H, first.C), [5, 5]);
            Assert.Equal(whole.Outputs.ToArray<float>(), Tensor.Cat([first.Outputs, second.Outputs]).ToArray<float>());
            Assert.Equal((DType.Float32, DType.Float32), (whole.Outputs.DType, whole.C.DType));
            Assert.Equal(whole.H.ToArray<float>(), second.H.ToArray<float>());
            Assert.Equal(whole.C.ToArray<float>(), second.C.ToArray<float>());
        }
    }

    [Theory, InlineData(null), InlineData(DType.BFloat16)]
    public void Two_threads_give_the_bits_of_one(DType? autocast)
    {
        long[] sizes = [70, 70, 31];
        double[][] Run(int threads)
        {
            Engine.Threads = threads;
            // Of the products over all steps, oneDNN's, the weights' gradients alone may be cut otherwise.
            var pass = Pass(Own, Inputs(24, 88, sizes), sizes, DType.Float32, autocast);
            return [.. pass[..3], .. pass[4..6], .. pass[8..]];
        }
        Assert.Equal(Run(1), Run(2));
        Assert.Equal(Run(2), Run(2));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Every_generation_of_processors_computes_the_same(int level)
    {
        long[] sizes = [70, 33, 2];
        var inputs = Inputs(9, 50, sizes);
        var expected = Pass(Libtorch, inputs, sizes, DType.Float64);
        var former = Native.tutti_simd_level(level);
        try
        {
            Assert.InRange(Off(expected, Pass(Own, inputs, sizes, DType.Float32)), 0, 1e-5);
            Assert.InRange(Off(expected, Pass(Own, inputs, sizes, DType.Float32, DType.BFloat16)), 1e-4, 0.02);
        }
        finally
        {
            _ = Native.tutti_simd_level(former);
        }
    }

    [Fact]
    public void Gates_far_out_saturate_and_a_nan_stays_one()
    {
        long[] sizes = [4];
        Tensor zeros = Tensor.Zeros([4, 1]), weight = Tensor.Zeros([4, 1]), bias = Tensor.Zeros([4]);
        weight.Fill(1);
        // All four gates see the same number: c = sigmoid(x) tanh(x), h = sigmoid(x) tanh(c).
        var (outputs, _, c) = Tensor.From([1e30f, -1e30f, float.NaN, 0], 4, 1).Lstm(sizes, zeros, zeros, weight, weight, bias, bias);
        Assert.Equal([1f, 0, float.NaN, 0], c.ToArray<float>().Select(value => value + 0));
        Assert.Equal([0.76159416f, 0, float.NaN, 0], outputs.ToArray<float>().Select(value => value + 0), (a, b) => a.Equals(b) || Math.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void Without_recording_nothing_is_kept_and_the_bits_are_the_same()
    {
        long[] sizes = [64, 64, 64];
        var x = Array.ConvertAll(Inputs(32, 128, sizes), tensor => tensor.To(DType.Float32));
        x[4].RequireGrad();
        (float[] Values, long Kept) Run()
        {
            var before = Memory.Stats(Device.Cpu).InUse;
            var (outputs, h, c) = Own(x, sizes);
            using (outputs)
            using (h)
            using (c) return (outputs.Detach().ToArray<float>(), Memory.Stats(Device.Cpu).InUse - before);
        }
        const long Rows = 192, Units = 128, Results = (Rows + 64 + 64) * Units * sizeof(float);
        var recorded = Run();
        using var none = Modes.NoGrad();
        var plain = Run();
        Assert.Equal(recorded.Values, plain.Values);
        Assert.InRange(plain.Kept, Results, Results + 8192);
        Assert.InRange(recorded.Kept, Results + (Rows * Units * 5 * sizeof(float)), long.MaxValue);
    }

    [Fact]
    public void What_needs_no_gradient_gets_none_and_a_second_backward_is_an_error()
    {
        long[] sizes = [3, 2];
        for (var wanted = 0; wanted < 7; wanted++)
        {
            var x = Array.ConvertAll(Inputs(4, 6, sizes), tensor => tensor.To(DType.Float32).Clone().Detach());
            x[wanted].RequireGrad();
            var loss = Own(x, sizes).Outputs.Sum();                                // nothing of h and c
            loss.Backward();
            for (var i = 0; i < 7; i++) Assert.Equal(i == wanted, x[i].Grad is not null);
            Assert.Equal(x[wanted].Shape, x[wanted].Grad!.Shape);
            Assert.Throws<TorchException>(loss.Backward);
            x[wanted].SetGrad(null);
        }
    }

    [Fact]
    public void Both_biases_have_gradients_of_their_own()
    {
        var x = Array.ConvertAll(Inputs(4, 6, [3, 2]), tensor => tensor.To(DType.Float32).Clone().Detach());
        foreach (var bias in x[5..]) bias.RequireGrad();
        for (var i = 0; i < 2; i++) Own(x, [3, 2]).Outputs.Sum().Backward();       // a sum in place must not reach the other one
        Assert.Equal(x[5].Grad!.ToArray<float>(), x[6].Grad!.ToArray<float>());
        var once = Array.ConvertAll(Inputs(4, 6, [3, 2]), tensor => tensor.To(DType.Float32).Clone().Detach());
        once[5].RequireGrad();
        Own(once, [3, 2]).Outputs.Sum().Backward();
        Assert.Equal(once[5].Grad!.ToArray<float>().Select(value => 2 * value), x[5].Grad!.ToArray<float>());
    }

    [Fact]
    public void Wrong_sizes_and_types_are_errors()
    {
        var x = Array.ConvertAll(Inputs(4, 6, [3, 2]), tensor => tensor.To(DType.Float32));
        Assert.Contains("the longest come first", Assert.Throws<TorchException>(() => Own(x, [2, 3])).Message, StringComparison.Ordinal);
        Assert.Contains("the steps have 4 rows", Assert.Throws<TorchException>(() => Own(x, [3, 1])).Message, StringComparison.Ordinal);
        Assert.Throws<TorchException>(() => Own(x, [3, 2, 0]));
        Assert.Throws<TorchException>(() => Own([x[0], x[1].Narrow(0, 0, 2), .. x[2..]], [3, 2]));
        Assert.Throws<TorchException>(() => Own([.. x[..3], x[3].Narrow(1, 0, 3), .. x[4..]], [3, 2]));
        Assert.Throws<TorchException>(() => Own([.. x[..5], x[5].Narrow(0, 0, 23), x[6]], [3, 2]));
        Assert.Throws<TorchException>(() => Own([x[0].To(DType.BFloat16), .. x[1..]], [3, 2]));
        Assert.Throws<TorchException>(() => Own([x[0], x[1].To(DType.Float64), .. x[2..]], [3, 2]));
    }
}
