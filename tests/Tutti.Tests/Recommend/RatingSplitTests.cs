using Tutti.Recommend;

namespace Tutti.Tests.Recommend;

public sealed class RatingSplitTests
{
    // Users 0 (4 rows), 1 (2 rows), 2 (1 row).
    static readonly RatingRows rows = new([0, 1, 0, 0, 2, 1, 0], [0, 0, 1, 2, 3, 1, 3], [1, 2, 3, 4, 5, 4, 3], 3, 4) { Times = [50, 10, 20, 40, 5, 60, 30] };

    [Fact]
    public void A_random_share_is_of_the_size_asked_for_and_the_same_for_a_seed()
    {
        var held = RatingSplit.Random(1000, 0.2, 42);
        Assert.Equal(200, held.Length);
        Assert.Equal(held.Order().Distinct(), held);
        Assert.Equal(held, RatingSplit.Random(1000, 0.2, 42));
        Assert.NotEqual(held, RatingSplit.Random(1000, 0.2, 43));
        Assert.Equal(Enumerable.Range(0, 1000), held.Concat(RatingSplit.Others(1000, held)).Order());
    }

    [Theory, InlineData(0.001, 1), InlineData(0.999, 2)]
    public void There_is_always_something_on_both_sides(double share, int held) => Assert.Equal(held, RatingSplit.Random(3, share, 1).Length);

    [Fact]
    public void Per_user_the_latest_are_held_out_and_everybody_keeps_one()
    {
        Assert.Equal([0, 5], RatingSplit.PerUser(rows, 1, 1));
        Assert.Equal([0, 3, 5], RatingSplit.PerUser(rows, 2, 1));
        Assert.Equal([0, 3, 5, 6], RatingSplit.PerUser(rows, 9, 1));
    }

    [Fact]
    public void Per_user_without_times_the_seed_decides()
    {
        var untimed = rows with { Times = null };
        var held = Enumerable.Range(0, 50).Select(seed => RatingSplit.PerUser(untimed, 1, seed)).ToArray();
        Assert.All(held, one => Assert.Equal([0, 1], one.Select(row => rows.Users[row]).Order()));
        Assert.True(held.Select(one => one[0]).Distinct().Count() > 1);
    }

    [Fact]
    public void By_time_the_latest_share_is_held_out()
    {
        Assert.Equal([0, 5], RatingSplit.ByTime(rows, 0.3));
        Assert.Equal([1, 2], RatingSplit.ByTime(rows with { Users = [0, 0, 0], Items = [0, 1, 2], Values = [1, 2, 3], Times = [1, 2, 2] }, 0.9));
        Assert.Contains("name its column as data.time", Assert.Throws<DataException>(() => RatingSplit.ByTime(rows with { Times = null }, 0.3)).Message, StringComparison.Ordinal);
        Assert.Contains("all ratings are of the same time", Assert.Throws<DataException>(() => RatingSplit.ByTime(rows with { Times = [1, 1, 1, 1, 1, 1, 1] }, 0.3)).Message, StringComparison.Ordinal);
    }
}
