namespace Tutti.Recommend;

/// <summary>How <see cref="ItemNeighbours"/> is found and asked.</summary>
public sealed record NeighbourConfig
{
    /// <summary>Of the items that the user rated, so many most similar ones speak.</summary>
    public int Neighbours { get; init; } = 40;

    /// <summary>Similarities kept of every item, the strongest.</summary>
    public int Kept { get; init; } = 500;

    /// <summary>A similarity of n common users counts n / (n + shrinkage).</summary>
    public double Shrinkage { get; init; } = 100;

    public BaselineConfig Baseline { get; init; } = new();
}

/// <summary>One item's neighbour.</summary>
public readonly record struct Neighbour(int Item, float Similarity);

/// <summary>
/// Item neighbours on what the baseline leaves (Koren 2010, "Factor in the neighbors", section 2.2): b_ui plus the mean of the residuals of the user's most
/// similar items, weighted by the shrunk correlation of residuals. Only items that go with it speak, not those that go against it.
/// </summary>
public sealed class ItemNeighbours : ArrayModel
{
    internal const string KindName = "item-neighbours";

    readonly RatingBaseline baseline;
    readonly int neighbours;
    readonly int[] starts, others;                            // neighbours of each item, by number of item
    readonly float[] similarities;
    readonly int[] userStarts, rated;                         // what each user rated, by number of item
    readonly float[] residuals;

    ItemNeighbours(RatingBaseline baseline, int neighbours, int[] starts, int[] others, float[] similarities, int[] userStarts, int[] rated, float[] residuals) =>
        (this.baseline, this.neighbours, this.starts, this.others, this.similarities, this.userStarts, this.rated, this.residuals) = (baseline, neighbours, starts, others, similarities, userStarts, rated, residuals);

    public override string Kind => KindName;
    public override int UserCount => baseline.UserCount;
    public override int ItemCount => baseline.ItemCount;

    /// <summary>The items most similar to one, by falling similarity.</summary>
    public IEnumerable<Neighbour> NeighboursOf(int item) =>
        Enumerable.Range(starts[item], starts[item + 1] - starts[item]).Select(at => new Neighbour(others[at], similarities[at])).OrderByDescending(one => one.Similarity).ThenBy(one => one.Item);

