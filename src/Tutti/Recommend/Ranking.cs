namespace Tutti.Recommend;

/// <summary>Items in the order in which they suit a user.</summary>
public static class Ranking
{
    /// <summary>The items that a model rates highest for a user, the best first; of equal ones the lower number.</summary>
    /// <param name="without">Items to leave out.</param>
    public static int[] Top(RatingModel model, int user, int count, IReadOnlySet<int> without)
    {
        var scores = new float[model.ItemCount];
        model.Scores(user, scores);
        return Top(scores, count, without);
    }

    /// <summary>The items with the highest scores, the best first; of equal ones the lower number. A NaN is no score.</summary>
    public static int[] Top(ReadOnlySpan<float> scores, int count, IReadOnlySet<int> without)
    {
        // The worst of the best so far is at the root: lowest score, then highest number.
        var best = new PriorityQueue<int, (float Score, int Before)>();
        for (var item = 0; item < scores.Length; item++)
        {
            if (float.IsNaN(scores[item])) continue;
            if (best.Count == count && (count == 0 || scores[item] <= scores[best.Peek()])) continue;
            if (without.Contains(item)) continue;
            if (best.Count == count) best.Dequeue();
            best.Enqueue(item, (scores[item], -item));
        }
        var top = new int[best.Count];
        for (var place = top.Length - 1; place >= 0; place--) top[place] = best.Dequeue();
        return top;
    }

    /// <summary>
    /// The NDCG at k that an item in a known place among all would have on average, were it ranked among drawn items alone: why figures from drawn items cannot be compared with others (Krichene and
    /// Rendle 2020; docs/ratings.md).
    /// </summary>
    /// <param name="place">Among all items, from 1.</param>
    /// <param name="items">All that are ranked, the item itself included.</param>
    /// <param name="drawn">Items that it is compared with, drawn with replacement.</param>
    public static double SampledNdcg(int place, int items, int drawn, int k)
    {
        // The number of drawn items that are better is binomial.
        var (p, expected) = ((place - 1.0) / (items - 1), 0.0);
        if (p >= 1) return 0;
        var probability = Math.Pow(1 - p, drawn);
        for (var better = 0; better < Math.Min(k, drawn + 1); better++)
        {
            expected += probability / Math.Log2(better + 2);
            probability *= (drawn - better) / (better + 1.0) * (p / (1 - p));
        }
        return expected;
    }
}
