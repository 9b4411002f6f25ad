using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

public sealed class SelfAttentionTests : EngineTest
{
    const int Heads = 2, Channels = 6;
    readonly Params p = new(3, dtype: DType.Float64);

    Tensor Attend(Tensor qkv, int[] lengths, long[] examples, bool byIndex = false, double dropout = 0)
    {
        var parts = qkv.Chunk(3, 1);
        return new SelfAttention(p, Heads, dropout).Forward(parts[0], parts[1], parts[2], new Ragged(lengths, examples, Device.Cpu, DType.Float64) { ByIndex = byIndex });
    }

    // softmax(q k / sqrt(D)) v, head by head, with loops.
    static double[] ByHand(double[] qkv, int length)
    {
        var (D, result) = (Channels / Heads, new double[length * Channels]);
        double At(int t, int part, int h, int d) => qkv[(t * 3 * Channels) + (part * Channels) + (h * D) + d];
        for (var h = 0; h < Heads; h++)
            for (var t = 0; t < length; t++)
            {
                var scores = Enumerable.Range(0, length).Select(s => Enumerable.Range(0, D).Sum(d => At(t, 0, h, d) * At(s, 1, h, d)) / Math.Sqrt(D)).ToArray();
                var shares = scores.Select(score => Math.Exp(score - scores.Max())).ToArray();
                for (var d = 0; d < D; d++) result[(t * Channels) + (h * D) + d] = Enumerable.Range(0, length).Sum(s => shares[s] / shares.Sum() * At(s, 2, h, d));
            }
        return result;
    }

    public static TheoryData<int[], bool> Cuts() => new() { { [5, 1, 3, 2], false }, { [1, 2, 3, 5], false }, { [5, 1, 3, 2], true }, { [4], false }, { [3, 3, 3], false }, { [3, 3, 3], true } };

    [Theory, MemberData(nameof(Cuts))]
    public void A_ragged_batch_is_every_sequence_alone(int[] lengths, bool byIndex)
    {
        var x = Check.Normal("qkv", lengths.Sum(), 3 * Channels);
        var (all, start) = (Attend(x, lengths, new long[lengths.Length], byIndex).ToArray<double>(), 0);
        foreach (var length in lengths)
        {
            var expected = ByHand(x.Narrow(0, start, length).ToArray<double>(), length);
            Assert.InRange(Check.Worst(expected, all[(start * Channels)..((start + length) * Channels)]), 0, 1e-12);
            start += length;
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Gradients_are_those_of_finite_differences(bool byIndex) =>
        Check.Gradient(x => Attend(x, [3, 1, 2], [0, 1, 2], byIndex), Check.Normal("qkv", 6, 3 * Channels), 1e-7);

    [Fact]
    public void Dropout_in_attention_does_not_depend_on_the_cut()
    {
        p.Run.Training = true;
        int[] lengths = [5, 1, 3];
        var x = Check.Normal("qkv", 9, 3 * Channels);
        var layer = new SelfAttention(p, Heads, 0.4);
        double[] Forward(Tensor part, int[] sizes, long[] names)
        {
            var chunks = part.Chunk(3, 1);
            return layer.Forward(chunks[0], chunks[1], chunks[2], new Ragged(sizes, names, Device.Cpu, DType.Float64)).ToArray<double>();
        }
        var whole = Forward(x, lengths, [7, 8, 9]);
        double[] alone = [.. Forward(x.Narrow(0, 0, 5), [5], [7]), .. Forward(x.Narrow(0, 5, 1), [1], [8]), .. Forward(x.Narrow(0, 6, 3), [3], [9])];
        Assert.InRange(Check.Worst(whole, alone), 0, 1e-12);
        p.Run.Training = false;
        Assert.True(Check.Worst(whole, Forward(x, lengths, [7, 8, 9])) > 1e-3);
    }
}
