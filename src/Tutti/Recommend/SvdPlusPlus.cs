using System.Globalization;
using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How <see cref="SvdPlusPlus"/> is trained.</summary>
public sealed record SvdPlusPlusConfig
{
    public int Factors { get; init; } = 50;
    public int Epochs { get; init; } = 40;

    /// <summary>Of the first epoch; it falls in a line to <see cref="LastRate"/> in the last.</summary>
    public double LearningRate { get; init; } = 0.015;
    public double LastRate { get; init; } = 0.002;

    /// <summary>Weight of the squared factors, and of the squared biases, at every rating.</summary>
    public double Penalty { get; init; } = 0.07;
    public double BiasPenalty { get; init; } = 0.02;

    /// <summary>Of the numbers that factors begin with.</summary>
    public double InitialDeviation { get; init; } = 0.05;
}

/// <summary>
/// SVD++ (Koren 2008, "Factorization meets the neighborhood"): m + b_u + b_i + q_i (p_u + |N(u)|^-1/2 sum of y_j over the items j that u rated).
/// Goes user by user: the sum over N(u) is made once, and the step of its y is taken once for all ratings of the user, so that an epoch
/// costs ratings + the sets of the users, not their product. Runs on one thread: the same bits always.
/// </summary>
public sealed class SvdPlusPlus : ArrayModel
{
    internal const string KindName = "svd-plus-plus";

    readonly int factors;
    readonly float mean;
    readonly float[] userBias, itemBias;
    readonly float[] users;                                   // p_u plus the user's share of y: all that a prediction needs
    readonly float[] items;                                   // q_i
    readonly float[] implied;                                 // y_j
    readonly double penalty;

    SvdPlusPlus(float mean, int factors, double penalty, float[] userBias, float[] itemBias, float[] users, float[] items, float[] implied) =>
        (this.mean, this.factors, this.penalty, this.userBias, this.itemBias, this.users, this.items, this.implied) = (mean, factors, penalty, userBias, itemBias, users, items, implied);

    public override string Kind => KindName;
    public override int UserCount => userBias.Length;
    public override int ItemCount => itemBias.Length;

    /// <param name="rows">The ratings; a pair that is there twice counts twice, in the set too.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    /// <exception cref="ConfigException">The learning rate makes the numbers grow without end.</exception>
    public static SvdPlusPlus Train(RatingRows rows, SvdPlusPlusConfig config, long seed, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        CheckFactors(config.Factors, 0, rows);
        var ratings = RatingIndex.ByUser(rows);
        var model = new SvdPlusPlus((float)rows.Values.Average(value => (double)value), config.Factors, config.Penalty, new float[rows.UserCount], new float[rows.ItemCount],
            Drawn(rows.UserCount, "init users"), Drawn(rows.ItemCount, "init items"), Drawn(rows.ItemCount, "init implied"));
        var order = Enumerable.Range(0, rows.UserCount).Where(user => ratings.CountOf(user) > 0).ToArray();
        for (var epoch = 1; epoch <= config.Epochs; epoch++)
        {
            cancel.ThrowIfCancellationRequested();
            var rate = (float)(config.LearningRate + ((config.LastRate - config.LearningRate) * (epoch - 1) / Math.Max(config.Epochs - 1, 1)));
            RandomStream.Of(seed, "users", epoch).Shuffle<int>(order);
            var (squares, sweep) = (0.0, new Sweep(model, ratings, rate, (float)config.Penalty, (float)config.BiasPenalty));
            foreach (var user in order) squares += sweep.Learn(user, RandomStream.Of(seed, "ratings", epoch, user));
            if (!double.IsFinite(squares)) throw new ConfigException("learningRate", string.Create(CultureInfo.InvariantCulture, $"{config.LearningRate} made the numbers grow without end in epoch {epoch}; choose a lower one"));
            progress?.Report(new(epoch, config.Epochs, Math.Sqrt(squares / rows.Count)));
        }
        model.AddImplied(ratings);
        return model;

        float[] Drawn(int count, string purpose)
        {
            var (random, drawn) = (RandomStream.Of(seed, purpose), new float[count * config.Factors]);
            for (var at = 0; at < drawn.Length; at++) drawn[at] = (float)(config.InitialDeviation * random.Normal(at));
            return drawn;
        }
    }

    Span<float> Row(float[] side, int number) => side.AsSpan(number * factors, factors);

    // |N|^-1/2 sum of y.
    void Implied(ReadOnlySpan<int> rated, Span<float> sum)
    {
        sum.Clear();
        foreach (var item in rated) TensorPrimitives.Add(sum, Row(implied, item), sum);
        if (rated.Length > 0) TensorPrimitives.Multiply(sum, 1 / MathF.Sqrt(rated.Length), sum);
    }

