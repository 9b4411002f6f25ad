using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Tests.Recommend;

/// <summary>Ratings made from known biases and factors, and noise.</summary>
sealed class MadeRatings
{
    public const double Noise = 0.3;
    const int Factors = 2;

    readonly double[,] users, items;

    public MadeRatings(int userCount = 120, int itemCount = 80, double share = 0.3, long seed = 3)
    {
        (users, items) = (Drawn(userCount, RandomStream.Of(seed, "users")), Drawn(itemCount, RandomStream.Of(seed, "items")));
        var (pairs, random) = (new List<(int User, int Item)>(), RandomStream.Of(seed, "pairs"));
        for (var pair = 0; pair < userCount * itemCount; pair++)
            if (random.Uniform(pair) < share) pairs.Add((pair / itemCount, pair % itemCount));
        Rows = new([.. pairs.Select(pair => pair.User)], [.. pairs.Select(pair => pair.Item)],
            [.. pairs.Select((pair, n) => (float)(Truth(pair.User, pair.Item) + (Noise * RandomStream.Of(seed, "noise").Normal(n))))], userCount, itemCount);
    }

    public RatingRows Rows { get; }

    /// <summary>Ends the test's trainings when the test is ended.</summary>
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Without noise.</summary>
    public double Truth(int user, int item)
    {
        var sum = 3.5 + users[user, 0] + items[item, 0];
        for (var f = 1; f <= Factors; f++) sum += users[user, f] * items[item, f];
        return sum;
    }

    /// <summary>The error to the truth over all pairs, and what the best single number would leave.</summary>
    public (double Error, double Spread) Recovered(RatingModel model)
    {
        var pairs = Enumerable.Range(0, Rows.UserCount * Rows.ItemCount).Select(n => (User: n / Rows.ItemCount, Item: n % Rows.ItemCount)).ToArray();
        var mean = pairs.Average(pair => Truth(pair.User, pair.Item));
        return (Math.Sqrt(pairs.Average(pair => Math.Pow(model.Predict(pair.User, pair.Item) - Truth(pair.User, pair.Item), 2))), Math.Sqrt(pairs.Average(pair => Math.Pow(mean - Truth(pair.User, pair.Item), 2))));
    }

    /// <summary>A few ratings of whole numbers.</summary>
    public static RatingRows Few { get; } = new([0, 0, 0, 1, 1, 2, 2, 2, 3], [0, 1, 3, 0, 2, 1, 2, 3, 0], [5, 3, 4, 4, 2, 1, 3, 5, 2], 4, 4);

    static double[,] Drawn(int count, RandomStream random)
    {
        var drawn = new double[count, Factors + 1];
        for (var n = 0; n < count; n++)
            for (var f = 0; f <= Factors; f++) drawn[n, f] = random.Normal((n * (Factors + 1)) + f) * (f == 0 ? 0.3 : 0.8);
        return drawn;
    }
}
