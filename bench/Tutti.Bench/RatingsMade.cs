using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Ratings made from known factors, fifty of a user and two hundred of an item in both sizes: does time grow with their number, is the truth found again.</summary>
static class RatingsMade
{
    sealed record Size(string Name, int Users, int Items, int Rows);

    static readonly Size[] sizes = [new("generated-1m", 20_000, 5_000, 1_000_000), new("generated-10m", 200_000, 50_000, 10_000_000)];

    const int TrueFactors = 8, Asked = 100_000;
    const double Noise = 0.5;

    static readonly FactorConfig config = new() { Factors = 16, Epochs = 20, LearningRate = 0.06, LastRate = 0.003, Penalty = 0.02, BasePenalty = 2, BiasPenalty = 0.01 };

    public static IEnumerable<string> Cases => sizes.Select(size => size.Name);

    public static void Run(IReadOnlyList<string> cases, Format format)
    {
        List<string[]> rows = [["case", "ratings", "users, items", "s per epoch", "ns per rating", "RMSE to the truth, pairs not seen", "noise", "spread of the truth", "resident: rows, with training"]];
        foreach (var size in sizes.Where(size => cases.Contains(size.Name))) rows.Add(Of(size, format));
        if (format == Format.Json || rows.Count == 1) return;
        Grid.Print([.. rows], format);
        Grid.Notes(Machine.Notes(), format);
    }

    static string[] Of(Size size, Format format)
    {
        Console.Error.WriteLine($"{size.Name}: making ratings");
        var truth = new Truth(size);
        var made = truth.Rows();
        _ = BiasedFactors.Train(made.Select([.. Enumerable.Range(0, 50_000)]), config, 1, Engine.Threads);       // warms up
        Machine.ForgetResidentPeak();
        var (before, clock) = (Machine.ResidentPeak(), new EpochClock());
        var model = BiasedFactors.Train(made, config, 1, Engine.Threads, clock);
        var after = Machine.ResidentPeak();
        var (error, spread) = truth.Recovered(model);
        var seconds = Figures.Median(clock.Seconds);
        if (format == Format.Json)
            Console.WriteLine(new JsonObject { ["bench"] = "ratings", ["case"] = size.Name, ["seconds_per_epoch"] = Figures.Rounded(seconds), ["epochs"] = clock.Seconds.Count, ["rmse_to_truth"] = Figures.Rounded(error), ["spread_of_truth"] = Figures.Rounded(spread), ["rss_before"] = before, ["rss_peak"] = after }.ToJsonString());
        return [size.Name, size.Rows.ToString(CultureInfo.InvariantCulture), $"{size.Users}, {size.Items}", Figures.Spread(clock.Seconds), Figures.Number(seconds / size.Rows * 1e9), Figures.Number(error), Figures.Number(Noise), Figures.Number(spread), $"{MemoryStats.Text(before)}, {MemoryStats.Text(after)}"];
    }

    sealed class EpochClock : IProgress<RatingProgress>
    {
        long last;

        public List<double> Seconds { get; } = [];

        // From the second epoch on: what comes before the first is no epoch.
        public void Report(RatingProgress value)
        {
            var now = Stopwatch.GetTimestamp();
            if (last != 0) Seconds.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            last = now;
        }
    }

    /// <summary>Mean, biases and factors that the ratings are made from.</summary>
    sealed class Truth
    {
        readonly Size size;
        readonly double[] users, items;
        readonly RandomStream random;

        public Truth(Size size)
        {
            (this.size, random) = (size, RandomStream.Of(11, size.Name));
            (users, items) = (Drawn(size.Users, "users"), Drawn(size.Items, "items"));
        }

        // The bias, then factors: half of the spread of ratings comes from each.
        static double[] Drawn(int count, string what)
        {
            var (random, drawn) = (RandomStream.Of(11, what), new double[count * (TrueFactors + 1)]);
            for (var at = 0; at < drawn.Length; at++) drawn[at] = random.Normal(at) * (at % (TrueFactors + 1) == 0 ? 0.4 : 0.45);
            return drawn;
        }

        double Value(int user, int item)
        {
            var u = users.AsSpan(user * (TrueFactors + 1), TrueFactors + 1);
            var i = items.AsSpan(item * (TrueFactors + 1), TrueFactors + 1);
            var sum = 3.5 + u[0] + i[0];
            for (var f = 1; f <= TrueFactors; f++) sum += u[f] * i[f];
            return sum;
        }

        // Busy users and items have more: the square of a uniform number leans to the small ones.
        (int User, int Item) Pair(long at)
        {
            var (a, b) = (random.Uniform(4 * at), random.Uniform((4 * at) + 1));
            return ((int)(a * Math.Sqrt(a) * size.Users), (int)(b * Math.Sqrt(b) * size.Items));
        }

        public RatingRows Rows()
        {
            var rows = new RatingRows(new int[size.Rows], new int[size.Rows], new float[size.Rows], size.Users, size.Items);
            Parallel.For(0, size.Rows, row =>
            {
                var (user, item) = Pair(row);
                (rows.Users[row], rows.Items[row]) = (user, item);
                rows.Values[row] = (float)(Value(user, item) + (Noise * random.Normal((2L * row) + (1L << 40))));
            });
            return rows;
        }

        /// <summary>The error on pairs drawn evenly from all, of which next to none was seen; and the spread of their true values.</summary>
        public (double Error, double Spread) Recovered(RatingModel model)
        {
            var asked = RandomStream.Of(11, "asked");
            var pairs = Enumerable.Range(0, Asked).Select(n => (User: asked.Below(2L * n, size.Users), Item: asked.Below((2L * n) + 1, size.Items))).ToArray();
            var values = pairs.Select(pair => Value(pair.User, pair.Item)).ToArray();
            var mean = values.Average();
            return (Math.Sqrt(pairs.Select((pair, n) => Math.Pow(model.Predict(pair.User, pair.Item) - values[n], 2)).Average()), Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
        }
    }
}
