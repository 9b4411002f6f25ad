using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>How <see cref="BayesianFactors"/> is sampled.</summary>
public sealed record BayesianConfig
{
    /// <summary>Numbers per feature that are multiplied.</summary>
    public int Factors { get; init; } = 16;

    /// <summary>Sweeps of every chain that are thrown away, and that are kept.</summary>
    public int BurnIn { get; init; } = 20;
    public int Samples { get; init; } = 100;

    /// <summary>Chains, each of <see cref="Samples"/> / chains; more than one run at the same time. The result depends on their number, not on that of threads.</summary>
    public int Chains { get; init; } = 1;

    /// <summary>Every <c>Keep</c>-th sample is kept in the model.</summary>
    public int Keep { get; init; } = 1;

    /// <summary>The set of items that a user rated is a feature of the user, as in SVD++.</summary>
    public bool UserItems { get; init; } = true;

    /// <summary>The set of users that rated an item is a feature of the item ("flipped").</summary>
    public bool ItemUsers { get; init; } = true;

    public SideFeatures? UserFeatures { get; init; }
    public SideFeatures? ItemFeatures { get; init; }

    /// <summary>Of the numbers that factors begin with.</summary>
    public double InitialDeviation { get; init; } = 0.1;
}

/// <summary>
/// A factorisation machine over user, item, the sets of items and of users that they met, and side features, averaged over samples of its posterior
/// (Rendle 2012; Rendle, Zhang, Koren 2019, "On the difficulty of evaluating baselines": Bayesian SVD++ flipped). With neither set nor features
/// it is Bayesian matrix factorisation (Salakhutdinov and Mnih 2008) with independent factors. There is nothing to tune: penalties are sampled too.
/// </summary>
public sealed class BayesianFactors : ArrayModel
{
    internal const string KindName = "bayesian-factors";

    readonly int factors;
    readonly float[] intercepts;                              // by sample
    readonly float[] precisions;
    readonly float[] users;                                   // by sample, user: own part, then factors
    readonly float[] items;
    readonly float least, most;

    BayesianFactors(int users, int items, int factors, int samples, float least, float most)
        : this(users, items, factors, new float[samples], new float[samples], new float[(long)samples * users * (factors + 1)], new float[(long)samples * items * (factors + 1)], least, most)
    {
    }

    BayesianFactors(int userCount, int itemCount, int factors, float[] intercepts, float[] precisions, float[] users, float[] items, float least, float most) =>
        (UserCount, ItemCount, this.factors, this.intercepts, this.precisions, this.users, this.items, this.least, this.most) = (userCount, itemCount, factors, intercepts, precisions, users, items, least, most);

    public override string Kind => KindName;
    public override int UserCount { get; }
    public override int ItemCount { get; }

    /// <summary>Samples of the posterior that are averaged.</summary>
    public int Samples => intercepts.Length;