    void AddImplied(RatingIndex ratings)
    {
        var sum = new float[factors];
        for (var user = 0; user < UserCount; user++)
        {
            Implied(ratings.OthersOf(user), sum);
            TensorPrimitives.Add(Row(users, user), sum, Row(users, user));
        }
    }

    /// <summary>Steps of one epoch.</summary>
    sealed class Sweep(SvdPlusPlus model, RatingIndex ratings, float rate, float penalty, float biasPenalty)
    {
        readonly float[] implied = new float[model.factors], both = new float[model.factors], gradient = new float[model.factors];
        int[] order = [];

        public double Learn(int user, RandomStream random)
        {
            var (count, start, squares) = (ratings.CountOf(user), ratings.Starts[user], 0.0);
            if (order.Length < count) order = new int[count * 2];
            var own = order.AsSpan(0, count);
            for (var n = 0; n < count; n++) own[n] = start + n;
            random.Shuffle(own);
            model.Implied(ratings.OthersOf(user), implied);
            Array.Clear(gradient);
            var p = model.Row(model.users, user);
            foreach (var at in own) squares += Step(user, ratings.Others[at], ratings.Values[at], p);
            // The steps of y that those ratings ask for, taken together.
            var (scale, keep) = (rate / MathF.Sqrt(count), MathF.Pow(1 - (rate * penalty), count));
            TensorPrimitives.Multiply(gradient, scale, gradient);
            foreach (var item in ratings.OthersOf(user))
            {
                var y = model.Row(model.implied, item);
                TensorPrimitives.MultiplyAdd(y, keep, gradient, y);
            }
            return squares;
        }

        double Step(int user, int item, float value, Span<float> p)
        {
            var q = model.Row(model.items, item);
            TensorPrimitives.Add(p, implied, both);
            var error = value - model.mean - model.userBias[user] - model.itemBias[item] - TensorPrimitives.Dot<float>(both, q);
            var (step, keep) = (rate * error, 1 - (rate * penalty));
            model.userBias[user] += step - (rate * biasPenalty * model.userBias[user]);
            model.itemBias[item] += step - (rate * biasPenalty * model.itemBias[item]);
            TensorPrimitives.MultiplyAdd(q, error, gradient, gradient);
            TensorPrimitives.Multiply(p, keep, p);
            TensorPrimitives.MultiplyAdd(q, step, p, p);
            TensorPrimitives.Multiply(q, keep, q);
            TensorPrimitives.MultiplyAdd(both, step, q, q);
            return (double)error * error;
        }
    }

    public override float Predict(int user, int item)
    {
        var sum = mean + RatingBaseline.BiasOf(userBias, user) + RatingBaseline.BiasOf(itemBias, item);
        return user < 0 || item < 0 || factors == 0 ? sum : sum + TensorPrimitives.Dot<float>(Row(users, user), Row(items, item));
    }

    /// <summary>The set of rated items says most of a new user; the bias and p_u are solved for what it leaves.</summary>
    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var (size, both, x) = (factors + 1, new float[factors], new float[factors + 1]);
        Implied(items, both);
        var solve = new RidgeRow(size);
        for (var n = 0; n < items.Length; n++)
        {
            var q = Row(this.items, items[n]);
            x[0] = 1;
            q.CopyTo(x.AsSpan(1));
            solve.Add(x, values[n] - mean - itemBias[items[n]] - TensorPrimitives.Dot<float>(both, q));
        }
        solve.PenaliseAll(0, size, penalty * Math.Max(items.Length, 1));
        var found = solve.Solve();
        TensorPrimitives.Add(both, found.AsSpan(1), both);
        return [.. Enumerable.Range(0, ItemCount).Select(item => mean + found[0] + itemBias[item] + TensorPrimitives.Dot<float>(both, Row(this.items, item)))];
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("numbers", [mean, (float)penalty]);
        to.Add("user_bias", userBias);
        to.Add("item_bias", itemBias);
        to.Add("users", users, UserCount, factors);
        to.Add("items", items, ItemCount, factors);
        to.Add("implied", implied, ItemCount, factors);
    }

    internal static SvdPlusPlus Read(ModelArrays from)
    {
        var (numbers, userBias, itemBias) = (from.Floats("numbers", 2), from.Floats("user_bias"), from.Floats("item_bias"));
        var factors = from.Shape("users")[^1];
        return new(numbers[0], (int)factors, numbers[1], userBias, itemBias, from.Floats("users", userBias.Length, factors), from.Floats("items", itemBias.Length, factors), from.Floats("implied", itemBias.Length, factors));
    }
}
