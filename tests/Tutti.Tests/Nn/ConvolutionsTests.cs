using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>Layers of pictures, and their kernels for the CPU beside libtorch's operators in float64.</summary>
public sealed class ConvolutionsTests : EngineTest
{
    static Tensor Random(string name, params long[] shape) => Check.Normal(name, shape);

    /// <summary>The largest difference, as a share of the largest expected number.</summary>
    static double Off(Tensor expected, Tensor actual)
    {
        var (a, b) = (expected.To(DType.Float64).ToArray<double>(), actual.To(DType.Float64).ToArray<double>());
        return Check.Worst(a, b) / Math.Max(1e-30, a.Max(Math.Abs));
    }

    /// <summary>The mean square of differences beside that of the expected numbers, as a share.</summary>
    static double OffOnAverage(Tensor expected, Tensor actual)
    {
        var (a, b) = (expected.To(DType.Float64).ToArray<double>(), actual.To(DType.Float64).ToArray<double>());
        return Math.Sqrt(a.Zip(b).Sum(pair => (pair.First - pair.Second) * (pair.First - pair.Second)) / a.Sum(value => value * value));
    }

    static Tensor[] Take(DType dtype, Tensor[] values, Func<Tensor[], Tensor> body)
    {
        var leaves = Array.ConvertAll(values, value => value.To(dtype).Clone().Detach().RequireGrad());
        var y = body(leaves);
        (y.To(DType.Float64) * Random("weights", y.Shape)).Sum().Backward();
        return [y, .. leaves.Select(leaf => leaf.Grad!)];
    }

    /// <summary>Every level of vectors that this processor has.</summary>
    static void OnEveryLevel(Action body, bool bestAlone = false)
    {
        var best = Native.tutti_simd_level(0);
        try
        {
            for (var level = bestAlone ? best : 0; level <= best; level++)
            {
                _ = Native.tutti_simd_level(level);
                using var scope = new Scope();
                body();
            }
        }
        finally
        {
            _ = Native.tutti_simd_level(best);
        }
    }

