using Tutti.Bench;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Bench;

/// <summary>The language model that the lm benchmark measures.</summary>
public sealed class LmTests : EngineTest
{
    static readonly LmCase tiny = new("tiny", Precision.Fp32, Precision.Fp32, 4) { Layers = 2, Embedding = 12, Hidden = 20, Vocabulary = 50, Batch = 4, Length = 6 };

    static double[] Losses(LmCase one)
    {
        using var updates = new LmUpdates(one);
        return [.. Enumerable.Range(0, 4).Select(_ => updates.Update())];
    }

    [Fact]
    public void Updates_begin_at_chance_and_repeat_to_the_bit()
    {
        var losses = Losses(tiny);
        Assert.InRange(losses[0], Math.Log(50) - 0.1, Math.Log(50) + 0.1);
        Assert.Equal(losses, Losses(tiny));
        var half = Losses(tiny with { Precision = Precision.Bf16 });
        Assert.NotEqual(losses, half);
        Assert.Equal(losses, half, (a, b) => Math.Abs(a - b) < 0.01);
    }

    [Fact]
    public void Dropped_weights_and_words_change_the_loss()
    {
        var none = Losses(tiny with { Dropout = default });
        Assert.NotEqual(none, Losses(tiny with { Dropout = (0, 0, 0.5, 0, 0) }));
        Assert.NotEqual(none, Losses(tiny with { Dropout = (0.5, 0, 0, 0, 0) }));
    }

    [Fact]
    public void A_round_counts_its_updates_and_says_where_their_time_went()
    {
        using var updates = new LmUpdates(tiny);
        var round = updates.Round();
        Assert.Equal(1000, round.Value * (updates.Parts.Forward + updates.Parts.Backward + updates.Parts.Optimizer), 0.01);
        Assert.Equal("fp32", updates.Computes);
        Assert.Equal([400, 1152, 400], Enumerable.Range(0, 3).Select(layer => layer == 0 ? LmCase.Find("awd-lstm").Embedding : LmCase.Find("awd-lstm").Units(layer)));
    }
}
