using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>The CPU's attention kernel beside the operators that it stands for: those in float64 are the reference, the masks are theirs.</summary>
public sealed class AttentionKernelTests : EngineTest
{
    readonly Params p = new(3);

    /// <summary>What a pass gives: the context and the gradients of query, key and value.</summary>
    sealed record Pass(double[][] Values)
    {
        // Largest difference over the largest value, of the worst of the four. Gradients of a single key's scores are all 0.
        public double Error(Pass reference)
        {
            Assert.All(Values, values => Assert.All(values, value => Assert.True(double.IsFinite(value))));
            return reference.Values.Zip(Values).Max(pair => Check.Worst(pair.First, pair.Second) / Math.Max(pair.First.Max(Math.Abs), 1e-30));
        }
    }

    static long[] Names(int count) => [.. Enumerable.Range(0, count).Select(i => 100L + (7 * i))];

    // Rounded to bfloat16, so that every type begins with the same numbers.
    static Tensor[] Inputs(long tokens, long channels) => [.. ((string[])["query", "key", "value"]).Select(name => Check.Normal(name, tokens, channels).To(DType.BFloat16).To(DType.Float64))];

    static Pass Run(SelfAttention layer, Tensor[] inputs, DType dtype, int[] lengths, long[] names, bool operators = false)
    {
        Tensor[] leaves = [.. inputs.Select(x => x.To(dtype).Detach().Clone().RequireGrad())];
        var y = layer.Forward(leaves[0], leaves[1], leaves[2], new Ragged(lengths, names, Device.Cpu, dtype) { ByIndex = operators });
        Assert.Equal(dtype, y.DType);
        (y * Check.Normal("weights of a scalar", y.Shape).To(DType.BFloat16).To(dtype)).Sum().Backward();
        return new([.. ((IEnumerable<Tensor>)[y, .. leaves.Select(leaf => leaf.Grad!)]).Select(x => x.Detach().To(DType.Float64).ToArray<double>())]);
    }

    Pass Run(int[] lengths, int heads, int size, DType dtype, double dropout = 0)
    {
        p.Run.Training = dropout > 0;
        return Run(new SelfAttention(p, heads, dropout), Inputs(lengths.Sum(), heads * size), dtype, lengths, Names(lengths.Length));
    }

    public static TheoryData<int[], int, int, double> Shapes() => new()
    {
        { [1], 2, 64, 0 }, { [5, 1, 33, 84], 2, 64, 0 }, { [128, 17], 3, 64, 0 }, { [49, 96, 1], 2, 80, 0 }, { [50, 7], 2, 128, 0 }, { [200, 3], 1, 32, 0 }, { [16, 31, 2], 2, 24, 0 },
        { [31, 64], 2, 12, 0 }, { [48, 47], 3, 7, 0 }, { [49, 48, 97, 96], 4, 8, 0 }, { [20, 9], 2, 1, 0 }, { [13], 1, 300, 0 }, { [512, 5], 1, 64, 0 }, { [2000], 1, 16, 0 },
        { [5, 1, 33, 84], 2, 64, 0.1 }, { [128, 17], 3, 64, 0.5 }, { [31, 65], 2, 12, 0.5 }, { [48, 47], 3, 7, 0.1 }, { [512], 1, 64, 0.1 }, { [1, 1, 2], 2, 16, 0.5 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Values_and_gradients_are_those_of_the_operators_in_double(int[] lengths, int heads, int size, double dropout)
    {
        p.Run.Training = dropout > 0;
        var layer = new SelfAttention(p, heads, dropout);                          // one layer: the same masks
        var (inputs, names) = (Inputs(lengths.Sum(), heads * size), Names(lengths.Length));
        var expected = Run(layer, inputs, DType.Float64, lengths, names);
        var single = Run(layer, inputs, DType.Float32, lengths, names).Error(expected);
        var half = Run(layer, inputs, DType.BFloat16, lengths, names).Error(expected);
        double operators;
        // As a model computes in bfloat16: products rounded, softmax and dropout in float32.
        using (Modes.Autocast(Device.Cpu, DType.BFloat16)) operators = Run(layer, inputs, DType.BFloat16, lengths, names, operators: true).Error(expected);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"float32 {single:0.0e0}, bfloat16 {half:0.0e0}, operators in bfloat16 {operators:0.0e0}"));
        Assert.InRange(single, 0, 5e-6);                                           // sums of up to 2000 products of float32
        Assert.InRange(half, 0, 0.015);                                            // four roundings to 2^-9 on the way to a gradient
        Assert.InRange(half, 0, (1.5 * operators) + 0.002);
    }

