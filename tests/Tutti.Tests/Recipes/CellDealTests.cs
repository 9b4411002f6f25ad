using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

public sealed class CellDealTests
{
    static double[] Costs(int cells, int draw)
    {
        var random = RandomStream.Of(11, "costs of cells", draw);
        return [.. Enumerable.Range(0, cells).Select(cell => 1.0 + random.Below(cell, 50))];
    }

    [Fact]
    public void The_costliest_goes_first_and_to_the_rank_with_least()
    {
        // 7 to rank 0; 5 and then 4 to rank 1, which has 9; 3 to rank 0, which has 10; 1 to rank 1.
        var deal = CellDeal.Of([7, 5, 4, 3, 1], 2);
        Assert.Equal([[0, 3], [1, 2, 4]], deal);
        Assert.Equal(10, CellDeal.Longest([7, 5, 4, 3, 1], deal));
    }

    [Fact]
    public void Equal_cells_are_dealt_one_by_one_and_those_that_cost_nothing_too()
    {
        Assert.Equal([[0, 3], [1, 4], [2]], CellDeal.Of([2, 2, 2, 2, 2], 3));
        Assert.Equal([[0, 2], [1, 3]], CellDeal.Of([0, 0, 0, 0], 2));
        Assert.Equal([[0], [], []], CellDeal.Of([5], 3));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(8)]
    public void Every_cell_is_with_one_rank_the_same_every_time(int ranks)
    {
        for (var draw = 0; draw < 50; draw++)
        {
            var costs = Costs(draw % 12, draw);
            var deal = CellDeal.Of(costs, ranks);
            Assert.Equal(ranks, deal.Length);
            Assert.Equal(Enumerable.Range(0, costs.Length), deal.SelectMany(places => places).Order());
            Assert.All(deal, places => Assert.Equal(places.Order(), places));
            Assert.Equal(deal, CellDeal.Of(costs, ranks));
        }
    }

    [Theory, InlineData(2), InlineData(3)]
    public void It_takes_no_longer_than_the_rule_promises_beside_the_best_of_all_deals(int ranks)
    {
        for (var draw = 0; draw < 30; draw++)
        {
            var costs = Costs(7, draw);
            Assert.True(CellDeal.Longest(costs, CellDeal.Of(costs, ranks)) <= ((4.0 / 3) - (1.0 / (3 * ranks))) * Best(costs, ranks) * (1 + 1e-12));
        }
    }

    /// <summary>The shortest time, by trying all.</summary>
    static double Best(double[] costs, int ranks)
    {
        var best = double.PositiveInfinity;
        for (var code = 0; code < Math.Pow(ranks, costs.Length); code++)
        {
            var loads = new double[ranks];
            for (var (cell, rest) = (0, code); cell < costs.Length; cell++, rest /= ranks) loads[rest % ranks] += costs[cell];
            best = Math.Min(best, loads.Max());
        }
        return best;
    }
}
