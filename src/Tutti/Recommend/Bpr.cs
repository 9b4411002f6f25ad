using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How <see cref="Bpr"/> is trained.</summary>
public sealed record BprConfig
{
    public int Factors { get; init; } = 32;
    public int Epochs { get; init; } = 60;
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Weight of the squared factors, and of the squared biases, at every comparison.</summary>
    public double Penalty { get; init; } = 0.02;
    public double BiasPenalty { get; init; } = 0.01;

    public double InitialDeviation { get; init; } = 0.1;
}

/// <summary>
/// Bayesian personalised ranking (Rendle et al. 2009): of an item that the user was seen with and one drawn from the others, the first should score
/// higher; a step up the gradient of ln sigmoid(difference). Works in blocks that share nothing (see <see cref="BlockSchedule"/>), with the other
/// item drawn from the block's items and the groups dealt anew in every epoch: the bits do not depend on the number of threads.
/// </summary>
public sealed class Bpr : ArrayModel
{
    internal const string KindName = "bpr";
    const int Tries = 20;

    readonly int factors;
    readonly float[] users, items, itemBias;

    Bpr(int factors, float[] users, float[] items, float[] itemBias) => (this.factors, this.users, this.items, this.itemBias) = (factors, users, items, itemBias);

    public override string Kind => KindName;
    public override int UserCount => users.Length / factors;
    public override int ItemCount => itemBias.Length;

    /// <param name="rows">What was seen; values are not read, and a pair that is there twice is compared twice.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    public static Bpr Train(RatingRows rows, BprConfig config, long seed, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        CheckFactors(config.Factors, 1, rows);
        var seen = SortedByUser(rows);
        var model = new Bpr(config.Factors, Drawn(rows.UserCount, "init users"), Drawn(rows.ItemCount, "init items"), new float[rows.ItemCount]);
        for (var epoch = 1; epoch <= config.Epochs; epoch++)
        {
            var random = RandomStream.Of(seed, "epoch", epoch);
            var schedule = new BlockSchedule(rows, new(random.Bits(0)));
            var loss = schedule.Epoch(new(random.Bits(1)), threads, (own, block, start) => model.Learn(own, schedule.ItemsOf(block), seen, config, RandomStream.Of(seed, "others", epoch, start)), cancel);
            if (!double.IsFinite(loss)) throw new ConfigException("learningRate", FormattableString.Invariant($"{config.LearningRate} made the numbers grow without end in epoch {epoch}; choose a lower one"));
            progress?.Report(new(epoch, config.Epochs, double.NaN));
        }
        return model;

        float[] Drawn(int count, string purpose)
        {
            var (random, drawn) = (RandomStream.Of(seed, purpose), new float[count * config.Factors]);
            for (var at = 0; at < drawn.Length; at++) drawn[at] = (float)(config.InitialDeviation * random.Normal(at));
            return drawn;
        }
    }

    static (int[] Starts, int[] Items) SortedByUser(RatingRows rows)
    {
        var index = RatingIndex.ByUser(rows);
        for (var user = 0; user < index.Count; user++) Array.Sort(index.Others, index.Starts[user], index.CountOf(user));
        return (index.Starts, index.Others);
    }

    double Learn(ReadOnlySpan<FactorRating> own, ReadOnlySpan<int> candidates, (int[] Starts, int[] Items) seen, BprConfig config, RandomStream random)
    {
        var (loss, draw) = (0.0, 0L);
        foreach (var rating in own)
        {
            for (var tries = 0; tries < Tries; tries++)
            {
                var other = candidates[random.Below(draw++, candidates.Length)];
                if (Array.BinarySearch(seen.Items, seen.Starts[rating.User], seen.Starts[rating.User + 1] - seen.Starts[rating.User], other) >= 0) continue;
                loss += Step(rating.User, rating.Item, other, (float)config.LearningRate, (float)config.Penalty, (float)config.BiasPenalty);
                break;
            }
        }
        return loss;
    }

    /// <summary>One comparison; minus ln sigmoid of the difference before.</summary>
    internal double Step(int user, int item, int other, float rate, float penalty, float biasPenalty)
    {
        var u = Row(users, user);
        var i = Row(items, item);
        var j = Row(items, other);
        var difference = itemBias[item] - itemBias[other] + TensorPrimitives.Dot<float>(u, i) - TensorPrimitives.Dot<float>(u, j);
        var step = rate / (1 + MathF.Exp(difference));
        for (var f = 0; f < factors; f++)
        {
            var (uf, itemF, otherF) = (u[f], i[f], j[f]);
            u[f] += (step * (itemF - otherF)) - (rate * penalty * uf);
            i[f] += (step * uf) - (rate * penalty * itemF);
            j[f] -= (step * uf) + (rate * penalty * otherF);
        }
        itemBias[item] += step - (rate * biasPenalty * itemBias[item]);
        itemBias[other] -= step + (rate * biasPenalty * itemBias[other]);
        return difference > 0 ? Math.Log(1 + Math.Exp(-difference)) : Math.Log(1 + Math.Exp(difference)) - difference;
    }

    Span<float> Row(float[] side, int number) => side.AsSpan(number * factors, factors);

    /// <summary>A number that is higher for what suits better; of no other meaning.</summary>
    public override float Predict(int user, int item) => item < 0 ? 0 : itemBias[item] + (user < 0 ? 0 : TensorPrimitives.Dot<float>(Row(users, user), Row(items, item)));

    internal override void Write(ModelArrays to)
    {
        to.Add("users", users, UserCount, factors);
        to.Add("items", items, ItemCount, factors);
        to.Add("item_bias", itemBias);
    }

    internal static Bpr Read(ModelArrays from)
    {
        var (bias, factors) = (from.Floats("item_bias"), from.Shape("users")[^1]);
        return new((int)factors, from.Floats("users"), from.Floats("items", bias.Length, factors), bias);
    }
}
