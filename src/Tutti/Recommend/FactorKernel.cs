using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>Biases and factors of users and items, how they begin, what they predict, and their way to and from files. <see cref="FactorSteps"/> moves them.</summary>
sealed class FactorKernel
{
    readonly FactorSteps steps;
    readonly double biasRate;

    FactorKernel(FactorSteps steps, double biasRate) => (this.steps, this.biasRate) = (steps, biasRate);

    public FactorKernel(RatingRows rows, FactorConfig config, long seed) : this(new()
    {
        Users = Drawn(rows.UserCount, config, RandomStream.Of(seed, "init users")),
        Items = Drawn(rows.ItemCount, config, RandomStream.Of(seed, "init items")),
        UserBias = new float[rows.UserCount],
        ItemBias = new float[rows.ItemCount],
        UserShare = Shares(config.BasePenalty, rows.Users, rows.UserCount),
        ItemShare = Shares(config.BasePenalty, rows.Items, rows.ItemCount),
        // In a range there is no mean, as in fastai: who has few ratings is drawn to the middle of the range, below the mean, and rare items are rated lower.
        Offset = config.Range is null ? (float)rows.Values.Average(value => (double)value) : 0,
        Low = (float)(config.Range?.Low ?? 0),
        Span = config.Range is { } range ? (float)(range.High - range.Low) : 0,
        Penalty = (float)config.Penalty,
        BiasPenalty = (float)config.BiasPenalty,
    }, config.BiasRate)
    {
    }

    public int Factors => Users.Factors;
    /// <summary>The ends of the sigmoid; null: there is none.</summary>
    public (double Low, double High)? Range => steps.Span == 0 ? null : (steps.Low, (double)steps.Low + steps.Span);
    public float Offset => steps.Offset;
    public float[] UserBias => steps.UserBias;
    public float[] ItemBias => steps.ItemBias;
    public FactorRows Users => steps.Users;
    public FactorRows Items => steps.Items;

    static float[] Shares(double whole, int[] numbers, int count)
    {
        var shares = new float[count];
        foreach (var number in numbers) shares[number]++;
        for (var n = 0; n < count; n++) shares[n] = (float)(whole / Math.Max(shares[n], 1));
        return shares;
    }

    // Uniform with that deviation: quicker to draw than normal, and no worse to begin with.
    static FactorRows Drawn(int count, FactorConfig config, RandomStream random)
    {
        var (rows, scale) = (new FactorRows(count, config.Factors), (float)config.InitialDeviation * MathF.Sqrt(12));
        for (var number = 0; number < count; number++)
        {
            var row = rows[number];
            for (var f = 0; f < row.Length; f++) row[f] = ((float)random.Uniform(((long)number * row.Length) + f) - 0.5f) * scale;
        }
        return rows;
    }

    public float Sum(int user, int item)
    {
        var sum = Offset + RatingBaseline.BiasOf(UserBias, user) + RatingBaseline.BiasOf(ItemBias, item);
        return user < 0 || item < 0 || Factors == 0 ? sum : sum + TensorPrimitives.Dot<float>(Users[user], Items[item]);
    }

    /// <summary>One step per rating: half the squared error plus half the penalties, downhill. The sum of squared errors before each step.</summary>
    public double Learn(ReadOnlySpan<FactorRating> ratings, double rate) => steps.Run(ratings, (float)rate, (float)(rate * biasRate));

    /// <summary>From the sum to a rating, and back with the slope there.</summary>
    public float Squash(float sum) => steps.Span == 0 ? sum : steps.Low + (steps.Span / (1 + MathF.Exp(-sum)));

    public (float Target, float Slope) Unsquash(float value)
    {
        if (steps.Span == 0) return (value, 1);
        // The ends of the range lie at infinity; a hundredth inside is near enough.
        var share = Math.Clamp((value - steps.Low) / steps.Span, 0.01f, 0.99f);
        return (MathF.Log(share / (1 - share)), steps.Span * share * (1 - share));
    }

    public void Write(ModelArrays to)
    {
        to.Add("numbers", [Factors, Offset, steps.Low, steps.Span]);
        to.Add("user_bias", UserBias);
        to.Add("item_bias", ItemBias);
        to.Add("users", Users.ToArray(), Users.Count, Factors);
        to.Add("items", Items.ToArray(), Items.Count, Factors);
    }

    /// <summary>What <see cref="Write"/> wrote, to predict with.</summary>
    public static FactorKernel Read(ModelArrays from)
    {
        var (numbers, userBias, itemBias) = (from.Floats("numbers", 4), from.Floats("user_bias"), from.Floats("item_bias"));
        var factors = (int)numbers[0];
        return new(new()
        {
            Users = FactorRows.Of(from.Floats("users", userBias.Length, factors), userBias.Length, factors),
            Items = FactorRows.Of(from.Floats("items", itemBias.Length, factors), itemBias.Length, factors),
            UserBias = userBias,
            ItemBias = itemBias,
            UserShare = [],
            ItemShare = [],
            Offset = numbers[1],
            Low = numbers[2],
            Span = numbers[3],
        }, biasRate: 1);
    }
}
