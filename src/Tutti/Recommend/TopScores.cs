using Tutti.Evaluation;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How good the first k of a ranking of items are, as means over users with intervals from resampled users.</summary>
/// <param name="K">How many are looked at.</param>
/// <param name="Precision">The share of them that the user likes.</param>
/// <param name="Recall">The share of what the user likes that is among them.</param>
/// <param name="Ndcg">Hits discounted by the logarithm of their place, over what the best order would have (Järvelin and Kekäläinen 2002), gains being 0 and 1.</param>
/// <param name="Map">The mean of the precisions at every hit, over as many hits as there could have been.</param>
/// <param name="Mrr">One over the place of the first hit, 0 where there is none.</param>
/// <param name="Coverage">The share of all items that is recommended to anybody.</param>
/// <param name="Novelty">The mean self-information of what is recommended, in bits: minus the logarithm of the share of users who have it already.</param>
public sealed record TopScores(int K, Score Precision, Score Recall, Score Ndcg, Score Map, Score Mrr, double Coverage, double Novelty)
{
    /// <summary>By name, in the order in which they are printed.</summary>
    public IReadOnlyList<(string Name, Score Score)> Named => [($"precision@{K}", Precision), ($"recall@{K}", Recall), ($"NDCG@{K}", Ndcg), ($"MAP@{K}", Map), ($"MRR@{K}", Mrr)];

    /// <summary>Ranks for every user all items that are not in <paramref name="seen"/> for them.</summary>
    /// <param name="model">Whose ranking; of equal answers the item with the lower number comes first.</param>
    /// <param name="seen">What was learnt from: nobody is recommended what they have.</param>
    /// <param name="held">What was held out.</param>
    /// <param name="k">How many of a ranking are looked at.</param>
    /// <param name="liked">Held-out ratings from this on are hits.</param>
    /// <param name="mostUsers">Of more users with hits so many are drawn.</param>
    /// <returns>Null where nobody has a hit that could be found.</returns>
    public static TopScores? Of(RatingModel model, RatingRows seen, RatingRows held, int k = 10, double liked = 4, int mostUsers = 10_000, CancellationToken cancel = default) => Of([(model, seen, held)], k, liked, mostUsers, cancel);

    /// <summary>The same over several folds: a user counts in every fold that held out a hit of theirs; coverage is the mean of the folds.</summary>
    public static TopScores? Of(IReadOnlyList<(RatingModel Model, RatingRows Seen, RatingRows Held)> folds, int k = 10, double liked = 4, int mostUsers = 10_000, CancellationToken cancel = default)
    {
        List<Ranked> ranked = [.. folds.Select(fold => Rank(fold.Model, fold.Seen, fold.Held, k, liked, mostUsers, cancel)).OfType<Ranked>()];
        if (ranked.Count == 0) return null;
        double[][] values = [.. ranked.SelectMany(fold => fold.Values)];
        double[] bits = [.. ranked.SelectMany(fold => fold.Bits)];
        var scores = Bootstrap.Intervals(values.Length, rows => Means(values, rows));
        return new(k, scores[0], scores[1], scores[2], scores[3], scores[4], ranked.Average(fold => fold.Coverage), bits.Length == 0 ? double.NaN : bits.Average());
    }

    /// <param name="Values">Of every user with a hit, what <see cref="RankingOfOne"/> gives.</param>
    /// <param name="Coverage">The share of all items that anybody is recommended.</param>
    /// <param name="Bits">The self-information of every recommended item.</param>
    sealed record Ranked(double[][] Values, double Coverage, double[] Bits);

    static Ranked? Rank(RatingModel model, RatingRows seen, RatingRows held, int k, double liked, int mostUsers, CancellationToken cancel)
    {
        var (hits, had) = (Liked(held, liked), BySeen(seen));
        int[] users = [.. hits.Keys.Order()];
        if (users.Length == 0) return null;
        if (users.Length > mostUsers)
        {
            RandomStream.Of(0, "users to rank for").Shuffle<int>(users);
            users = [.. users.Take(mostUsers).Order()];
        }
        var (values, tops) = (new double[users.Length][], new int[users.Length][]);
        Parallel.For(0, users.Length, new() { CancellationToken = cancel }, at =>
        {
            tops[at] = Ranking.Top(model, users[at], k, had.GetValueOrDefault(users[at], []));
            values[at] = RankingOfOne(tops[at], hits[users[at]], k);
        });
        var counts = CrossTable.Counts(seen.Items, seen.ItemCount);
        var recommended = tops.SelectMany(top => top).ToArray();
        // An item that nobody has counts as if one had it.
        return new(values, recommended.Distinct().Count() / (double)model.ItemCount, [.. recommended.Select(item => -Math.Log2(Math.Max(1, counts[item]) / (double)Math.Max(1, had.Count)))]);
    }

    /// <summary>Precision, recall, NDCG, MAP and MRR of one ranking.</summary>
    /// <param name="top">Items, the best first; at most k.</param>
    /// <param name="liked">What the user likes; not empty.</param>
    internal static double[] RankingOfOne(IReadOnlyList<int> top, HashSet<int> liked, int k)
    {
        var (hits, gain, precisions, first) = (0, 0.0, 0.0, 0.0);
        for (var place = 0; place < Math.Min(k, top.Count); place++)
        {
            if (!liked.Contains(top[place])) continue;
            hits++;
            gain += 1 / Math.Log2(place + 2);
            precisions += hits / (place + 1.0);
            if (first == 0) first = 1 / (place + 1.0);
        }
        var most = Math.Min(k, liked.Count);
        return [hits / (double)k, hits / (double)liked.Count, gain / Enumerable.Range(0, most).Sum(place => 1 / Math.Log2(place + 2)), precisions / most, first];
    }

    /// <summary>Rows with a known user and item and a rating from a bound on, by user.</summary>
    static Dictionary<int, HashSet<int>> Liked(RatingRows rows, double from) => Grouped(Enumerable.Range(0, rows.Count).Where(row => rows.Users[row] >= 0 && rows.Items[row] >= 0 && rows.Values[row] >= from), rows);

    static Dictionary<int, HashSet<int>> BySeen(RatingRows rows) => Grouped(Enumerable.Range(0, rows.Count), rows);

    static Dictionary<int, HashSet<int>> Grouped(IEnumerable<int> some, RatingRows rows) => some.GroupBy(row => rows.Users[row]).ToDictionary(group => group.Key, group => group.Select(row => rows.Items[row]).ToHashSet());

    static double[] Means(double[][] values, ReadOnlySpan<int> rows)
    {
        var sums = new double[values[0].Length];
        foreach (var row in rows)
            for (var i = 0; i < sums.Length; i++) sums[i] += values[row][i];
        for (var i = 0; i < sums.Length; i++) sums[i] /= rows.Length;
        return sums;
    }
}
