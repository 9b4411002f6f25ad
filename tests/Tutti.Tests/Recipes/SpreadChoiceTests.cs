using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

/// <summary>Which way is predicted to be done first; all numbers by hand.</summary>
public sealed class SpreadChoiceTests
{
    static (string, long)[] Cells(int count, long updates, string member = "deep") => [.. Enumerable.Repeat((member, updates), count)];

    [Fact]
    public void Six_cells_on_three_ranks_are_spread_where_sharing_gains_too_little()
    {
        // Two cells each: 2 x 2900 x 0.42 s = 2436 s; shared 6 x 2900 x 0.2 s = 3480 s.
        var choice = SpreadChoice.Of(3, Cells(6, 2900), new Dictionary<string, UpdateCost> { ["deep"] = new(0.42, 0.2, 0.06) });
        Assert.True(choice.Cells);
        Assert.Equal(2436, choice.Apart, 1e-9);
        Assert.Equal(3480, choice.Together, 1e-9);
        Assert.Equal("3 ranks: 6 cells spread over ranks 41 min, every update shared 58 min (an update 0.42 s alone, 0.20 s shared of which 60 ms sums): cells are spread", choice.Why);
    }

    [Fact]
    public void Fewer_cells_than_ranks_leave_ranks_idle()
    {
        // 1000 s beside 2 x 1000 x 0.3 s = 600 s.
        var choice = SpreadChoice.Of(4, Cells(2, 1000), new Dictionary<string, UpdateCost> { ["deep"] = new(1, 0.3, 0.125) });
        Assert.False(choice.Cells);
        Assert.Equal("4 ranks: 2 cells spread over ranks 17 min, every update shared 10 min (an update 1.00 s alone, 0.30 s shared of which 0.13 s sums): every update is shared", choice.Why);
    }

    [Fact]
    public void Cells_are_spread_where_both_take_the_same()
    {
        Assert.True(SpreadChoice.Of(2, Cells(2, 1000), new Dictionary<string, UpdateCost> { ["deep"] = new(1, 0.5, 0) }).Cells);
        Assert.False(SpreadChoice.Of(2, Cells(3, 1000), new Dictionary<string, UpdateCost> { ["deep"] = new(1, 0.5, 0) }).Cells);      // 2000 s beside 1500
    }

    [Fact]
    public void Members_count_with_their_own_costs_and_what_is_left_of_their_cells()
    {
        // 0.1 s x 1000 = 100 s to one rank; 0.02 x 3000 = 60 and 0.02 x 500 = 10 to the other. Shared: 1000 x 0.06 + 3500 x 0.03 = 165.
        (string, long)[] cells = [("small", 3000), ("deep", 1000), ("small", 500)];
        var choice = SpreadChoice.Of(2, cells, new Dictionary<string, UpdateCost> { ["deep"] = new(0.1, 0.06, 0.01), ["small"] = new(0.02, 0.03, 0.02) });
        Assert.Equal(100, choice.Apart, 1e-9);
        Assert.Equal(165, choice.Together, 1e-9);
        Assert.Equal("2 ranks: 3 cells spread over ranks 100 s, every update shared 3 min (an update of small 20 ms alone, 30 ms shared of which 20 ms sums; an update of deep 0.10 s alone, 60 ms shared of which 10 ms sums): cells are spread", choice.Why);
    }

    [Theory]
    [InlineData(0.0042, "4.2 ms"), InlineData(0.099, "99 ms"), InlineData(0.42, "0.42 s"), InlineData(9.99, "9.99 s"), InlineData(41, "41 s"), InlineData(119, "119 s"), InlineData(120, "2 min"), InlineData(7100, "118 min"), InlineData(7200, "2.0 h")]
    public void Times_have_two_or_three_digits(double seconds, string text) => Assert.Equal(text, SpreadChoice.Time(seconds));
}
