using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Tests.Recommend;

public sealed class BlockScheduleTests
{
    const int Groups = 4;

    [Theory, InlineData(1), InlineData(3)]
    public void Every_rating_is_met_once_and_blocks_at_work_at_the_same_time_share_nothing(int threads)
    {
        var rows = new MadeRatings(400, 200, share: 0.9).Rows;        // more in a block than are shuffled at a time
        var schedule = new BlockSchedule(rows, RandomStream.Of(1, "blocks"), Groups);
        var met = new List<(int Block, FactorRating[] Ratings)>();
        var sum = schedule.Epoch(RandomStream.Of(1, "epoch"), threads, (own, block, start) =>
        {
            lock (met) met.Add((block, own.ToArray()));
            return own.Length;
        }, TestContext.Current.CancellationToken);
        Assert.Equal(rows.Count, sum);
        var expected = Enumerable.Range(0, rows.Count).Select(row => new FactorRating(rows.Users[row], rows.Items[row], rows.Values[row])).OrderBy(one => (one.User, one.Item));
        Assert.Equal(expected, met.SelectMany(one => one.Ratings).OrderBy(one => (one.User, one.Item)));
        // A round is over before the next begins: of every four blocks in a row none shares a user or an item with another.
        foreach (var round in met.GroupBy(one => one.Block).Select(block => block.SelectMany(one => one.Ratings).ToArray()).Chunk(Groups))
        {
            Apart(round, rating => rating.User);
            Apart(round, rating => rating.Item);
        }

        static void Apart(FactorRating[][] round, Func<FactorRating, int> of)
        {
            var each = round.Select(block => block.Select(of).Distinct().ToArray()).ToArray();
            Assert.Equal(each.Sum(numbers => numbers.Length), each.SelectMany(numbers => numbers).Distinct().Count());
        }
    }

    [Fact]
    public void Blocks_have_about_as_many_ratings_each_and_own_their_items()
    {
        var rows = new MadeRatings(400, 200).Rows;
        var schedule = new BlockSchedule(rows, RandomStream.Of(1, "blocks"), Groups);
        schedule.Epoch(RandomStream.Of(1, "epoch"), 1, (own, block, start) =>
        {
            Assert.InRange(own.Length, 0.8 * rows.Count / (Groups * Groups), 1.25 * rows.Count / (Groups * Groups));
            var items = schedule.ItemsOf(block).ToArray().ToHashSet();
            foreach (var rating in own) Assert.Contains(rating.Item, items);
            return 0;
        }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Epochs_differ_in_their_order()
    {
        var schedule = new BlockSchedule(new MadeRatings().Rows, RandomStream.Of(1, "blocks"), Groups);
        Assert.NotEqual(Order(1), Order(2));

        List<int> Order(int epoch)
        {
            var order = new List<int>();
            schedule.Epoch(RandomStream.Of(1, "epoch", epoch), 1, (own, block, start) =>
            {
                order.Add(own[0].User);
                return 0;
            }, TestContext.Current.CancellationToken);
            return order;
        }
    }
}
