using Tutti.Bench;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Bench;

/// <summary>The language model that the lm benchmark measures.</summary>
public sealed class LmTests : EngineTest
{
    static readonly LmCase tiny = new("tiny", new(2, 12, 20, 50), Precision.Fp32, Precision.Fp32, 4) { Batch = 4, Length = 6 };

    static IReadOnlyList<double> Losses(LmCase one)
    {
        using var updates = new LmUpdates(one);
        _ = updates.Round();
        return updates.Losses;
    }

    static LmCase Dropping((double, double, double, double, double) shares) => tiny with { Size = tiny.Size with { Dropout = shares } };

    [Fact]
    public void Updates_begin_at_chance_and_repeat_to_the_bit()
    {
        var losses = Losses(tiny);
        Assert.Equal(4, losses.Count);
        Assert.InRange(losses[0], Math.Log(50) - 0.1, Math.Log(50) + 0.1);
        Assert.Equal(losses, Losses(tiny));
        var half = Losses(tiny with { Precision = Precision.Bf16 });
        Assert.NotEqual(losses, half);
        Assert.Equal(losses, half, (a, b) => Math.Abs(a - b) < 0.01);
    }

    [Fact]
    public void Dropped_weights_and_words_change_the_loss()
    {
        var none = Losses(Dropping(default));
        Assert.NotEqual(none, Losses(Dropping((0, 0, 0.5, 0, 0))));
        Assert.NotEqual(none, Losses(Dropping((0.5, 0, 0, 0, 0))));
    }

    [Fact]
    public void A_round_says_how_fast_it_was_and_where_the_time_goes()
    {
        using var updates = new LmUpdates(tiny);
        Assert.True(updates.Round().Value > 0);
        var parts = updates.Parts();
        Assert.All([parts.Forward, parts.Backward, parts.Optimizer], part => Assert.True(part > 0));
        Assert.Equal("fp32", updates.Computes);
    }
}