    /// <param name="rows">The ratings; of a pair that is there twice both count.</param>
    /// <param name="threads">Items compared at the same time; the bits do not depend on it.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    public static ItemNeighbours Train(RatingRows rows, NeighbourConfig config, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        var (byUser, byItem) = (RatingIndex.ByUser(rows), RatingIndex.ByItem(rows));
        var baseline = RatingBaseline.Fit(byUser, byItem, config.Baseline, progress, cancel);
        var (rated, residuals) = (byUser.Others.AsSpan().ToArray(), new float[byUser.Values.Length]);
        for (var user = 0; user < byUser.Count; user++)
        {
            for (var at = byUser.Starts[user]; at < byUser.Starts[user + 1]; at++) residuals[at] = byUser.Values[at] - baseline.Predict(user, rated[at]);
            Array.Sort(rated, residuals, byUser.Starts[user], byUser.CountOf(user));
        }
        var found = new (int[] Others, float[] Similarities)[byItem.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(threads, 1), CancellationToken = cancel };
        Parallel.For(0, byItem.Count, options, () => new Common(byItem.Count), (item, _, common) =>
        {
            common.Count(byItem.OthersOf(item), item, byUser.Starts, rated, residuals);
            found[item] = common.Take(item, config);
            return common;
        }, _ => { });
        var starts = new int[byItem.Count + 1];
        for (var item = 0; item < byItem.Count; item++) starts[item + 1] = starts[item] + found[item].Others.Length;
        return new(baseline, config.Neighbours, starts, [.. found.SelectMany(one => one.Others)], [.. found.SelectMany(one => one.Similarities)], byUser.Starts, rated, residuals);
    }

    /// <summary>Sums over the users that one item shares with each other.</summary>
    sealed class Common(int items)
    {
        readonly int[] counts = new int[items];
        readonly double[] products = new double[items], own = new double[items], theirs = new double[items];
        readonly List<int> met = [];

        public void Count(ReadOnlySpan<int> users, int item, int[] starts, int[] rated, float[] residuals)
        {
            foreach (var user in users)
            {
                var mine = residuals[Array.BinarySearch(rated, starts[user], starts[user + 1] - starts[user], item)];
                for (var at = starts[user]; at < starts[user + 1]; at++)
                {
                    var other = rated[at];
                    if (other == item) continue;
                    if (counts[other]++ == 0) met.Add(other);
                    products[other] += mine * residuals[at];
                    own[other] += mine * mine;
                    theirs[other] += residuals[at] * residuals[at];
                }
            }
        }

        // The strongest, by number of item; the sums begin anew.
        public (int[] Others, float[] Similarities) Take(int item, NeighbourConfig config)
        {
            var strongest = met.Select(other => new Neighbour(other, Similarity(other, config.Shrinkage))).Where(one => one.Similarity > 0)
                .OrderByDescending(one => one.Similarity).ThenBy(one => one.Item).Take(config.Kept).OrderBy(one => one.Item).ToArray();
            foreach (var other in met) (counts[other], products[other], own[other], theirs[other]) = (0, 0, 0, 0);
            met.Clear();
            return ([.. strongest.Select(one => one.Item)], [.. strongest.Select(one => one.Similarity)]);
        }

        float Similarity(int other, double shrinkage)
        {
            var scale = Math.Sqrt(own[other] * theirs[other]);
            return scale == 0 ? 0 : (float)(products[other] / scale * counts[other] / (counts[other] + shrinkage));
        }
    }

    public override float Predict(int user, int item)
    {
        var prediction = baseline.Predict(user, item);
        return user < 0 || item < 0 ? prediction : prediction + Lean(item, rated.AsSpan(userStarts[user]..userStarts[user + 1]), residuals.AsSpan(userStarts[user]));
    }

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var scores = baseline.FoldIn(items, values);
        var (own, left) = (items.ToArray(), values.ToArray());
        for (var n = 0; n < own.Length; n++) left[n] -= scores[own[n]];
        Array.Sort(own, left);
        for (var item = 0; item < scores.Length; item++) scores[item] += Lean(item, own, left);
        return scores;
    }

    // Both lists rise with the item's number.
    float Lean(int item, ReadOnlySpan<int> own, ReadOnlySpan<float> left)
    {
        var speaking = new PriorityQueue<float, (float Similarity, int At)>();
        var (at, end) = (starts[item], starts[item + 1]);
        for (var n = 0; n < own.Length && at < end;)
        {
            if (others[at] < own[n]) at++;
            else if (others[at] > own[n]) n++;
            else
            {
                speaking.Enqueue(left[n], (similarities[at], n));
                if (speaking.Count > neighbours) speaking.Dequeue();
                n++;
            }
        }
        var (sum, weights) = (0.0, 0.0);
        while (speaking.TryDequeue(out var residual, out var one))
        {
            sum += residual * one.Similarity;
            weights += one.Similarity;
        }
        return weights == 0 ? 0 : (float)(sum / weights);
    }

    internal override void Write(ModelArrays to)
    {
        baseline.Write(to.Under("baseline"));
        to.Add("neighbours", neighbours);
        to.Add("starts", starts);
        to.Add("others", others);
        to.Add("similarities", similarities);
        to.Add("user_starts", userStarts);
        to.Add("rated", rated);
        to.Add("residuals", residuals);
    }

    internal static ItemNeighbours Read(ModelArrays from) => new(RatingBaseline.Read(from.Under("baseline")), (int)from.Number("neighbours"), from.Integers("starts"), from.Integers("others"),
        from.Floats("similarities"), from.Integers("user_starts"), from.Integers("rated"), from.Floats("residuals"));
}
