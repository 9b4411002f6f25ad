using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>The one-pass kernels of the CPU beside the same arithmetic by libtorch's operators in float64.</summary>
public sealed class FusedLayersTests : EngineTest
{
    static Tensor Random(string name, DType dtype, params long[] shape) => Check.Normal(name, shape).To(dtype);

    /// <summary>The largest difference, as a share of the largest expected number.</summary>
    static double Off(Tensor expected, Tensor actual)
    {
        var (a, b) = (expected.To(DType.Float64).ToArray<double>(), actual.To(DType.Float64).ToArray<double>());
        Assert.Equal(a.Length, b.Length);
        return a.Zip(b).Max(pair => Math.Abs(pair.First - pair.Second)) / a.Max(Math.Abs);
    }

    /// <summary>Results, and the gradients of leaves, of a computation whose results are weighed with fixed random numbers.</summary>
    static Tensor[] Take(DType dtype, Tensor[] values, Func<Tensor[], Tensor[]> body, DType? autocast = null)
    {
        var leaves = Array.ConvertAll(values, value => value.To(dtype).Clone().Detach().RequireGrad());
        using var mode = Modes.Autocast(Device.Cpu, autocast);
        var results = body(leaves);
        var loss = results.Select((result, i) => (result.To(dtype) * Random($"weights {i}", dtype, result.Shape)).Sum()).Aggregate((a, b) => a + b);
        loss.Backward();
        Modes.ClearAutocast();
        return [.. results, .. leaves.Select(leaf => leaf.Grad!)];
    }

    static Tensor[] Linears(Tensor[] x, bool fused)
    {
        Tensor[] weights = [x[1], x[2], x[3]], biases = [x[4], x[5], x[6]];
        return fused ? x[0].Linears(weights, biases) : [.. weights.Zip(biases, (weight, bias) => x[0].Linear(weight, bias))];
    }

    static Tensor[] LinearInputs(int rows) =>
        [Random("x", DType.Float64, rows, 40), Random("a", DType.Float64, 24, 40), Random("b", DType.Float64, 64, 40), Random("c", DType.Float64, 1, 40), Random("d", DType.Float64, 24), Random("e", DType.Float64, 64), Random("f", DType.Float64, 1)];