    // Channels that are whole vectors and not; maps narrower than the window, and wider than a tile.
    [Theory, InlineData(7, 3, 9, 5, 40), InlineData(7, 1, 2, 3, 3), InlineData(5, 2, 7, 20, 16), InlineData(3, 2, 1, 1, 17)]
    public void Windows_of_every_channel_equal_libtorchs_convolution(int size, int n, int height, int width, int channels) => OnEveryLevel(() =>
    {
        Tensor[] values = [Random("x", n, height, width, channels), Random("w", channels, 1, size, size), Random("b", channels)];
        var expected = Take(DType.Float64, values, x => x[0].Permute([0, 3, 1, 2]).Conv2d(x[1], x[2], 1, size / 2, channels).Permute([0, 2, 3, 1]));
        var actual = Take(DType.Float32, values, x => x[0].Depthwise(x[1], x[2]));
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 2e-6));
        var rough = Take(DType.Float32, values, x => x[0].To(DType.BFloat16).Depthwise(x[1], x[2]));
        Assert.Equal(DType.BFloat16, rough[0].DType);
        Assert.All(expected.Zip(rough), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 0.02));
        using var none = Modes.NoGrad();
        Assert.Equal(actual[0].ToArray<float>(), values[0].To(DType.Float32).Depthwise(values[1].To(DType.Float32), values[2].To(DType.Float32)).ToArray<float>());
    });

    [Theory, InlineData(1), InlineData(2)]
    public void Their_bits_do_not_depend_on_the_number_of_threads(int threads)
    {
        Tensor[] values = [Random("x", 3, 14, 11, 24), Random("w", 24, 1, 7, 7), Random("b", 24)];
        float[][] Bits(int count)
        {
            Engine.Threads = count;
            return [.. Take(DType.Float32, values, x => x[0].Depthwise(x[1], x[2])).Concat(Take(DType.Float32, [Random("y", 3, 24, 14, 11), Random("g", 24), Random("h", 24)], x => Normed(x, null, true, After.Relu).Y)).Select(tensor => tensor.ToArray<float>())];
        }
        Assert.Equal(Bits(1), Bits(threads));
    }

    // Single pixels of few and of many, all and every second; windows on small maps, on odd ones and on large ones.
    [Theory, InlineData(2, 5, 37, 24, 1, 1, 0), InlineData(2, 5, 37, 24, 1, 2, 0), InlineData(3, 41, 8, 17, 1, 1, 0), InlineData(3, 81, 8, 17, 1, 2, 0), InlineData(2, 4, 48, 32, 3, 1, 1), InlineData(2, 7, 19, 32, 3, 2, 1),
        InlineData(2, 23, 16, 33, 3, 1, 1), InlineData(1, 33, 3, 16, 7, 2, 3), InlineData(2, 6, 16, 16, 1, 1, 1), InlineData(1, 3, 16, 5, 3, 1, 0)]
    public void Convolutions_equal_libtorchs(int n, int side, int inputs, int outputs, int size, int stride, int padding)
    {
        using var scope = new Scope();
        Tensor[] values = [Random("x", n, inputs, side, side + 1), Random("w", outputs, inputs, size, size)];
        var expected = Take(DType.Float64, values, x => x[0].Conv2d(x[1], null, stride, padding, 1));
        var actual = Take(DType.Float32, values, x => x[0].Convolution(x[1], stride, padding));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Shape, pair.Second.Shape));
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 5e-6));
        var rough = Take(DType.Float32, values, x =>
        {
            using var cast = Modes.Autocast(x[0].Device, DType.BFloat16);
            return x[0].Convolution(x[1], stride, padding);
        });
        Assert.Equal([DType.BFloat16, DType.Float32, DType.Float32], rough.Select(tensor => tensor.DType));
        Assert.All(expected.Zip(rough), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 0.02));
        using var none = Modes.NoGrad();
        Assert.Equal(actual[0].ToArray<float>(), values[0].To(DType.Float32).Convolution(values[1].To(DType.Float32), stride, padding).ToArray<float>());
    }

    // Where a map ends, and where channels are no whole vectors, other code runs.
    [Fact]
    public void Convolutions_of_small_maps_equal_libtorchs()
    {
        foreach (var (size, stride) in new[] { (1, 1), (1, 2), (3, 1), (3, 2), (7, 2) })
            foreach (var side in new[] { 1, 2, 3, 4, 8 })
                foreach (var (inputs, outputs) in new[] { (3, 8), (8, 32), (10, 20), (16, 16), (64, 4) })
                {
                    using var scope = new Scope();
                    Tensor[] values = [Random("x", 2, inputs, side, side), Random("w", outputs, inputs, size, size)];
                    var expected = Take(DType.Float64, values, x => x[0].Conv2d(x[1], null, stride, size / 2, 1));
                    var actual = Take(DType.Float32, values, x => x[0].Convolution(x[1], stride, size / 2));
                    Assert.All(expected.Zip(actual), pair => Assert.True(Off(pair.First, pair.Second) < 5e-6, $"{inputs} to {outputs} channels of {side} x {side} pixels, windows of {size}, stride {stride}: {Off(pair.First, pair.Second)}"));
                }
    }

    [Theory, InlineData(1), InlineData(3)]
    public void Frozen_weights_let_gradients_through_and_frozen_maps_leave_them_to_the_weights(int size)
    {
        var (x, w) = (Random("x", 2, 8, 6, 6), Random("w", 4, 8, size, size));
        Tensor[] expected = Take(DType.Float64, [x, w], leaves => leaves[0].Conv2d(leaves[1], null, 1, size / 2, 1));
        var (plainX, plainW) = (x.To(DType.Float32), w.To(DType.Float32));
        var ofMaps = Take(DType.Float32, [x], leaves => leaves[0].Convolution(plainW, 1, size / 2));
        var ofWeights = Take(DType.Float32, [w], leaves => plainX.Convolution(leaves[0], 1, size / 2));
        Assert.InRange(Off(expected[1], ofMaps[1]), 0, 5e-6);
        Assert.InRange(Off(expected[2], ofWeights[1]), 0, 5e-6);
        Assert.Null(plainX.Grad);
        Assert.Null(plainW.Grad);
    }

    [Fact]
    public void Maps_and_weights_that_do_not_go_together_are_refused()
    {
        var x = Random("x", 1, 3, 4, 4).To(DType.Float32);
        var fault = Assert.ThrowsAny<Exception>(() => x.Convolution(Random("w", 2, 5, 3, 3).To(DType.Float32), 1, 1));
        Assert.Contains("do not go with a weight of size [2, 5, 3, 3]", fault.Message, StringComparison.Ordinal);
        fault = Assert.ThrowsAny<Exception>(() => x.Convolution(Random("w", 2, 3, 7, 7).To(DType.Float32), 1, 1));
        Assert.Contains("do not fit maps of size [1, 3, 4, 4]", fault.Message, StringComparison.Ordinal);
    }

    static (Tensor Y, Tensor Means, Tensor Variances) Normed(Tensor[] x, Tensor? added, bool batch, After after)
    {
        var C = x[1].Size(0);
        var (means, variances) = batch ? (Tensor.Zeros([C]), Tensor.Zeros([C])) : (Random("means", C).To(DType.Float32), (Random("variances", C).Square() + 0.5).To(DType.Float32));
        return (x[0].NormMaps(x[1], x[2], means, variances, added, batch, 1e-5, (int)after), means, variances);
    }

    [Theory, InlineData(0, false, true), InlineData(1, false, true), InlineData(1, true, true), InlineData(2, false, true), InlineData(2, true, true), InlineData(0, true, true), InlineData(1, true, false), InlineData(2, false, false), InlineData(0, false, false),
        InlineData(1, true, true, true)]
    public void Batch_norm_with_what_follows_equals_libtorchs_operators(int after, bool adds, bool batch, bool large = false) => OnEveryLevel(() =>
    {
        // Maps of 16 MiB and more are written past the caches.
        var (n, C, H, W) = large ? (4L, 64L, 182L, 181L) : (5L, 37L, 6L, 7L);
        Tensor[] values = [Random("x", n, C, H, W) + 3, Random("weight", C), Random("bias", C), .. adds ? new[] { Random("added", n, C, H, W) } : []];
        var (means, variances) = (Tensor.Zeros([C], DType.Float64), Tensor.Zeros([C], DType.Float64));
        var expected = Take(DType.Float64, values, x =>
        {
            var y = batch ? x[0].BatchNormalised(x[1], x[2], means, variances, 1e-5) : x[0].NormalisedBy(x[1], x[2], Random("means", C).To(DType.Float32).To(DType.Float64), (Random("variances", C).Square() + 0.5).To(DType.Float32).To(DType.Float64), 1e-5);
            if (adds) y = y + x[3];
            return after switch { 1 => y.Relu(), 2 => y.Silu(), _ => y };
        });
        (Tensor Means, Tensor Variances) own = (means, variances);
        var actual = Take(DType.Float32, values, x =>
        {
            var (y, seen, spread) = Normed(x, adds ? x[3] : null, batch, (After)after);
            own = (seen, spread);
            return y;
        });
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Off(pair.First, pair.Second), 0, 5e-6));
        // Squares are summed in float32 about a block's first pixel, which may lie some deviations from the mean.
        if (batch) Assert.All([Off(means, own.Means), Off(variances, own.Variances)], off => Assert.InRange(off, 0, 5e-6));
        var rough = Take(DType.Float32, values, x => Normed([x[0].To(DType.BFloat16), x[1], x[2]], adds ? x[3].To(DType.BFloat16) : null, batch, (After)after).Y);
        Assert.Equal(DType.BFloat16, rough[0].DType);
        // Where a ReLU's input is rounded across 0, a gradient is there or is not.
        Assert.All(expected.Zip(rough), pair => Assert.InRange(OffOnAverage(pair.First, pair.Second), 0, 0.1));
    }, bestAlone: large);

    [Fact]
    public void What_is_not_a_number_stays_so_behind_a_relu()
    {
        var x = Random("x", 2, 3, 4, 4).To(DType.Float32);
        x.Narrow(0, 0, 1).Fill(double.NaN);
        foreach (var after in new[] { After.Nothing, After.Relu, After.Silu })
            Assert.All(Normed([x, Random("w", 3).To(DType.Float32), Random("b", 3).To(DType.Float32)], null, true, after).Y.ToArray<float>(), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Patches_are_a_convolution_whose_windows_lie_side_by_side()
    {
        using var p = new Params(3, dtype: DType.Float64);
        var patches = new Patches(p, 4, 6, 2);
        var (weight, bias) = (p.Items[0].Stored, p.Items[1].Stored);
        var x = Random("x", 2, 4, 7, 5);                      // an odd row and column are not read
        var expected = x.Conv2d(weight, bias, 2, 0, 1).Permute([0, 2, 3, 1]);
        Assert.InRange(Off(expected, patches.OfPlanes(x)), 0, 1e-12);
        Assert.InRange(Off(expected, patches.Forward(x.Permute([0, 2, 3, 1]).Contiguous())), 0, 1e-12);
        Assert.Throws<ConfigException>(() => patches.OfPlanes(Random("small", 1, 4, 1, 5)));
    }

    // TensorFlow's rule: as many windows as strides begin within the picture, the odd zero behind it.
    [Theory, InlineData(3, 2, 8, 4, 0, 1), InlineData(3, 2, 7, 4, 1, 1), InlineData(5, 2, 8, 4, 1, 2), InlineData(3, 1, 6, 6, 1, 1)]
    public void Same_zeros_are_those_of_tensorflow(int size, int stride, int length, int windows, int before, int behind)
    {
        using var p = new Params(3, dtype: DType.Float64);
        var conv = new Conv2d(p, 2, 3, size, stride, same: true);
        var x = Random("x", 1, 2, length, length);
        var y = conv.Forward(x);
        Assert.Equal((1L, 3L, (long)windows, (long)windows), (y.Size(0), y.Size(1), y.Size(2), y.Size(3)));
        Assert.InRange(Off(x.Pad([before, behind, before, behind]).Conv2d(p.Items[0].Stored, null, stride, 0, 1), y), 0, 1e-12);
    }

    [Fact]
    public void Stochastic_depth_leaves_out_whole_pictures_the_same_however_they_are_cut()
    {
        using var p = new Params(3);
        var depth = new StochasticDepth(p, 0.4);
        var x = (Random("x", 60, 3, 2).Square() + 1).To(DType.Float32);
        Ragged Rows(int from, int count) => new([.. Enumerable.Repeat(1, count)], [.. Enumerable.Range(from, count).Select(i => (long)i)], Device.Cpu);
        Assert.Equal(x.ToArray<float>(), depth.Forward(x, Rows(0, 60)).ToArray<float>());      // not in evaluation
        (p.Run.Training, p.Run.Seed) = (true, 5);
        var whole = depth.Forward(x, Rows(0, 60)).ToArray<float>();
        float[] cut = [.. depth.Forward(x.Narrow(0, 0, 23), Rows(0, 23)).ToArray<float>(), .. depth.Forward(x.Narrow(0, 23, 37), Rows(23, 37)).ToArray<float>()];
        Assert.Equal(whole, cut);
        var values = x.ToArray<float>();
        var kept = Enumerable.Range(0, 60).Where(i => whole[i * 6] != 0).ToArray();
        Assert.InRange(kept.Length, 22, 50);                  // 36 of 60 on average
        for (var i = 0; i < 360; i++) Assert.Equal(kept.Contains(i / 6) ? values[i] / 0.6 : 0, whole[i], 1e-3);
        p.Run.Update = 1;
        Assert.NotEqual(whole, depth.Forward(x, Rows(0, 60)).ToArray<float>());
    }

    [Fact]
    public void Running_statistics_take_in_an_update_once_however_it_was_cut_or_computed_again()
    {
        using var p = new Params(3);
        var norm = new BatchNorm2d(p, 4);
        p.Run.Training = true;
        var x = Random("x", 6, 4, 3, 3).To(DType.Float32);
        void See(int from, int count)
        {
            p.Run.FirstExample = from;
            _ = norm.Forward(x.Narrow(0, from, count));
        }
        float[] Means() => p.Items.Single(item => item.Name == "running_mean").Value.ToArray<float>();
        See(0, 6);                                            // had no room, and is computed again in halves, one of them twice
        See(0, 4);
        See(0, 4);
        See(4, 2);
        Assert.All(Means(), mean => Assert.Equal(0, mean));   // nothing before the update is done
        p.Run.Statistics.Settle();
        var expected = x.To(DType.Float64).Mean([0, 2, 3]).ToArray<double>();
        for (var c = 0; c < 4; c++) Assert.Equal(0.1 * expected[c], Means()[c], 1e-6);
        p.Run.Statistics.Settle();                            // nothing new was seen
        for (var c = 0; c < 4; c++) Assert.Equal(0.1 * expected[c], Means()[c], 1e-6);
    }
}
