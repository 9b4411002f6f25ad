using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>
/// Biases and factors of users and items as arrays, and their gradient steps in vectors of eight. Rows are padded to full vectors with zeros,
/// which every step leaves zeros.
/// </summary>
sealed class FactorKernel
{
    const int Lanes = 8;

    readonly int width;
    readonly float low, span;                                 // span 0: no sigmoid
    readonly float[] userBase = [], itemBase = [];            // what the base penalty comes to at each rating of a user, of an item
    readonly float penalty, biasPenalty;

    FactorKernel(int users, int items, int factors, float low, float span)
    {
        (Factors, width) = (factors, (factors + Lanes - 1) / Lanes * Lanes);
        (this.low, this.span) = (low, span);
        (UserBias, ItemBias) = (new float[users], new float[items]);
        (Users, Items) = (new float[(long)users * width], new float[(long)items * width]);
    }

    public FactorKernel(RatingRows rows, FactorConfig config, long seed)
        : this(rows.UserCount, rows.ItemCount, config.Factors, (float)(config.Range?.Low ?? 0), config.Range is { } range ? (float)(range.High - range.Low) : 0)
    {
        (penalty, biasPenalty) = ((float)config.Penalty, (float)config.BiasPenalty);
        (userBase, itemBase) = (Shares(config.BasePenalty, rows.Users, rows.UserCount), Shares(config.BasePenalty, rows.Items, rows.ItemCount));
        // In a range there is no mean, as in fastai: who has few ratings is drawn to the middle of the range, below the mean, and rare items are rated lower.
        Offset = span == 0 ? (float)rows.Values.Average(value => (double)value) : 0;
        Fill(Users, RandomStream.Of(seed, "init users"), (float)config.InitialDeviation);
        Fill(Items, RandomStream.Of(seed, "init items"), (float)config.InitialDeviation);
    }

    public int Factors { get; }
    /// <summary>The ends of the sigmoid; null: there is none.</summary>
    public (double Low, double High)? Range => span == 0 ? null : (low, (double)low + span);
    public float Offset { get; private init; }
    public float[] UserBias { get; }
    public float[] ItemBias { get; }
    public float[] Users { get; }
    public float[] Items { get; }

    static float[] Shares(double whole, int[] numbers, int count)
    {
        var shares = new float[count];
        foreach (var number in numbers) shares[number]++;
        for (var n = 0; n < count; n++) shares[n] = (float)(whole / Math.Max(shares[n], 1));
        return shares;
    }

    // Uniform with that deviation: quicker to draw than normal, and no worse to begin with.
    void Fill(float[] rows, RandomStream random, float deviation)
    {
        var scale = deviation * MathF.Sqrt(12);
        for (var start = 0; start < rows.Length; start += width)
            for (var f = 0; f < Factors; f++) rows[start + f] = ((float)random.Uniform(((long)start / width * Factors) + f) - 0.5f) * scale;
    }

    /// <summary>All rows of one side, without the places that only fill a register.</summary>
    public float[] Rows(float[] side)
    {
        var rows = new float[side.Length / width * Factors];
        for (var number = 0; number < side.Length / width; number++) Row(side, number).CopyTo(rows.AsSpan(number * Factors));
        return rows;
    }

    public Span<float> Row(float[] side, int number) => side.AsSpan(number * width, Factors);

    public float Sum(int user, int item)
    {
        var sum = Offset + RatingBaseline.BiasOf(UserBias, user) + RatingBaseline.BiasOf(ItemBias, item);
        return user < 0 || item < 0 || Factors == 0 ? sum : sum + TensorPrimitives.Dot<float>(Row(Users, user), Row(Items, item));
    }

    /// <summary>From the sum to a rating, and back with the slope there.</summary>
    public float Squash(float sum) => span == 0 ? sum : low + (span / (1 + MathF.Exp(-sum)));

    public (float Target, float Slope) Unsquash(float value)
    {
        if (span == 0) return (value, 1);
        // The ends of the range lie at infinity; a hundredth inside is near enough.
        var share = Math.Clamp((value - low) / span, 0.01f, 0.99f);
        return (MathF.Log(share / (1 - share)), span * share * (1 - share));
    }