    [Theory, InlineData(1), InlineData(7), InlineData(300)]
    public void Linear_layers_of_one_input_equal_each_alone(int rows)
    {
        var expected = Take(DType.Float64, LinearInputs(rows), x => Linears(x, fused: false));
        var actual = Take(DType.Float32, LinearInputs(rows), x => Linears(x, fused: true));
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 3e-6));
        Assert.Equal(expected.Select(tensor => tensor.Shape), actual.Select(tensor => tensor.Shape));
    }

    [Fact]
    public void In_bf16_they_round_operands_and_results_and_no_gradient_of_a_weight()
    {
        var expected = Take(DType.Float64, LinearInputs(300), x => Linears(x, fused: false));
        var plain = Take(DType.Float32, LinearInputs(300), x => Linears(x, fused: false), DType.BFloat16);
        var fused = Take(DType.Float32, LinearInputs(300), x => Linears(x, fused: true), DType.BFloat16);
        for (var i = 0; i < expected.Length; i++) Assert.InRange(Off(expected[i], fused[i]), 0, Math.Max(0.004, 1.1 * Off(expected[i], plain[i])));
        Assert.All(fused[..3], result => Assert.Equal(DType.BFloat16, result.DType));
        Assert.All(fused[3..], gradient => Assert.Equal(DType.Float32, gradient.DType));
        Assert.Contains(fused[4].ToArray<float>(), value => BitConverter.SingleToUInt32Bits(value) % 65536 != 0);
    }

    [Fact]
    public void Layers_without_recording_frozen_weights_and_other_axes_work()
    {
        var x = LinearInputs(6).Select(tensor => tensor.To(DType.Float32)).ToArray();
        var cube = x[0].View(2, 3, 40);
        Assert.Equal([2L, 3, 64], Linears([cube, .. x[1..]], fused: true)[1].Shape);
        x[2].RequireGrad();
        var results = Linears(x, fused: true);
        Assert.False(x[0].RequiresGrad);
        results[0].Sum().Backward();                                               // nothing for b through a's result
        Assert.Null(x[2].Grad);
        Linears(x, fused: true)[1].Sum().Backward();
        Assert.Null(x[1].Grad);
        Assert.Equal(x[2].Shape, x[2].Grad!.Shape);
        Assert.Throws<TorchException>(() => Linears([x[0].View(40, 6), .. x[1..]], fused: true));
        x[2].SetGrad(null);
    }

    [Fact]
    public void A_weight_is_cast_once_until_it_changes()
    {
        using var mode = Modes.Autocast(Device.Cpu, DType.BFloat16);
        Tensor x = Random("x", DType.Float32, 2, 512), weight = Random("w", DType.Float32, 512, 512), bias = Tensor.Zeros([512]);
        var cast = 2 * weight.Count;
        long Kept(Func<Tensor> body)
        {
            var before = Memory.Stats(Device.Cpu).InUse;
            Scope.Run(body).Dispose();
            return Memory.Stats(Device.Cpu).InUse - before;
        }
        Tensor Forward() => x.Linears([weight], [bias])[0].To(DType.Float32);
        Assert.Equal(cast, Kept(Forward));
        Assert.Equal(0, Kept(Forward));
        var old = Forward().ToArray<float>();
        weight.MulInPlace(2);
        Assert.Equal(old.Select(value => value * 2), Forward().ToArray<float>());  // powers of two round alike
        Modes.ClearAutocast();
        Assert.Equal(cast, Kept(Forward));
        Modes.ClearAutocast();
    }

    static Tensor[] NormInputs(int rows, int width) => [Random("x", DType.Float64, rows, width), Random("y", DType.Float64, rows, width), Random("w", DType.Float64, width), Random("b", DType.Float64, width)];

    [Theory, InlineData(5, 7, 0.0), InlineData(200, 48, 0.1), InlineData(3, 100, 0.5), InlineData(130, 768, 0.1), InlineData(1, 1030, 0.2)]
    public void The_norm_of_a_residual_sum_equals_its_steps(int rows, int width, double share)
    {
        var keys = Tensor.From<long>([.. Enumerable.Range(0, rows).Select(row => row * 77L)], rows);
        Tensor[] Steps(Tensor[] x) => [((share == 0 ? x[1] : x[1].Dropout(keys, share, 5)) + x[0]).LayerNorm(x[2], x[3], 1e-12)];
        Tensor[] Fused(Tensor[] x) => [x[0].ResidualNorm(x[1], x[2], x[3], 1e-12, keys, share, 5)];
        var expected = Take(DType.Float64, NormInputs(rows, width), Steps);
        var actual = Take(DType.Float32, NormInputs(rows, width), Fused);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 2e-5));

        Tensor[] Halved(Tensor[] x) => [x[0].ResidualNorm(x[1].To(DType.BFloat16), x[2], x[3], 1e-12, keys, share, 5)];
        Assert.All(expected.Zip(Take(DType.Float32, NormInputs(rows, width), Halved)), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 0.02));
    }

    [Fact]
    public void Without_recording_the_norm_of_a_residual_sum_keeps_nothing_and_has_the_same_bits()
    {
        const int Rows = 400, Width = 130;
        var keys = Tensor.From<long>([.. Enumerable.Range(0, Rows).Select(row => (long)row)], Rows);
        var x = NormInputs(Rows, Width).Select(tensor => tensor.To(DType.Float32)).ToArray();
        (float[] Values, long Bytes) Run()
        {
            var before = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
            using var result = x[0].ResidualNorm(x[1], x[2], x[3], 1e-12, keys, 0.2, 5);
            return (result.Detach().ToArray<float>(), Memory.Stats(Device.Cpu).Peak - before);
        }
        x[2].RequireGrad();
        var recorded = Run();
        using var none = Modes.NoGrad();
        var plain = Run();
        Assert.Equal(recorded.Values, plain.Values);
        Assert.InRange(recorded.Bytes - plain.Bytes, Rows * Width * sizeof(float), 2 * Rows * Width * sizeof(float));
    }

    [Fact]
    public void Two_threads_give_the_bits_of_one()
    {
        var keys = Tensor.From<long>([.. Enumerable.Range(0, 500)], 500);
        float[][] All(int threads)
        {
            Engine.Threads = threads;
            var norm = Take(DType.Float32, NormInputs(500, 100), x => [x[0].ResidualNorm(x[1], x[2], x[3], 1e-5, keys, 0.1, 5)]);
            var bias = Take(DType.Float32, LinearInputs(500), x => Linears(x, fused: true))[^3..];
            return [.. norm.Concat(bias).Concat(Take(DType.Float32, [Random("g", DType.Float64, 50_000)], x => [x[0].Gelu()])).Select(tensor => tensor.ToArray<float>())];
        }
        Assert.Equal(All(1), All(2));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Every_generation_of_processors_computes_the_same(int level)
    {
        var keys = Tensor.From<long>([.. Enumerable.Range(0, 50)], 50);
        Tensor[] Steps(Tensor[] x) => [(x[1].Dropout(keys, 0.1, 5) + x[0]).LayerNorm(x[2], x[3], 1e-12).Gelu(), .. Linears([x[0], .. LinearInputs(1)[1..].Select(tensor => tensor.To(x[0].DType))], fused: false)];
        Tensor[] Fused(Tensor[] x) => [x[0].ResidualNorm(x[1], x[2], x[3], 1e-12, keys, 0.1, 5).Gelu(), .. Linears([x[0], .. LinearInputs(1)[1..].Select(tensor => tensor.To(DType.Float32))], fused: true)];
        var expected = Take(DType.Float64, NormInputs(50, 40), Steps);
        var former = Native.tutti_simd_level(level);
        try
        {
            Assert.All(expected.Zip(Take(DType.Float32, NormInputs(50, 40), Fused)), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 2e-5));
        }
        finally
        {
            _ = Native.tutti_simd_level(former);
        }
    }

    [Fact]
    public void Gelu_is_as_exact_as_float32_allows()
    {
        Tensor[] values = [Tensor.From<double>([.. Enumerable.Range(0, 30_001).Select(i => (i - 15_000) / 1000.0)])];
        var expected = Take(DType.Float64, values, x => [x[0].Gelu()]);
        var actual = Take(DType.Float32, values, x => [x[0].Gelu()]);
        var own = expected[0].ToArray<double>().Zip(actual[0].ToArray<float>(), (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(a))).Max();
        var gradients = (expected[1] - actual[1].To(DType.Float64)).ToArray<double>().Max(Math.Abs);
        TestContext.Current.TestOutputHelper?.WriteLine($"values {own:0.0e0}, gradients {gradients:0.0e0}");
        Assert.InRange(own, 0, 3e-7);
        Assert.InRange(gradients, 0, 3e-6);                                        // times weights of up to 4
        var halves = Take(DType.BFloat16, values, x => [x[0].Gelu()]);
        Assert.InRange(Off(expected[0], halves[0]), 0, 0.004);
        float[] odd = [float.NaN, float.PositiveInfinity, 1e30f, -1e30f, 0, -0f];
        Assert.Equal([float.NaN, float.PositiveInfinity, 1e30f, 0, 0, 0], Tensor.From(odd).Gelu().ToArray<float>());
    }

    [Fact]
    public void Wrong_shapes_and_types_are_errors()
    {
        Tensor x = Tensor.Zeros([4, 8]), weight = Tensor.Zeros([8]), keys = Tensor.From<long>([1, 2, 3]);
        Assert.Throws<TorchException>(() => x.ResidualNorm(Tensor.Zeros([4, 7]), weight, weight, 1e-5, keys, 0, 1));
        Assert.Throws<TorchException>(() => x.ResidualNorm(x, Tensor.Zeros([7]), weight, 1e-5, keys, 0, 1));
        Assert.Throws<TorchException>(() => x.ResidualNorm(x, weight, weight, 1e-5, keys, 0.1, 1));
        Assert.Throws<TorchException>(() => x.ResidualNorm(x.To(DType.Float64), weight, weight, 1e-5, keys, 0, 1));
        Assert.Throws<TorchException>(() => x.Linears([Tensor.Zeros([8, 8])], []));
    }
}
