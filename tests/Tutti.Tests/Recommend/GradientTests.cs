using Tutti.Recommend;

namespace Tutti.Tests.Recommend;

/// <summary>
/// Steps of the kernels against finite differences of the losses that the papers state: one epoch at a tiny rate moves every number by the rate times
/// minus the gradient. The losses are written out here anew, in double.
/// </summary>
public sealed class GradientTests
{
    const double Rate = 1e-3;
    const int Factors = 3;

    /// <summary>A model's numbers by name.</summary>
    sealed class Numbers(ArrayModel model)
    {
        readonly ModelArrays arrays = Written(model);

        static ModelArrays Written(ArrayModel model)
        {
            var arrays = new ModelArrays();
            model.Write(arrays);
            return arrays;
        }

        public double[] this[string name] => [.. arrays.Floats(name).Select(value => (double)value)];
    }

    static double Dot(double[] a, int row, double[] b, int other) => Enumerable.Range(0, Factors).Sum(f => a[(row * Factors) + f] * b[(other * Factors) + f]);

    static double Squares(double[] a, int row) => Dot(a, row, a, row);

    /// <summary>Checks movement / rate against - d loss / d number, for all numbers of one array.</summary>
    static void Check(string what, double[] before, double[] after, Func<double> loss)
    {
        for (var at = 0; at < before.Length; at++)
        {
            const double Step = 1e-5;
            var kept = before[at];
            before[at] = kept + Step;
            var up = loss();
            before[at] = kept - Step;
            var slope = (up - loss()) / (2 * Step);
            before[at] = kept;
            var moved = (after[at] - kept) / Rate;
            Assert.True(Math.Abs(moved + slope) < 0.02 * (1 + Math.Abs(slope)), $"{what}[{at}] moved {moved}, the slope is {slope}");
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Biased_factors_go_down_the_gradient(bool range)
    {
        var rows = MadeRatings.Few;
        var config = new FactorConfig { Factors = Factors, Epochs = 0, LearningRate = Rate, LastRate = Rate, Penalty = 0.3, BiasPenalty = 0.2, BasePenalty = 0.7, InitialDeviation = 0.5, Range = range ? (0, 5.5) : null };
        var (before, after) = (new Numbers(BiasedFactors.Train(rows, config, 1, 1, cancel: MadeRatings.Stop)), new Numbers(BiasedFactors.Train(rows, config with { Epochs = 1 }, 1, 1, cancel: MadeRatings.Stop)));
        var (p, q, bu, bi, offset) = (before["users"], before["items"], before["user_bias"], before["item_bias"], before["numbers"][1]);
        Check("users", p, after["users"], Loss);
        Check("items", q, after["items"], Loss);
        Check("user_bias", bu, after["user_bias"], Loss);
        Check("item_bias", bi, after["item_bias"], Loss);

        double Loss()
        {
            var sum = 0.0;
            for (var row = 0; row < rows.Count; row++)
            {
                var (u, i) = (rows.Users[row], rows.Items[row]);
                var predicted = offset + bu[u] + bi[i] + Dot(p, u, q, i);
                if (range) predicted = 5.5 / (1 + Math.Exp(-predicted));
                sum += Math.Pow(rows.Values[row] - predicted, 2) + (0.3 * (Squares(p, u) + Squares(q, i))) + (0.2 * ((bu[u] * bu[u]) + (bi[i] * bi[i])));
            }
            // The base penalty counts once an epoch for all that were rated.
            for (var n = 0; n < 4; n++) sum += 0.7 * (Squares(p, n) + Squares(q, n) + (bu[n] * bu[n]) + (bi[n] * bi[n]));
            return sum / 2;
        }
    }

    [Fact]
    public void Svd_plus_plus_goes_down_the_gradient()
    {
        var rows = MadeRatings.Few;
        var config = new SvdPlusPlusConfig { Factors = Factors, Epochs = 0, LearningRate = Rate, LastRate = Rate, Penalty = 0.3, BiasPenalty = 0.2, InitialDeviation = 0.5 };
        var (before, after) = (new Numbers(SvdPlusPlus.Train(rows, config, 1, cancel: MadeRatings.Stop)), new Numbers(SvdPlusPlus.Train(rows, config with { Epochs = 1 }, 1, cancel: MadeRatings.Stop)));
        var (q, y, bu, bi, mean) = (before["items"], before["implied"], before["user_bias"], before["item_bias"], before["numbers"][0]);
        // What is kept of a user is p_u with the share of y; taken apart here.
        var (p, pAfter) = (Own(before["users"], y, -1), Own(after["users"], after["implied"], -1));
        Check("p", p, pAfter, Loss);
        Check("q", q, after["items"], Loss);
        Check("y", y, after["implied"], Loss);
        Check("user_bias", bu, after["user_bias"], Loss);
        Check("item_bias", bi, after["item_bias"], Loss);

        double[] Own(double[] users, double[] implied, int sign)
        {
            var own = users.ToArray();
            for (var u = 0; u < 4; u++)
            {
                var set = Set(u);
                foreach (var j in set)
                    for (var f = 0; f < Factors; f++) own[(u * Factors) + f] += sign * implied[(j * Factors) + f] / Math.Sqrt(set.Length);
            }
            return own;
        }

        int[] Set(int user) => [.. Enumerable.Range(0, rows.Count).Where(row => rows.Users[row] == user).Select(row => rows.Items[row])];

        double Loss()
        {
            var (sum, both) = (0.0, Own(p, y, 1));
            for (var row = 0; row < rows.Count; row++)
            {
                var (u, i) = (rows.Users[row], rows.Items[row]);
                sum += Math.Pow(rows.Values[row] - mean - bu[u] - bi[i] - Dot(both, u, q, i), 2);
                sum += (0.3 * (Squares(p, u) + Squares(q, i) + Set(u).Sum(j => Squares(y, j)))) + (0.2 * ((bu[u] * bu[u]) + (bi[i] * bi[i])));
            }
            return sum / 2;
        }
    }

    [Fact]
    public void Bpr_goes_up_the_gradient_of_one_comparison()
    {
        var model = Bpr.Train(MadeRatings.Few, new() { Factors = Factors, Epochs = 0, InitialDeviation = 0.5 }, 1, 1, cancel: MadeRatings.Stop);
        var before = new Numbers(model);
        var (p, q, b) = (before["users"].ToArray(), before["items"].ToArray(), before["item_bias"].ToArray());
        var loss = model.Step(1, 0, 3, (float)Rate, 0.3f, 0.2f);
        Assert.Equal(Math.Log(1 + Math.Exp(-Difference())), loss, 1e-5);
        var after = new Numbers(model);
        Check("users", p, after["users"], Loss);
        Check("items", q, after["items"], Loss);
        Check("item_bias", b, after["item_bias"], Loss);

        double Difference() => b[0] - b[3] + Dot(p, 1, q, 0) - Dot(p, 1, q, 3);

        double Loss() => Math.Log(1 + Math.Exp(-Difference())) + (0.3 / 2 * (Squares(p, 1) + Squares(q, 0) + Squares(q, 3))) + (0.2 / 2 * ((b[0] * b[0]) + (b[3] * b[3])));
    }
}
