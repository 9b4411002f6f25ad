using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

public sealed class RaggedTests : EngineTest
{
    static Ragged Of(int[] lengths, bool byIndex) => new(lengths, [.. Enumerable.Range(10, lengths.Length).Select(i => (long)i)], Device.Cpu, DType.Float64) { ByIndex = byIndex };

    public static TheoryData<int[], bool> Shapes() => new() { { [3, 1, 4], false }, { [3, 1, 4], true }, { [1], false }, { [2, 2], false }, { [2, 2], true }, { [1, 7, 1, 1], true } };

    [Theory, MemberData(nameof(Shapes))]
    public void Unpad_gives_back_what_pad_was_given(int[] lengths, bool byIndex)
    {
        var ragged = Of(lengths, byIndex);
        var x = Check.Normal("x", ragged.Tokens, 3, 2);
        var padded = ragged.Pad(x);
        Assert.Equal([lengths.Length, lengths.Max(), 3, 2], padded.Shape);
        Assert.Equal(x.ToArray<double>(), ragged.Unpad(padded).ToArray<double>());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Pad_puts_each_sequence_at_the_beginning_of_its_row(bool byIndex)
    {
        var ragged = Of([2, 1, 3], byIndex);
        var padded = ragged.Pad(Tensor.From([1.0, 2, 3, 4, 5, 6])).ToArray<double>();
        Assert.Equal([1, 2, 0, 3, 0, 0, 4, 5, 6], padded);
        double no = double.NegativeInfinity;
        Assert.Equal([0, 0, no, 0, no, no, 0, 0, 0], ragged.KeyMask.ToArray<double>());
    }

    [Fact]
    public void Gradients_of_pad_and_unpad_are_those_of_finite_differences()
    {
        var offsets = Tensor.From([0L, 2, 3, 6]);
        Check.Gradient(x => x.PadRows(offsets, 3), Check.Normal("x", 6, 2));
        Check.Gradient(x => x.PadRows(offsets, 5), Check.Normal("x", 6, 2));
        Check.Gradient(x => x.UnpadRows(offsets), Check.Normal("x", 3, 4, 2));
        Check.Gradient(x => x.Transpose(0, 1).UnpadRows(offsets), Check.Normal("x", 4, 3, 2));
        Check.Gradient(Of([2, 1, 3], byIndex: true).Pad, Check.Normal("x", 6, 2));
        Check.Gradient(Of([2, 1, 3], byIndex: true).Unpad, Check.Normal("x", 3, 3, 2));
    }

    [Fact]
    public void Keys_name_example_head_and_position()
    {
        var ragged = new Ragged([2, 1], [5, 9], Device.Cpu);
        Assert.Equal([5L << 32, (5L << 32) | 1, 9L << 32], ragged.TokenRows().ToArray<long>());
        Assert.Equal([5L << 32, 9L << 32], ragged.SequenceRows().ToArray<long>());
        Assert.Equal([5L << 32, (5L << 32) | 1, (5L << 32) | (1 << 20), (5L << 32) | (1 << 20) | 1, 9L << 32, (9L << 32) | 1, (9L << 32) | (1 << 20), (9L << 32) | (1 << 20) | 1],
            ragged.AttentionRows(2, 2).ToArray<long>());
        Assert.Equal([5L << 32, (5L << 32) | (1 << 20), 9L << 32, (9L << 32) | (1 << 20)], ragged.AttentionRows(2, 1).ToArray<long>());
        Assert.Equal([0L, 2, 3], ragged.Offsets.ToArray<long>());
        Assert.Equal([0L, 2], ragged.First.ToArray<long>());
        Assert.Equal([0, 1, 2], ragged.Each.ToArray<int>());
        var x = Tensor.From([0d, 1, 2]).View(3, 1);
        Assert.Equal([0d, 2], ragged.FirstRows(x).ToArray<double>());
        Assert.Equal([0d, 2], ragged.FirstRows(ragged.FirstRows(x)).ToArray<double>());
    }

    [Fact]
    public void What_is_made_once_lives_as_long_as_the_batch()
    {
        var ragged = Of([2, 1], false);
        Tensor mask;
        using (var block = new Scope()) mask = ragged.KeyMask;
        Assert.False(mask.IsDisposed);
        Assert.Same(mask, ragged.KeyMask);
    }

    [Fact]
    public void Sequences_have_tokens_and_names()
    {
        Assert.Contains("sequence 1 has 0 tokens", Assert.Throws<ArgumentException>(() => Of([1, 0], false)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Ragged([1], [1, 2], Device.Cpu));
    }
}