    /// <summary>One step per rating: half the squared error plus half the penalties, downhill. The sum of squared errors before each step.</summary>
    public double Learn(ReadOnlySpan<BlockRating> ratings, float rate)
    {
        var squares = 0.0;
        var (keep, keepBias) = (1 - (rate * penalty), 1 - (rate * biasPenalty));
        foreach (ref readonly var rating in ratings)
        {
            ref var user = ref MemoryMarshal.GetReference(Users.AsSpan(rating.User * width, width));
            ref var item = ref MemoryMarshal.GetReference(Items.AsSpan(rating.Item * width, width));
            ref var userBias = ref UserBias[rating.User];
            ref var itemBias = ref ItemBias[rating.Item];
            var sum = Offset + userBias + itemBias + Dot(ref user, ref item);
            float error, step;
            if (span == 0)
            {
                error = rating.Value - sum;
                step = rate * error;
            }
            else
            {
                var share = 1 / (1 + MathF.Exp(-sum));
                error = rating.Value - low - (span * share);
                step = rate * error * span * share * (1 - share);
            }
            squares += (double)error * error;
            var (lessUser, lessItem) = (rate * userBase[rating.User], rate * itemBase[rating.Item]);
            userBias = ((keepBias - lessUser) * userBias) + step;
            itemBias = ((keepBias - lessItem) * itemBias) + step;
            Move(ref user, ref item, step, keep - lessUser, keep - lessItem);
        }
        return squares;
    }

    float Dot(ref float user, ref float item)
    {
        var sum = Vector256<float>.Zero;
        for (var at = 0; at < width; at += Lanes)
            sum = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref user, (nuint)at), Vector256.LoadUnsafe(ref item, (nuint)at), sum);
        return Vector256.Sum(sum);
    }

    void Move(ref float user, ref float item, float step, float keepUser, float keepItem)
    {
        var (steps, keepP, keepQ) = (Vector256.Create(step), Vector256.Create(keepUser), Vector256.Create(keepItem));
        for (var at = 0; at < width; at += Lanes)
        {
            var (p, q) = (Vector256.LoadUnsafe(ref user, (nuint)at), Vector256.LoadUnsafe(ref item, (nuint)at));
            Vector256.MultiplyAddEstimate(steps, q, keepP * p).StoreUnsafe(ref user, (nuint)at);
            Vector256.MultiplyAddEstimate(steps, p, keepQ * q).StoreUnsafe(ref item, (nuint)at);
        }
    }

    public void Write(ModelArrays to)
    {
        to.Add("numbers", [Factors, Offset, low, span]);
        to.Add("user_bias", UserBias);
        to.Add("item_bias", ItemBias);
        to.Add("users", Plain(Users), UserBias.Length, Factors);
        to.Add("items", Plain(Items), ItemBias.Length, Factors);
    }

    public static FactorKernel Read(ModelArrays from)
    {
        var (numbers, userBias, itemBias) = (from.Floats("numbers", 4), from.Floats("user_bias"), from.Floats("item_bias"));
        var factors = (int)numbers[0];
        var kernel = new FactorKernel(userBias.Length, itemBias.Length, factors, numbers[2], numbers[3]) { Offset = numbers[1] };
        userBias.CopyTo(kernel.UserBias, 0);
        itemBias.CopyTo(kernel.ItemBias, 0);
        kernel.Take(from.Floats("users", userBias.Length, factors), kernel.Users);
        kernel.Take(from.Floats("items", itemBias.Length, factors), kernel.Items);
        return kernel;
    }

    float[] Plain(float[] rows)
    {
        var plain = new float[width == 0 ? 0 : rows.Length / width * Factors];
        for (var row = 0; row < plain.Length / Math.Max(Factors, 1); row++) Row(rows, row).CopyTo(plain.AsSpan(row * Factors));
        return plain;
    }

    void Take(float[] plain, float[] rows)
    {
        for (var row = 0; row < plain.Length / Math.Max(Factors, 1); row++) plain.AsSpan(row * Factors, Factors).CopyTo(Row(rows, row));
    }
}
