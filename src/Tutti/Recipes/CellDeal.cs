namespace Tutti.Recipes;

/// <summary>Cells dealt over processes by what each is predicted to cost: the costliest first, always to the one that has least so far (Graham's LPT rule: at most 4/3 - 1/(3n) of the shortest time). A pure function.</summary>
static class CellDeal
{
    /// <param name="costs">Of every cell, in one unit, not negative.</param>
    /// <param name="ranks">Processes, at least 1.</param>
    /// <returns>The places of each process's cells, rising.</returns>
    public static int[][] Of(IReadOnlyList<double> costs, int ranks)
    {
        var loads = new double[ranks];
        List<int>[] dealt = [.. Enumerable.Range(0, ranks).Select(_ => new List<int>())];
        foreach (var place in Enumerable.Range(0, costs.Count).OrderByDescending(place => costs[place]))     // stable: equal ones stay in their order
        {
            var to = 0;
            for (var rank = 1; rank < ranks; rank++)
                if (loads[rank] < loads[to] || (loads[rank] == loads[to] && dealt[rank].Count < dealt[to].Count)) to = rank;
            loads[to] += costs[place];
            dealt[to].Add(place);
        }
        return [.. dealt.Select(places => places.Order().ToArray())];
    }

    /// <summary>When the last process is done.</summary>
    public static double Longest(IReadOnlyList<double> costs, int[][] deal) => deal.Max(places => places.Sum(place => costs[place]));
}