    /// <param name="rows">The ratings; a pair that is there twice counts twice.</param>
    /// <param name="threads">At most so many chains at the same time; the model's bits do not depend on it.</param>
    /// <exception cref="DataException">The rows or features cannot be learnt from.</exception>
    public static BayesianFactors Train(RatingRows rows, BayesianConfig config, long seed, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        if (config.Chains < 1 || config.Keep < 1 || config.BurnIn < 0 || config.Samples < config.Chains * (long)config.Keep)
            throw new ConfigException("samples", $"are {config.Samples} in {config.Chains} chains after {config.BurnIn} sweeps, every {config.Keep}th kept; expected at least one kept of each chain");
        config.UserFeatures?.Check("user", rows.UserCount);
        config.ItemFeatures?.Check("item", rows.ItemCount);
        var perChain = config.Samples / config.Chains;
        var kept = perChain / config.Keep;
        CheckFactors(config.Factors, 0, rows, (long)kept * config.Chains);
        var (byUser, byItem) = (RatingIndex.ByUser(rows), RatingIndex.ByItem(rows));
        var model = new BayesianFactors(rows.UserCount, rows.ItemCount, config.Factors, kept * config.Chains, TensorPrimitives.Min<float>(rows.Values), TensorPrimitives.Max<float>(rows.Values));
        var mean = rows.Values.Average(value => (double)value);
        Parallel.For(0, config.Chains, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(threads, 1), CancellationToken = cancel }, number =>
        {
            var chain = new GibbsChain(byUser, byItem, mean, config, seed, number);
            for (var sweep = 1; sweep <= config.BurnIn + perChain; sweep++)
            {
                cancel.ThrowIfCancellationRequested();
                var error = chain.Sweep();
                var sample = sweep - config.BurnIn;
                if (sample > 0 && sample % config.Keep == 0 && (sample / config.Keep) - 1 < kept) model.Take(chain, (number * kept) + (sample / config.Keep) - 1);
                if (number == 0) progress?.Report(new(sweep, config.BurnIn + perChain, error));
            }
        });
        return model;
    }

    void Take(GibbsChain chain, int sample)
    {
        intercepts[sample] = (float)chain.Intercept;
        precisions[sample] = (float)chain.Precision;
        Take(chain.Users, Of(users, UserCount, sample));
        Take(chain.Items, Of(items, ItemCount, sample));
    }

    void Take(GibbsSide side, Span<float> to)
    {
        var width = factors + 1;
        for (var row = 0; row < side.Linear.Length; row++)
        {
            to[row * width] = side.Linear[row];
            for (var f = 0; f < factors; f++) to[(row * width) + 1 + f] = side.Q[f][row];
        }
    }

    Span<float> Of(float[] side, int count, int sample) => side.AsSpan(sample * count * (factors + 1), count * (factors + 1));

    /// <summary>The mean of all samples, each within the ratings that were seen.</summary>
    public override float Predict(int user, int item)
    {
        var (width, sum) = (factors + 1, 0.0);
        for (var sample = 0; sample < Samples; sample++)
        {
            var value = intercepts[sample];
            var u = user < 0 ? default : users.AsSpan(((sample * UserCount) + user) * width, width);
            var i = item < 0 ? default : items.AsSpan(((sample * ItemCount) + item) * width, width);
            if (!u.IsEmpty) value += u[0];
            if (!i.IsEmpty) value += i[0];
            if (!u.IsEmpty && !i.IsEmpty && factors > 0) value += TensorPrimitives.Dot<float>(u[1..], i[1..]);
            sum += Math.Clamp(value, least, most);
        }
        return (float)(sum / Samples);
    }

    /// <summary>In every sample the user's part is the ridge regression that the sample's noise asks for; what the user's set says is part of it.</summary>
    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var (width, scores, solve) = (factors + 1, new float[ItemCount], new RidgeRow(factors + 1));
        var x = new float[width];
        for (var sample = 0; sample < Samples; sample++)
        {
            var known = Of(this.items, ItemCount, sample);
            solve.Clear();
            for (var n = 0; n < items.Length; n++)
            {
                var item = known.Slice(items[n] * width, width);
                item.CopyTo(x);
                x[0] = 1;
                solve.Add(x, values[n] - intercepts[sample] - item[0], precisions[sample]);
            }
            var (mean, spread) = OfUsers(sample);
            for (var f = 0; f < width; f++) solve.Penalise(f, spread[f], mean[f]);
            var found = solve.Solve();
            for (var item = 0; item < scores.Length; item++)
            {
                var own = known.Slice(item * width, width);
                var value = intercepts[sample] + own[0] + found[0] + TensorPrimitives.Dot<float>(found.AsSpan(1), own[1..]);
                scores[item] += Math.Clamp(value, least, most) / Samples;
            }
        }
        return scores;
    }

    // What users of the sample are like: a new one is drawn towards their mean, as strongly as they are alike.
    (double[] Mean, double[] Precision) OfUsers(int sample)
    {
        var width = factors + 1;
        var rows = Of(users, UserCount, sample);
        var (mean, squares) = (new double[width], new double[width]);
        for (var at = 0; at < rows.Length; at++)
        {
            mean[at % width] += rows[at] / (double)UserCount;
            squares[at % width] += (double)rows[at] * rows[at] / UserCount;
        }
        for (var f = 0; f < width; f++) squares[f] = 1 / Math.Max(squares[f] - (mean[f] * mean[f]), 1e-6);
        return (mean, squares);
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("intercept", intercepts);
        to.Add("precision", precisions);
        to.Add("users", users, Samples, UserCount, factors + 1);
        to.Add("items", items, Samples, ItemCount, factors + 1);
        to.Add("range", [least, most]);
    }

    internal static BayesianFactors Read(ModelArrays from)
    {
        var (samples, range, shape) = (from.Floats("intercept"), from.Floats("range", 2), from.Shape("users"));
        var itemShape = from.Shape("items");
        if (shape.Length != 3 || itemShape.Length != 3 || shape[0] != samples.Length || itemShape[0] != samples.Length || shape[2] != itemShape[2] || shape[2] < 1)
            throw new DataException(from.Path, $"users are ({string.Join(", ", shape)}), items ({string.Join(", ", itemShape)}), samples {samples.Length}; they do not fit together");
        return new((int)shape[1], (int)itemShape[1], (int)shape[2] - 1, samples, from.Floats("precision", samples.Length), from.Floats("users"), from.Floats("items"), range[0], range[1]);
    }
}
