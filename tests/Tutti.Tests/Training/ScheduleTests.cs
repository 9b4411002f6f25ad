using FsCheck;
using FsCheck.Fluent;
using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class ScheduleTests
{
    [Fact]
    public void A_factor_is_between_0_and_1_for_every_kind_step_and_warm_up() =>
        Prop.ForAll<PositiveInt, NonNegativeInt, NonNegativeInt>((total, step, warmup) =>
            Enum.GetValues<ScheduleKind>().All(kind => Schedule.Factor(kind, step.Get, total.Get, warmup.Get) is >= 0 and <= 1)).QuickCheckThrowOnFailure();

    [Fact]
    public void The_first_update_of_a_warm_up_has_no_rate_and_the_first_after_it_the_peak()
    {
        foreach (var kind in new[] { ScheduleKind.Constant, ScheduleKind.Linear, ScheduleKind.Cosine })
        {
            Assert.Equal(0, Schedule.Factor(kind, 0, 10, 4));
            Assert.Equal(0.5, Schedule.Factor(kind, 2, 10, 4));
            Assert.Equal(1, Schedule.Factor(kind, 4, 10, 4));
        }
    }

    [Fact]
    public void Steps_after_the_end_keep_the_value_of_the_end()
    {
        Assert.Equal(0, Schedule.Factor(ScheduleKind.Linear, 25, 20, 0));
        Assert.Equal(0, Schedule.Factor(ScheduleKind.Cosine, 25, 20, 0));
        Assert.Equal(1e-5, Schedule.Factor(ScheduleKind.OneCycle, 25, 20, 0), 1e-15);
    }

    [Fact]
    public void A_one_cycle_with_a_warm_up_peaks_at_its_end_and_momentum_is_lowest_there()
    {
        Assert.Equal(1, Schedule.Factor(ScheduleKind.OneCycle, 6, 20, 6), 1e-15);
        Assert.Equal(0.85, Schedule.Momentum(ScheduleKind.OneCycle, 6, 20, 6)!.Value, 1e-15);
        Assert.Equal(0.95, Schedule.Momentum(ScheduleKind.OneCycle, 0, 20, 6)!.Value, 1e-15);
        Assert.Null(Schedule.Momentum(ScheduleKind.Linear, 6, 20, 6));
    }

    [Fact]
    public void A_slanted_triangle_of_few_steps_divides_by_no_zero()
    {
        Assert.Equal(1, Schedule.SlantedTriangle(0, 5));
        Assert.Equal(1 / 32.0, Schedule.SlantedTriangle(5, 5), 1e-15);
    }

    [Fact]
    public void An_inverse_square_root_without_a_warm_up_falls_over_ten_thousand_steps() =>
        Assert.Equal(Math.Sqrt(0.5), Schedule.InverseSquareRoot(10_000, 0), 1e-15);

    [Fact]
    public void A_step_below_0_or_a_run_of_no_steps_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Factor(ScheduleKind.Linear, -1, 10, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Factor(ScheduleKind.Linear, 0, 0, 0));
    }
}
