namespace Tutti.Recommend;

/// <summary>How <see cref="RatingBaseline"/> is fitted.</summary>
/// <param name="UserPenalty">Ratings of the mean that every user is given beside their own.</param>
/// <param name="ItemPenalty">The same of every item.</param>
/// <param name="Sweeps">Times that users and items are solved in turn.</param>
public sealed record BaselineConfig(double UserPenalty = 5, double ItemPenalty = 3, int Sweeps = 10);

/// <summary>
/// The mean plus how the user and the item deviate from it, by least squares with a penalty (Koren 2010, "Factor in the neighbors", section 2.1):
/// sum of (r - m - b_u - b_i)^2 + penalties times the squares.
/// </summary>
public sealed class RatingBaseline : ArrayModel
{
    internal const string KindName = "baseline";

    internal RatingBaseline(double mean, double userPenalty, float[] users, float[] items) => (Mean, UserPenalty, UserBias, ItemBias) = (mean, userPenalty, users, items);

    /// <summary>Of all ratings trained on.</summary>
    public double Mean { get; }

    internal double UserPenalty { get; }

    /// <summary>How each user deviates from the mean, and each item; 0 without ratings.</summary>
    public float[] UserBias { get; }
    public float[] ItemBias { get; }

    public override string Kind => KindName;
    public override int UserCount => UserBias.Length;
    public override int ItemCount => ItemBias.Length;

    /// <param name="rows">The ratings; every row counts once, also where a user rated an item twice.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    public static RatingBaseline Train(RatingRows rows, BaselineConfig config, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        return Fit(RatingIndex.ByUser(rows), RatingIndex.ByItem(rows), config, progress, cancel);
    }

    internal static RatingBaseline Fit(RatingIndex byUser, RatingIndex byItem, BaselineConfig config, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        var mean = 0.0;
        foreach (var value in byUser.Values) mean += value;
        mean /= byUser.Values.Length;
        var (users, items) = (new float[byUser.Count], new float[byItem.Count]);
        for (var sweep = 1; sweep <= config.Sweeps; sweep++)
        {
            cancel.ThrowIfCancellationRequested();
            Solve(byItem, items, users, mean, config.ItemPenalty);
            var squares = Solve(byUser, users, items, mean, config.UserPenalty);
            progress?.Report(new(sweep, config.Sweeps, Math.Sqrt(squares / byUser.Values.Length)));
        }
        return new(mean, config.UserPenalty, users, items);
    }

    // The best own biases given the others'; the squared error that is left.
    static double Solve(RatingIndex index, float[] own, float[] others, double mean, double penalty)
    {
        var left = 0.0;
        for (var n = 0; n < index.Count; n++)
        {
            var (sum, squares) = (0.0, 0.0);
            for (var at = index.Starts[n]; at < index.Starts[n + 1]; at++)
            {
                var rest = index.Values[at] - mean - others[index.Others[at]];
                sum += rest;
                squares += rest * rest;
            }
            var count = index.CountOf(n);
            var bias = count == 0 ? 0 : sum / (count + penalty);
            own[n] = (float)bias;
            left += squares - (2 * bias * sum) + (count * bias * bias);
        }
        return left;
    }

    public override float Predict(int user, int item) => (float)Mean + BiasOf(UserBias, user) + BiasOf(ItemBias, item);

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var sum = 0.0;
        for (var n = 0; n < items.Length; n++) sum += values[n] - Mean - ItemBias[items[n]];
        var bias = Mean + (sum / Math.Max(items.Length + UserPenalty, 1));
        return [.. ItemBias.Select(item => (float)(bias + item))];
    }

    internal static float BiasOf(float[] biases, int number) => number < 0 ? 0 : biases[number];

    internal override void Write(ModelArrays to)
    {
        to.Add("mean", Mean);
        to.Add("user_penalty", UserPenalty);
        to.Add("user_bias", UserBias);
        to.Add("item_bias", ItemBias);
    }

    internal static RatingBaseline Read(ModelArrays from) => new(from.Number("mean"), from.Number("user_penalty"), from.Floats("user_bias"), from.Floats("item_bias"));
}
