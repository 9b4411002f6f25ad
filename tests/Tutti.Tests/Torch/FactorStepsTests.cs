using Tutti.Torch;

namespace Tutti.Tests.Torch;

/// <summary>The kernel of gradient steps against the same steps written out in double.</summary>
public sealed class FactorStepsTests
{
    const int Users = 9, Items = 7, Ratings = 400;
    const float Rate = 0.05f, BiasRate = 0.02f, Penalty = 0.08f, BiasPenalty = 0.03f, Low = 0.5f, Offset = 0.25f;

    static FactorSteps Begin(int factors, float span)
    {
        var stream = RandomStream.Of(3, "factor steps", factors);
        var draw = 0L;
        float Number() => (float)stream.Uniform(draw++) - 0.5f;
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => Number())];
        return new()
        {
            Users = FactorRows.Of(Numbers(Users * factors), Users, factors),
            Items = FactorRows.Of(Numbers(Items * factors), Items, factors),
            UserBias = Numbers(Users),
            ItemBias = Numbers(Items),
            UserShare = [.. Numbers(Users).Select(Math.Abs)],
            ItemShare = [.. Numbers(Items).Select(Math.Abs)],
            Offset = Offset,
            Low = span == 0 ? 0 : Low,
            Span = span,
            Penalty = Penalty,
            BiasPenalty = BiasPenalty,
        };
    }

    static FactorRating[] Some()
    {
        var stream = RandomStream.Of(4, "ratings");
        return [.. Enumerable.Range(0, Ratings).Select(n => new FactorRating(stream.Below(3L * n, Users), stream.Below((3L * n) + 1, Items), 1 + stream.Below((3L * n) + 2, 5)))];
    }

    /// <summary>Half the squared error + half the penalties of one rating after the other, each number moved by the rate times minus its slope.</summary>
    static double Reference(double[] p, double[] q, double[] userBias, double[] itemBias, FactorSteps from, IEnumerable<FactorRating> ratings)
    {
        var (k, squares) = (from.Users.Factors, 0.0);
        foreach (var (u, i, value) in ratings)
        {
            var sum = Offset + userBias[u] + itemBias[i] + Enumerable.Range(0, k).Sum(f => p[(u * k) + f] * q[(i * k) + f]);
            var share = 1 / (1 + Math.Exp(-sum));
            var (predicted, slope) = from.Span == 0 ? (sum, 1.0) : (from.Low + (from.Span * share), from.Span * share * (1 - share));
            var error = predicted - value;
            squares += error * error;
            userBias[u] -= BiasRate * ((error * slope) + ((BiasPenalty + from.UserShare[u]) * userBias[u]));
            itemBias[i] -= BiasRate * ((error * slope) + ((BiasPenalty + from.ItemShare[i]) * itemBias[i]));
            for (var f = 0; f < k; f++)
            {
                var (a, b) = (p[(u * k) + f], q[(i * k) + f]);
                p[(u * k) + f] -= Rate * ((error * slope * b) + ((Penalty + from.UserShare[u]) * a));
                q[(i * k) + f] -= Rate * ((error * slope * a) + ((Penalty + from.ItemShare[i]) * b));
            }
        }
        return squares;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Steps_are_those_of_the_formula_on_every_generation_of_processors(int level)
    {
        var former = Native.tutti_simd_level(level);
        try
        {
            // No factors, less than a vector, whole vectors, and more than registers hold; with a sigmoid and without.
            foreach (var factors in new[] { 0, 1, 16, 30, 50, 64, 90 })
                foreach (var span in new[] { 0f, 5.5f })
                {
                    var (steps, ratings) = (Begin(factors, span), Some());
                    double[] Double(float[] numbers) => Array.ConvertAll(numbers, number => (double)number);
                    var (p, q, userBias, itemBias) = (Double(steps.Users.ToArray()), Double(steps.Items.ToArray()), Double(steps.UserBias), Double(steps.ItemBias));
                    var expected = Reference(p, q, userBias, itemBias, steps, ratings);
                    var what = $"{factors} factors, span {span}";
                    // Float32, after 400 steps of numbers of about one half.
                    Near(what + ", squares", [expected], [steps.Run(ratings, Rate, BiasRate)], 1e-3);
                    Near(what + ", users", p, Double(steps.Users.ToArray()), 2e-5);
                    Near(what + ", items", q, Double(steps.Items.ToArray()), 2e-5);
                    Near(what + ", user biases", userBias, Double(steps.UserBias), 2e-5);
                    Near(what + ", item biases", itemBias, Double(steps.ItemBias), 2e-5);
                    Assert.All(Filling(steps.Users), number => Assert.Equal(0, number));
                }
        }
        finally
        {
            _ = Native.tutti_simd_level(former);
        }
    }

    static void Near(string what, double[] expected, double[] got, double tolerance)
    {
        Assert.Equal(expected.Length, got.Length);
        for (var i = 0; i < got.Length; i++) Assert.True(Math.Abs(expected[i] - got[i]) <= tolerance, $"{what}[{i}]: {got[i]}, expected {expected[i]}");
    }

    [Theory, InlineData(-200f), InlineData(200f)]
    public void Far_sums_give_the_ends_of_the_range(float offset)
    {
        var steps = Begin(4, 5.5f) with { Offset = offset };
        var end = offset < 0 ? Low : Low + 5.5f;
        Assert.Equal(Math.Pow(3 - end, 2), steps.Run([new(0, 0, 3)], Rate, BiasRate), 1e-5);
        Assert.All(steps.Users.ToArray(), number => Assert.True(float.IsFinite(number)));
    }

    static float[] Filling(FactorRows rows) => [.. Enumerable.Range(0, rows.Count * rows.Width).Where(at => at % rows.Width >= rows.Factors).Select(at => rows.All[at])];

    [Fact]
    public void Rows_are_filled_up_to_whole_lines_of_cache_and_keep_their_numbers()
    {
        var rows = FactorRows.Of([1, 2, 3, 4, 5, 6], 2, 3);
        Assert.Equal([4, 5, 6], rows[1].ToArray());
        Assert.Equal([1, 2, 3, 4, 5, 6], rows.ToArray());
        Assert.Equal(16, rows.Width);
        Assert.Equal(26, Filling(rows).Length);
    }
}
