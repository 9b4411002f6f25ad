using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

public sealed class DropoutTests : EngineTest
{
    const int Width = 33;                                                          // not a multiple of the four elements that share 64 bits
    readonly Params p = new(1);

    // 1 where an element is kept.
    static bool[] Mask(Dropout layer, int[] lengths, long[] examples)
    {
        var ragged = new Ragged(lengths, examples, Device.Cpu);
        return [.. layer.Forward(Tensor.Zeros([ragged.Tokens, Width]) + 1, ragged.TokenRows).ToArray<float>().Select(value => value != 0)];
    }

    [Fact]
    public void The_mask_belongs_to_the_example_and_position_not_to_the_cut()
    {
        p.Run.Training = true;
        var layer = new Dropout(p, 0.3);
        var whole = Mask(layer, [4, 1, 3], [11, 5, 8]);
        Assert.Equal(whole, (bool[])[.. Mask(layer, [4], [11]), .. Mask(layer, [1], [5]), .. Mask(layer, [3], [8])]);
        var turned = Mask(layer, [3, 4, 1], [8, 11, 5]);
        Assert.Equal(whole, (bool[])[.. turned[(3 * Width)..], .. turned[..(3 * Width)]]);
    }

    [Fact]
    public void Seeds_updates_layers_examples_and_positions_draw_other_masks()
    {
        p.Run.Training = true;
        var (first, second) = (new Dropout(p, 0.5), new Dropout(p, 0.5));
        var mask = Mask(first, [2], [1]);
        Assert.NotEqual(mask[..Width], mask[Width..]);
        Assert.NotEqual(mask, Mask(second, [2], [1]));
        Assert.NotEqual(mask, Mask(first, [2], [2]));
        p.Run.Update = 1;
        Assert.NotEqual(mask, Mask(first, [2], [1]));
        (p.Run.Update, p.Run.Seed) = (0, 1);
        Assert.NotEqual(mask, Mask(first, [2], [1]));
        p.Run.Seed = 0;
        Assert.Equal(mask, Mask(first, [2], [1]));
    }

    [Fact]
    public void Where_a_generator_draws_the_mask_is_that_of_the_seed_the_update_the_layer_and_the_first_example()
    {
        (p.Run.Training, p.Run.ByGenerator) = (true, true);
        var (first, second) = (new Dropout(p, 0.5), new Dropout(p, 0.5));
        bool[] Drawn(Dropout layer, long example, long update = 0)
        {
            (p.Run.FirstExample, p.Run.Update) = (example, update);
            Engine.Seed(99);                                                       // whoever drew before does not matter
            return Mask(layer, [4], [example]);
        }
        var mask = Drawn(first, 7);
        Assert.Equal(mask, Drawn(first, 7));
        Assert.NotEqual(mask, Drawn(first, 8));
        Assert.NotEqual(mask, Drawn(second, 7));
        Assert.NotEqual(mask, Drawn(first, 7, update: 1));
        Assert.InRange(mask.Count(kept => kept), 30, 102);
    }

    [Theory, InlineData(0.1), InlineData(0.5), InlineData(0.9)]
    public void The_share_of_zeros_is_what_was_asked_and_the_rest_is_scaled_to_the_same_mean(double share)
    {
        p.Run.Training = true;
        const int Rows = 4000;
        var ragged = new Ragged([.. Enumerable.Repeat(1, Rows)], [.. Enumerable.Range(0, Rows).Select(i => (long)i)], Device.Cpu);
        var values = new Dropout(p, share).Forward(Tensor.Zeros([Rows, Width]) + 1, ragged.TokenRows).ToArray<float>();
        var n = (double)values.Length;
        Assert.InRange(values.Count(value => value == 0) / n, share - (3 * Math.Sqrt(share * (1 - share) / n)), share + (3 * Math.Sqrt(share * (1 - share) / n)));
        // The share is rounded to 1/65536, and the scale follows it.
        Assert.All(values, value => Assert.True(value == 0 || Math.Abs(value - (1 / (1 - share))) < 2e-3));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void All_types_have_one_mask_on_every_generation_of_processors(int level)
    {
        var keys = Tensor.From<long>([.. Enumerable.Range(0, 40).Select(i => i * 91L)], 40);
        foreach (var width in (int[])[1, 16, 64, 75, 200])
        {
            var x = Check.Normal("x", 40, width);
            var expected = x.Dropout(keys, 0.3, 5).ToArray<double>();              // float64 has no vector code
            foreach (var (dtype, tolerance) in (ReadOnlySpan<(DType, double)>)[(DType.Float32, 1e-6), (DType.BFloat16, 0.04)])
            {
                var former = Native.tutti_simd_level(level);
                var actual = x.To(dtype).Dropout(keys, 0.3, 5).To(DType.Float64).ToArray<double>();
                _ = Native.tutti_simd_level(former);
                Assert.Equal(expected.Select(value => value != 0), actual.Select(value => value != 0));
                Assert.InRange(Check.Worst(expected, actual), 0, tolerance);
            }
        }
    }

    [Fact]
    public void Backward_draws_the_mask_again()
    {
        var rows = Tensor.From([3L, 4, 5]);
        Check.Gradient(x => x.Dropout(rows, 0.4, 99), Check.Normal("x", 3, 7));
        Check.Gradient(x => x.Transpose(0, 1).Dropout(rows, 0.4, 99), Check.Normal("x", 7, 3));
        var leaf = (Tensor.Zeros([3, 7]) + 1).RequireGrad();
        var y = leaf.Dropout(rows, 0.4, 99);
        y.Sum().Backward();
        Assert.Equal(y.ToArray<float>(), leaf.Grad!.ToArray<float>());
    }

    [Fact]
    public void Without_training_or_with_share_0_nothing_changes()
    {
        var x = Tensor.Zeros([2, 4]) + 1;
        Func<Tensor> never = () => throw new InvalidOperationException("keys are not needed");
        Assert.Same(x, new Dropout(p, 0.5).Forward(x, never));
        p.Run.Training = true;
        Assert.Same(x, new Dropout(p, 0).Forward(x, never));
        Assert.Equal(x.ToArray<float>(), x.Dropout(Tensor.From([0L, 1]), 0, 5).ToArray<float>());
    }

    [Fact]
    public void Half_precision_draws_the_same_mask_with_the_scale_rounded_once()
    {
        var (x, rows) = (Tensor.Zeros([2, 64]) + 3, Tensor.From([0L, 1]));
        var single = x.Dropout(rows, 0.1, 7);
        foreach (var dtype in (DType[])[DType.BFloat16, DType.Float16])
            Assert.Equal(single.To(dtype).To(DType.Float32).ToArray<float>(), x.To(dtype).Dropout(rows, 0.1, 7).To(DType.Float32).ToArray<float>());
    }
}