    /// <summary>The loss reads the first position of each sequence alone: asking for it alone changes nothing, dropout's masks included.</summary>
    [Theory]
    [InlineData(DType.Float32, 0, 5e-6), InlineData(DType.Float32, 0.3, 5e-6), InlineData(DType.BFloat16, 0, 0.015), InlineData(DType.BFloat16, 0.3, 0.015), InlineData(DType.Float64, 0.3, 1e-12)]
    public void The_first_positions_alone_get_the_values_and_gradients_that_they_get_among_all(DType dtype, double dropout, double tolerance)
    {
        p.Run.Training = dropout > 0;
        var layer = new SelfAttention(p, 2, dropout);
        foreach (var lengths in (int[][])[[33, 1, 84, 6, 128], [1, 1, 2], [200], [4, 4]])
        {
            var inputs = Inputs(lengths.Sum(), 48);
            Pass First(DType type, bool alone)
            {
                var batch = new Ragged(lengths, Names(lengths.Length), Device.Cpu, type);
                Tensor[] leaves = [.. inputs.Select(x => x.To(type).Detach().Clone().RequireGrad())];
                var y = alone ? layer.Forward(leaves[0].IndexSelect(0, batch.First), leaves[1], leaves[2], batch) : layer.Forward(leaves[0], leaves[1], leaves[2], batch).IndexSelect(0, batch.First);
                Assert.Equal(lengths.Length, y.Size(0));
                (y * Check.Normal("weights of a scalar", y.Shape).To(DType.BFloat16).To(type)).Sum().Backward();
                return new([.. ((IEnumerable<Tensor>)[y, .. leaves.Select(leaf => leaf.Grad!)]).Select(x => x.Detach().To(DType.Float64).ToArray<double>())]);
            }
            Assert.InRange(First(dtype, alone: true).Error(First(DType.Float64, alone: false)), 0, tolerance);
        }
    }

    [Theory, InlineData(DType.Float32, 40, 1e-5), InlineData(DType.Float32, 3000, 2e-3), InlineData(DType.BFloat16, 40, 0.02)]
    public void Scores_of_any_size_are_softened_without_overflow(DType dtype, double factor, double tolerance)
    {
        var (lengths, inputs) = ((int[])[37, 70], Inputs(107, 128));
        var query = (inputs[0] * factor).To(DType.BFloat16).To(DType.Float64);
        var layer = new SelfAttention(p, 2, 0);
        var expected = Run(layer, [query, .. inputs[1..]], DType.Float64, lengths, Names(2));
        var actual = Run(layer, [query, .. inputs[1..]], dtype, lengths, Names(2));
        // A score's own rounding error is a relative one of its exponential, so the tolerance grows with the scores.
        Assert.InRange(Check.Worst(expected.Values[0], actual.Values[0]) / expected.Values[0].Max(Math.Abs), 0, tolerance);
    }

    [Fact]
    public void What_is_not_a_number_stays_in_its_sequence_and_is_not_hidden()
    {
        var x = Inputs(12, 16);
        var query = x[0].To(DType.Float32);
        query.Narrow(0, 2, 1).Fill(double.NaN);
        var y = new SelfAttention(p, 1, 0).Forward(query, x[1].To(DType.Float32), x[2].To(DType.Float32), new Ragged([5, 7], [0, 1], Device.Cpu)).ToArray<float>();
        for (var row = 0; row < 12; row++) Assert.All(y[(16 * row)..(16 * (row + 1))], value => Assert.Equal(row == 2, float.IsNaN(value)));
    }

