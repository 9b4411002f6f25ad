using System.Globalization;
using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How several threads share the factors.</summary>
public enum FactorMode
{
    /// <summary>In blocks that share nothing: the same bits for any number of threads.</summary>
    Blocked,

    /// <summary>Without locks, each thread writing where it is (Niu et al. 2011, "Hogwild!"): quick, and on more than one thread a little different every time.</summary>
    Hogwild,
}

/// <summary>How <see cref="BiasedFactors"/> is trained.</summary>
public sealed record FactorConfig
{
    public int Factors { get; init; } = 50;
    public int Epochs { get; init; } = 30;

    /// <summary>Of the first epoch; it falls in a line to <see cref="LastRate"/> in the last.</summary>
    public double LearningRate { get; init; } = 0.02;
    public double LastRate { get; init; } = 0.001;

    /// <summary>Weight of the squared factors, and of the squared biases, at every rating.</summary>
    public double Penalty { get; init; } = 0.06;
    public double BiasPenalty { get; init; } = 0.02;

    /// <summary>Weight of the squared factors and bias of a user (item) in the whole epoch, however many ratings there are: those with few are held more.</summary>
    public double BasePenalty { get; init; } = 3;

    /// <summary>Of the numbers that factors begin with.</summary>
    public double InitialDeviation { get; init; } = 0.05;

    /// <summary>The rate of biases, as a share of the rate of factors: many ratings agree on a bias, which a high rate would make follow the last of them.</summary>
    public double BiasRate { get; init; } = 1;

    /// <summary>With it predictions pass through a sigmoid that lies between these two, as fastai's <c>y_range</c>; ratings outside are refused.</summary>
    public (double Low, double High)? Range { get; init; }

    public FactorMode Mode { get; init; } = FactorMode.Blocked;

    /// <summary>Settings for a sigmoid between these two: its slope makes gradients of another size, which ask for other rates and penalties. Factors begin small and grow quickly: few epochs are enough.</summary>
    public static FactorConfig Within(double low, double high) => new() { Range = (low, high), Epochs = 10, LearningRate = 0.08, LastRate = 0.005, Penalty = 0.08, BiasPenalty = 0.005, BasePenalty = 2, InitialDeviation = 0.01, BiasRate = 0.07 };
}

/// <summary>
/// Mean, biases and factors by stochastic gradient descent (Funk 2006; Koren, Bell, Volinsky 2009): m + b_u + b_i + p_u q_i, where it is asked for inside
/// a sigmoid. The gradient step of one rating is one pass over both rows in registers; see <see cref="FactorSteps"/>.
/// </summary>
public sealed class BiasedFactors : ArrayModel
{
    internal const string KindName = "biased-factors";

    internal readonly FactorKernel Kernel;
    readonly double penalty, biasPenalty;

    BiasedFactors(FactorKernel kernel, double penalty, double biasPenalty) => (Kernel, this.penalty, this.biasPenalty) = (kernel, penalty, biasPenalty);

    public override string Kind => KindName;
    public override int UserCount => Kernel.UserBias.Length;
    public override int ItemCount => Kernel.ItemBias.Length;
    public override RatingFactors Factors => new(Kernel.Factors, Kernel.Users.ToArray(), Kernel.Items.ToArray(), Kernel.UserBias, Kernel.ItemBias, Kernel.Offset, Kernel.Range);

    /// <summary>How each item deviates from the mean.</summary>
    public ReadOnlySpan<float> ItemBias => Kernel.ItemBias;

    /// <summary>Factors of one item, or of one user.</summary>
    public ReadOnlySpan<float> ItemFactors(int item) => Kernel.Items[item];

    public ReadOnlySpan<float> UserFactors(int user) => Kernel.Users[user];

    /// <param name="rows">The ratings; a pair that is there twice is met twice in every epoch.</param>
    /// <exception cref="DataException">The rows cannot be learnt from, or one lies outside the range.</exception>
    /// <exception cref="ConfigException">The learning rate makes the numbers grow without end.</exception>
    public static BiasedFactors Train(RatingRows rows, FactorConfig config, long seed, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        CheckFactors(config.Factors, 0, rows);
        CheckRange(rows, config.Range);
        var kernel = new FactorKernel(rows, config, seed);
        var hogwild = config.Mode == FactorMode.Hogwild;
        var schedule = hogwild ? null : new BlockSchedule(rows, RandomStream.Of(seed, "blocks"));
        var free = hogwild ? new FreeSchedule(rows, RandomStream.Of(seed, "free"), threads) : null;
        for (var epoch = 1; epoch <= config.Epochs; epoch++)
        {
            cancel.ThrowIfCancellationRequested();
            var rate = config.LearningRate + ((config.LastRate - config.LearningRate) * (epoch - 1) / Math.Max(config.Epochs - 1, 1));
            var random = RandomStream.Of(seed, "epoch", epoch);
            var squares = schedule?.Epoch(random, threads, (own, _, _) => kernel.Learn(own, rate), cancel) ?? free!.Epoch(random, own => kernel.Learn(own, rate));
            if (!double.IsFinite(squares)) throw new ConfigException("learningRate", string.Create(CultureInfo.InvariantCulture, $"{config.LearningRate} made the numbers grow without end in epoch {epoch}; choose a lower one"));
            progress?.Report(new(epoch, config.Epochs, Math.Sqrt(squares / rows.Count)));
        }
        return new(kernel, config.Penalty, config.BiasPenalty);
    }

    static void CheckRange(RatingRows rows, (double Low, double High)? range)
    {
        if (range is not { } wanted) return;
        if (!(wanted.Low < wanted.High)) throw new ConfigException("range", string.Create(CultureInfo.InvariantCulture, $"goes from {wanted.Low} to {wanted.High}; expected the lower end first"));
        for (var row = 0; row < rows.Count; row++)
            if (rows.Values[row] < wanted.Low || rows.Values[row] > wanted.High)
                throw new DataException("ratings", string.Create(CultureInfo.InvariantCulture, $"row {row} (user {rows.Users[row]}, item {rows.Items[row]}) has the value {rows.Values[row]}, outside the range {wanted.Low} to {wanted.High}; widen the range"));
    }

    public override float Predict(int user, int item) => Kernel.Squash(Kernel.Sum(user, item));

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        // Unknowns: the bias, then the factors. In a range the sigmoid is taken as a line at each rating.
        var size = Kernel.Factors + 1;
        var solve = new RidgeRow(size);
        var x = new float[size];
        for (var n = 0; n < items.Length; n++)
        {
            x[0] = 1;
            ItemFactors(items[n]).CopyTo(x.AsSpan(1));
            var (target, slope) = Kernel.Unsquash(values[n]);
            solve.Add(x, target - Kernel.Offset - Kernel.ItemBias[items[n]], slope * slope);
        }
        solve.PenaliseAll(0, 1, biasPenalty * Math.Max(items.Length, 1));
        solve.PenaliseAll(1, Kernel.Factors, penalty * Math.Max(items.Length, 1));
        var found = solve.Solve();
        var scores = new float[ItemCount];
        for (var item = 0; item < scores.Length; item++)
            scores[item] = Kernel.Squash(Kernel.Offset + Kernel.ItemBias[item] + found[0] + TensorPrimitives.Dot(found.AsSpan(1), ItemFactors(item)));
        return scores;
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("penalties", [(float)penalty, (float)biasPenalty]);
        Kernel.Write(to);
    }

    internal static BiasedFactors Read(ModelArrays from)
    {
        var penalties = from.Floats("penalties", 2);
        return new(FactorKernel.Read(from), penalties[0], penalties[1]);
    }
}
