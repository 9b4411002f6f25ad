using Tutti.Recipes;
using Tutti.Runs;

namespace Tutti.Tests.Recipes;

public sealed class TimePlanTests
{
    readonly Hands clock = new();

    /// <summary>Two members, two seeds, two folds; a cell of "large" is four times the work of one of "small".</summary>
    static readonly Cell[] cells = [.. from member in (string[])["large", "small"] from seed in (int[])[1, 2] from fold in (int[])[0, 1] select Of(member, seed, fold)];

    static Cell Of(string member, int seed, int fold) => new(member, seed, fold, new CellFolder($"cells/{member}-s{seed}-f{fold}"), "", "", []);

    TimePlan Plan(string limit, int jobs = 1) => new(limit, clock.GetTimestamp(), cells, jobs, member => member == "large" ? 4 : 1, clock);

    static string[] Names(IEnumerable<Cell> some) => [.. some.Select(cell => $"{cell.Member} {cell.Seed} {cell.Fold}").Order(StringComparer.Ordinal)];

    [Fact]
    public void First_seeds_of_all_members_come_before_second_ones() =>
        Assert.Equal(["large 1", "large 1", "small 1", "small 1", "large 2", "large 2", "small 2", "small 2"], Plan("1 h").Order.Select(cell => $"{cell.Member} {cell.Seed}"));

    [Fact]
    public void A_tenth_of_the_time_at_most_two_minutes_is_kept_for_the_results()
    {
        Assert.Equal(TimeSpan.FromSeconds(90), Plan("100 s").Left);
        Assert.Equal(TimeSpan.FromMinutes(358), Plan("6 h").Left);
        var plan = Plan("100 s");
        clock.Pass(200);
        Assert.Equal(TimeSpan.Zero, plan.Left);
        Assert.False(plan.Allows(cells[0], goesOn: true));
    }

    [Fact]
    public void The_last_seeds_are_left_out_first_then_the_last_members()
    {
        var plan = Plan("300 s");                              // 270 for cells
        plan.Measured(cells[0], 40);
        plan.Measured(cells[4], 10);
        Assert.Empty(plan.LeftOut(cells));                    // 2 x (2 x 40 + 2 x 10) = 200
        clock.Pass(80);
        Assert.Equal(["small 2 0", "small 2 1"], Names(plan.LeftOut(cells)));
        clock.Pass(20);
        Assert.Equal(["large 2 0", "large 2 1", "small 2 0", "small 2 1"], Names(plan.LeftOut(cells)));
        clock.Pass(80);
        Assert.Equal(["large 2 0", "large 2 1", "small 1 0", "small 1 1", "small 2 0", "small 2 1"], Names(plan.LeftOut(cells)));
        Assert.Empty(Plan("150 s", jobs: 2).LeftOut(cells));
    }

    [Fact]
    public void A_cell_whose_end_would_be_too_late_does_not_begin_unless_it_has_a_state_to_go_on_from()
    {
        var plan = Plan("100 s");
        Assert.True(plan.Allows(cells[0], goesOn: false));     // nothing is known yet
        plan.Measured(cells[0], 60);
        clock.Pass(29);
        Assert.True(plan.Allows(cells[1], goesOn: false));
        clock.Pass(2);
        Assert.False(plan.Allows(cells[1], goesOn: false));
        Assert.True(plan.Allows(cells[1], goesOn: true));
        Assert.True(plan.Allows(cells[4], goesOn: false));     // a quarter of the work: about 15 s
    }

    [Fact]
    public void The_first_updates_of_a_cell_tell_what_its_member_takes()
    {
        var plan = Plan("1 h");
        plan.Begins(cells[0]);
        clock.Pass(10);                                        // reading, planning
        for (var update = 1; update <= 11; update++)
        {
            plan.Step(cells[0], new(update, 100, 1, 1, 0, 0, 0, 1, 1, 1, 0, default));
            if (update == 5) Assert.Null(plan.Expected("large"));
            clock.Pass(2);
        }
        Assert.Equal(10 + (100 * 2), plan.Expected("large")!.Value, 1e-9);
        Assert.Equal(210 / 4.0, plan.Expected("small")!.Value, 1e-9);
        plan.Measured(cells[0], 190);
        Assert.Equal(190, plan.Expected("large"));
    }

    [Fact]
    public void A_cell_in_training_takes_of_the_time_until_its_end()
    {
        var plan = Plan("200 s");                              // 180 for cells
        plan.Measured(cells[4], 25);
        plan.Measured(cells[0], 20);
        plan.Begins(cells[0]);
        Cell[] open = [.. cells.Skip(1)];
        Assert.Empty(plan.LeftOut(open));                     // 20 + 3 x 20 + 4 x 25 = 180
        clock.Pass(5);
        Assert.Empty(plan.LeftOut(open));
        clock.Pass(20);                                        // it takes longer than was thought
        Assert.Equal(["small 2 0", "small 2 1"], Names(plan.LeftOut(open)));
    }

    [Fact]
    public void A_limit_in_which_no_missing_cell_fits_is_refused_by_what_was_measured()
    {
        var plan = Plan("20 s");
        plan.Check(cells);                                     // nothing is known
        plan.Measured(cells[0], 40);
        plan.Check(cells);                                     // of small nothing is measured
        plan.Measured(cells[4], 18.5);
        var error = Assert.Throws<ConfigException>(() => plan.Check(cells));
        Assert.Equal("limit: got 20 s, of which cells have 18 s, but a cell of small takes about 18.5 s, as finished ones did, and none that is missing takes less; raise the limit", error.Message);
        Plan("21 s").Check(cells);
        plan.Check([]);
    }
}

/// <summary>A clock that stands still until it is moved.</summary>
sealed class Hands : TimeProvider
{
    long ticks = 1000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => ticks;
    public void Pass(double seconds) => ticks += TimeSpan.FromSeconds(seconds).Ticks;
}