    [Theory, InlineData(DType.Float32, 0), InlineData(DType.Float32, 0.3), InlineData(DType.BFloat16, 0), InlineData(DType.BFloat16, 0.3)]
    public void A_cut_batch_gives_the_same_bits(DType dtype, double dropout)
    {
        p.Run.Training = dropout > 0;
        var layer = new SelfAttention(p, 2, dropout);
        int[] lengths = [33, 1, 84, 5, 50];
        var (inputs, names, start) = (Inputs(lengths.Sum(), 48), Names(5), 0);
        var whole = Run(layer, inputs, dtype, lengths, names).Values[0];
        for (var i = 0; i < lengths.Length; i++)
        {
            var part = inputs.Select(x => x.Narrow(0, start, lengths[i]).Contiguous()).ToArray();
            Assert.Equal(whole[(start * 48)..((start + lengths[i]) * 48)], Run(layer, part, dtype, [lengths[i]], [names[i]]).Values[0]);
            start += lengths[i];
        }
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.BFloat16)]
    public void One_and_two_threads_and_a_second_run_give_the_same_bits(DType dtype)
    {
        var layer = new SelfAttention(p, 3, 0.2);
        p.Run.Training = true;
        int[] lengths = [33, 1, 84, 5, 128];
        var inputs = Inputs(lengths.Sum(), 96);
        Pass With(int threads)
        {
            Engine.Threads = threads;
            return Run(layer, inputs, dtype, lengths, Names(5));
        }
        var one = With(1);
        foreach (var threads in (int[])[2, 2, 3]) Assert.Equal(one.Values, With(threads).Values);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Every_generation_of_processors_computes_the_same(int level)
    {
        var former = Native.tutti_simd_level(level);
        try
        {
            p.Run.Training = true;
            int[] lengths = [33, 1, 84, 6, 128];
            foreach (var (heads, size) in ((int, int)[])[(2, 64), (3, 13)])
            {
                var layer = new SelfAttention(p, heads, 0.2);
                var inputs = Inputs(lengths.Sum(), heads * size);
                var expected = Run(layer, inputs, DType.Float64, lengths, Names(5));
                Assert.InRange(Run(layer, inputs, DType.Float32, lengths, Names(5)).Error(expected), 0, 5e-6);
                Assert.InRange(Run(layer, inputs, DType.BFloat16, lengths, Names(5)).Error(expected), 0, 0.015);
            }
        }
        finally
        {
            _ = Native.tutti_simd_level(former);
        }
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.BFloat16)]
    public void Slices_of_one_product_and_turned_tensors_are_read_where_they_lie(DType dtype)
    {
        int[] lengths = [9, 4, 20];
        var whole = Check.Normal("qkv", 33, 3 * 32).To(dtype);
        var ragged = new Ragged(lengths, Names(3), Device.Cpu, dtype);
        var layer = new SelfAttention(p, 2, 0);
        var apart = whole.Chunk(3, 1).Select(x => x.Contiguous().RequireGrad()).ToArray();
        var y = layer.Forward(apart[0], apart[1], apart[2], ragged);
        y.Sum().Backward();                                                        // an expanded gradient: all strides are 0
        var leaf = whole.Detach().Clone().RequireGrad();
        var slices = leaf.Chunk(3, 1);
        var z = layer.Forward(slices[0], slices[1], slices[2], ragged);
        z.Sum().Backward();
        Assert.Equal(Floats(y), Floats(z));
        Assert.Equal(Floats(Tensor.Cat([.. apart.Select(x => x.Grad!)], 1)), Floats(leaf.Grad!));
        var turned = apart.Select(x => x.Detach().Transpose(0, 1).Contiguous().Transpose(0, 1)).ToArray();
        Assert.Equal(Floats(y), Floats(layer.Forward(turned[0], turned[1], turned[2], ragged)));
    }

    static float[] Floats(Tensor x) => x.Detach().To(DType.Float32).ToArray<float>();

    [Fact]
    public void Autocast_computes_in_its_type_and_gradients_arrive_in_the_inputs()
    {
        int[] lengths = [9, 24];
        var (inputs, ragged) = (Inputs(33, 32), new Ragged([9, 24], Names(2), Device.Cpu));
        var layer = new SelfAttention(p, 2, 0);
        var expected = Run(layer, inputs, DType.BFloat16, lengths, Names(2));
        Tensor[] leaves = [.. inputs.Select((x, i) => x.To(i == 1 ? DType.BFloat16 : DType.Float32).Detach().Clone().RequireGrad())];   // mixed, too
        Tensor y;
        using (Modes.Autocast(Device.Cpu, DType.BFloat16)) y = layer.Forward(leaves[0], leaves[1], leaves[2], ragged);
        (y * Check.Normal("weights of a scalar", y.Shape).To(DType.BFloat16)).Sum().Backward();
        Assert.Equal(DType.BFloat16, y.DType);
        Assert.Equal(expected.Values[0], y.Detach().To(DType.Float64).ToArray<double>());
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(leaves[i].DType, leaves[i].Grad!.DType);
            Assert.Equal(expected.Values[i + 1], leaves[i].Grad!.To(DType.Float64).ToArray<double>());
        }
    }

    [Fact]
    public void Where_a_generator_draws_the_masks_the_operators_are_called()
    {
        p.Run.Training = p.Run.ByGenerator = true;
        var (layer, inputs) = (new SelfAttention(p, 2, 0.5), Inputs(6, 8));
        Assert.Equal(Run(layer, inputs, DType.Float32, [6], [1], operators: true).Values, Run(layer, inputs, DType.Float32, [6], [1]).Values);
    }

    public static TheoryData<string, string> Faults() => new()
    {
        { "key", "one size (T, C), got [6, 8], [5, 8] and [6, 8]" },
        { "types", "all float32 or all bfloat16" },
        { "half", "all float32 or all bfloat16" },
        { "heads", "cannot cut 8 channels into 3 heads" },
        { "offsets end", "offsets go from 0 to 5, expected 0 to 6" },
        { "falling offsets", "sequence 1 goes from row 7 to 6" },
        { "count", "got 3 offsets for 1 examples" },
        { "offsets type", "contiguous lists of int64" },
        { "share", "from 0 to below 1, got 1" },
        { "scale", "a scale above 0, got 0" },
        { "queries", "a query of 6 rows as the key, or of 2, one for each sequence, got 3" },
        { "no first row", "sequence 1 goes from row 6 to 6" },
        { "axes", "one size (T, C), got [2, 3, 8]" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void Wrong_arguments_are_one_clear_error(string what, string expected)
    {
        var (x, offsets, names) = (Tensor.Zeros([6, 8]), Tensor.From([0L, 2, 6]), Tensor.From([0L, 1]));
        Action call = what switch
        {
            "key" => () => x.Attention(x.Narrow(0, 0, 5), x, offsets, names, 2, 1, 0, 0),
            "types" => () => x.Attention(x.To(DType.BFloat16), x, offsets, names, 2, 1, 0, 0),
            "half" => () => x.To(DType.Float16).Attention(x.To(DType.Float16), x.To(DType.Float16), offsets, names, 2, 1, 0, 0),
            "heads" => () => x.Attention(x, x, offsets, names, 3, 1, 0, 0),
            "offsets end" => () => x.Attention(x, x, Tensor.From([0L, 2, 5]), names, 2, 1, 0, 0),
            "falling offsets" => () => x.Attention(x, x, Tensor.From([0L, 7, 6]), names, 2, 1, 0, 0),
            "count" => () => x.Attention(x, x, offsets, names.Narrow(0, 0, 1), 2, 1, 0, 0),
            "offsets type" => () => x.Attention(x, x, Tensor.From([0, 2, 6]), names, 2, 1, 0, 0),
            "share" => () => x.Attention(x, x, offsets, names, 2, 1, 1, 0),
            "scale" => () => x.Attention(x, x, offsets, names, 2, 0, 0, 0),
            "queries" => () => x.Narrow(0, 0, 3).Attention(x, x, offsets, names, 2, 1, 0, 0),
            "no first row" => () => x.Narrow(0, 0, 2).Attention(x, x, Tensor.From([0L, 6, 6]), names, 2, 1, 0, 0),
            "axes" => () => Tensor.Zeros([2, 3, 8]).Attention(x, x, offsets, names, 2, 1, 0, 0),
            _ => throw new ArgumentException(what),
        };
        Assert.Contains(expected, Assert.Throws<TorchException>(call).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(512), InlineData(2048)]
    public void Memory_grows_with_the_tokens_not_with_their_square(int length)
    {
        const int Channels = 128, Heads = 16;
        Engine.Threads = 2;
        Tensor[] leaves = [.. Inputs(length, Channels).Select(x => x.To(DType.Float32).Detach().Clone().RequireGrad())];
        var (layer, ragged) = (new SelfAttention(p, Heads, 0), new Ragged([length], [1], Device.Cpu));
        _ = (ragged.Offsets, ragged.Examples);
        var before = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
        layer.Forward(leaves[0], leaves[1], leaves[2], ragged).Sum().Backward();
        var peak = Memory.Stats(Device.Cpu).Peak - before;
        // Context, its gradient and three more are 5 (T,C); a thread's scratch has rows of keys and 48 rows of scores, and is smaller.
        Assert.InRange(peak, 1, 12L * length * Channels * sizeof(float));
        Assert.True(peak < (long)Heads * length * length * sizeof(float) / 2);
    }
}
