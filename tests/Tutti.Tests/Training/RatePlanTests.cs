using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Which rates and which layer groups every update uses.</summary>
public sealed class RatePlanTests
{
    static readonly TrainConfig flat = new() { Epochs = 5, LearningRate = 1, Schedule = ScheduleKind.Constant, Warmup = 0 };

    static int[] Learning(RatePlan plan) => [.. Enumerable.Range(0, (int)plan.Updates).Select(update => plan.Rates(update).Count(rate => rate is not null))];

    [Fact]
    public void Gradual_unfreezing_adds_one_group_per_epoch_from_the_head_down()
    {
        var plan = new RatePlan(flat with { Unfreeze = UnfreezeKind.Gradual }, 4, 3);
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4], Learning(plan));
        Assert.Equal([9L, 6, 3, 0], Enumerable.Range(0, 4).Select(plan.Begins));
        Assert.Null(plan.Rates(2)[2]);
        Assert.Equal(1, plan.Rates(3)[2]);
    }

    [Fact]
    public void One_slanted_triangle_spans_all_stages_of_gradual_unfreezing()
    {
        var triangle = flat with { Schedule = ScheduleKind.SlantedTriangular };
        var (whole, gradual) = (new RatePlan(triangle, 1, 4), new RatePlan(triangle with { Unfreeze = UnfreezeKind.Gradual }, 4, 4));
        foreach (var update in Enumerable.Range(0, 20)) Assert.Equal(whole.Rate(update), gradual.Rates(update)[3]);
        Assert.Equal([1 / 32.0, (1 + (31 / 2.0)) / 32, 1], Enumerable.Range(0, 3).Select(update => whole.Rate(update)));       // a tenth of 20 updates rises
        Assert.True(whole.Rate(19) >= 1 / 32.0 && whole.Rate(19) < whole.Rate(18));
    }

    [Theory, InlineData(1), InlineData(3), InlineData(9)]
    public void A_run_too_short_for_a_rising_side_only_falls(int updates)
    {
        var plan = new RatePlan(flat with { Epochs = 1, Schedule = ScheduleKind.SlantedTriangular }, 1, updates);
        Assert.Equal(1, plan.Rate(0));
        Assert.All(Enumerable.Range(0, updates), update => Assert.InRange(plan.Rate(update), 1 / 32.0, 1));
        Assert.All(Enumerable.Range(1, updates - 1), update => Assert.True(plan.Rate(update) < plan.Rate(update - 1)));
    }

    [Fact]
    public void Groups_without_weights_to_learn_take_no_epoch_and_too_few_epochs_leave_the_lowest_alone()
    {
        var skipping = new RatePlan(flat with { Unfreeze = UnfreezeKind.Gradual }, 4, 2, group => group != 2);
        Assert.Equal([4L, 2, 10, 0], Enumerable.Range(0, 4).Select(skipping.Begins));
        var shorter = new RatePlan(flat with { Epochs = 2, Unfreeze = UnfreezeKind.Gradual }, 4, 2);
        Assert.Equal([1, 1, 2, 2], Learning(shorter));
        Assert.All([0, 1], group => Assert.True(shorter.Begins(group) >= shorter.Updates));
    }

    [Fact]
    public void Rates_fall_from_the_head_by_a_factor_or_in_equal_ratios_to_the_first()
    {
        var howard = new RatePlan(flat with { LayerDecay = 1 / 2.6 }, 4, 1);
        Assert.All(Enumerable.Range(0, 4), group => Assert.Equal(1 / Math.Pow(2.6, 3 - group), howard.Rates(0)[group]!.Value, 1e-12));
        var slice = new RatePlan(flat with { FirstRate = 1e-3 }, 4, 1);
        Assert.All(Enumerable.Range(0, 4), group => Assert.Equal(Math.Pow(10, group - 3), slice.Rates(0)[group]!.Value, 1e-12));
    }

    [Fact]
    public void The_heads_own_epochs_rise_nearly_to_their_end_and_the_schedule_follows_at_half_the_rate()
    {
        var plan = new RatePlan(flat with { Schedule = ScheduleKind.Linear, Warmup = 0.5, Unfreeze = new() { HeadEpochs = 1 } }, 3, 100);
        Assert.Equal(1, plan.Rate(99), 1e-9);
        Assert.Equal(0, plan.Rate(100));
        Assert.Equal(0.5, plan.Rate(300));                     // half of the 400 updates that are left are warm-up
        Assert.Equal([null, null, plan.Rate(50)], plan.Rates(50));
        Assert.Equal([0.005, 0.05, 0.5], plan.Rates(300).Select(rate => Math.Round(rate!.Value, 9)));
        Assert.Equal(0.9, plan.Momentum(200));
        Assert.InRange(plan.Momentum(98), 0.85, 0.86);
    }

    [Theory]
    [InlineData("ratio: belongs to schedule slanted-triangular", "ratio=16")]
    [InlineData("cycle-epochs: belongs to schedule sgdr", "schedule=cosine", "cycle-epochs=2")]
    [InlineData("start-share: belongs to schedule one-cycle or flat-cosine", "start-share=0.3")]
    [InlineData("momentum: got [0.9, 0.8], expected three numbers", "schedule=one-cycle", "momentum=[0.9, 0.8]")]
    [InlineData("momentum: got [0.9, 0.8, 1], expected three numbers", "schedule=one-cycle", "momentum=[0.9, 0.8, 1]")]
    [InlineData("cut-fraction: got 0", "schedule=slanted-triangular", "cut-fraction=0")]
    [InlineData("first-rate: got 0.1, expected at most learning-rate", "first-rate=0.1")]
    [InlineData("first-rate: is given together with layer-decay", "first-rate=1e-6", "layer-decay=0.5")]
    [InlineData("unfreeze.head-epochs: got 3, expected fewer than epochs", "unfreeze={ head-epochs: 3 }")]
    [InlineData("unfreeze.head-epochs: got -1", "unfreeze={ head-epochs: -1 }")]
    [InlineData("unfreeze.head-epochs: is given together with kind: gradual", "unfreeze={ kind: gradual, head-epochs: 1 }")]
    [InlineData("layer-groups: got 1", "layer-groups=1")]
    [InlineData("did you mean 'gradual'?", "unfreeze=gradul")]
    [InlineData("did you mean 'slanted-triangular'?", "schedule=slanted-triangle")]
    public void Settings_that_do_not_belong_together_are_refused(string message, params string[] keys)
    {
        var error = Assert.Throws<ConfigException>(() => ScheduleRecipeParityTests.Train(keys.Select(key => (key[..key.IndexOf('=', StringComparison.Ordinal)], (object?)key[(key.IndexOf('=', StringComparison.Ordinal) + 1)..]))));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_with_the_same_lists_are_the_same()
    {
        var (a, b) = (new TrainConfig { Momentum = [0.95, 0.85, 0.95] }, new TrainConfig { Momentum = [0.95, 0.85, 0.95] });
        Assert.Equal(a, b);
        Assert.Equal([0.95, 0.85, 0.95], a.Momentum!);
        Assert.NotEqual(a, new TrainConfig { Momentum = [0.95, 0.85, 0.9] });
    }
}
