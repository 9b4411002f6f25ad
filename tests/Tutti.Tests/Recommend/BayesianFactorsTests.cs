using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Tests.Recommend;

public sealed class BayesianFactorsTests
{
    static readonly SideFeatures features = new([[0, 2], [1], [], [2]], 3);

    static readonly BayesianConfig config = new() { Factors = 3, InitialDeviation = 0.5, UserFeatures = features, ItemFeatures = features };

    static GibbsChain Chain(RatingRows rows, BayesianConfig config) => new(RatingIndex.ByUser(rows), RatingIndex.ByItem(rows), rows.Values.Average(value => (double)value), config, 1, 0);

    /// <summary>Rendle 2010: w x plus the sum over all pairs of features of v_a v_b x_a x_b, written out.</summary>
    [Fact]
    public void Blocks_say_the_same_as_the_factorisation_machine_over_all_their_features()
    {
        var rows = MadeRatings.Few;
        var chain = Chain(rows, config);
        for (var sweep = 0; sweep < 3; sweep++) chain.Sweep();
        for (var user = 0; user < 4; user++)
            for (var item = 0; item < 4; item++)
            {
                var all = Entries(chain.Users, user).Concat(Entries(chain.Items, item)).ToArray();
                var expected = chain.Intercept + all.Sum(entry => entry.X * entry.W);
                for (var a = 0; a < all.Length; a++)
                    for (var b = 0; b < a; b++) expected += all[a].X * all[b].X * all[a].V.Zip(all[b].V, (x, y) => x * y).Sum();
                var predicted = chain.Intercept + chain.Users.Linear[user] + chain.Items.Linear[item] + Enumerable.Range(0, 3).Sum(f => (double)chain.Users.Q[f][user] * chain.Items.Q[f][item]);
                Assert.Equal(expected, predicted, 1e-4);
            }
    }

    // The features of one row of a block: value, weight, factors.
    static IEnumerable<(double X, double W, double[] V)> Entries(GibbsSide side, int row) =>
        from grouped in side.Groups
        from column in Enumerable.Range(0, grouped.Columns)
        let x = grouped.Starts is null ? (column == row ? 1.0 : 0) : Enumerable.Range(grouped.Starts[column], grouped.Starts[column + 1] - grouped.Starts[column]).Where(at => grouped.Rows[at] == row).Sum(at => (double)grouped.Values[at])
        where x != 0
        select (x, grouped.W[column], Enumerable.Range(0, 3).Select(f => grouped.V[(f * grouped.Columns) + column]).ToArray());

    /// <summary>The sums that columns are drawn from are carried along; were one carried wrongly, the residuals would no longer be those of the numbers drawn.</summary>
    [Fact]
    public void Residuals_that_were_carried_through_a_sweep_are_those_of_what_was_drawn()
    {
        var rows = new MadeRatings(40, 30).Rows;
        var chain = Chain(rows, config with { UserFeatures = null, ItemFeatures = null });
        for (var sweep = 0; sweep < 4; sweep++)
        {
            chain.Sweep();
            var index = RatingIndex.ByUser(rows);
            for (var user = 0; user < 40; user++)
                for (var at = index.Starts[user]; at < index.Starts[user + 1]; at++)
                {
                    var item = index.Others[at];
                    var predicted = chain.Intercept + chain.Users.Linear[user] + chain.Items.Linear[item] + Enumerable.Range(0, 3).Sum(f => (double)chain.Users.Q[f][user] * chain.Items.Q[f][item]);
                    Assert.Equal(index.Values[at] - predicted, chain.Residuals[at], 2e-3);
                }
        }
    }

    [Fact]
    public void The_noise_of_the_ratings_is_found()
    {
        var model = BayesianFactors.Train(new MadeRatings(200, 120).Rows, new() { Factors = 4, UserItems = false, ItemUsers = false }, 1, 1, cancel: MadeRatings.Stop);
        var arrays = new ModelArrays();
        model.Write(arrays);
        Assert.Equal(MadeRatings.Noise, 1 / Math.Sqrt(arrays.Floats("precision").Average()), 0.02);
    }

    [Fact]
    public void Features_that_decide_the_ratings_are_learnt_for_users_without_any()
    {
        // Users of two kinds who like opposite items; the last ten of each kind have no ratings.
        var (users, items, values) = (new List<int>(), new List<int>(), new List<float>());
        var random = RandomStream.Of(1, "kinds");
        for (var user = 0; user < 60; user++)
            for (var item = 0; item < 20; item++)
                if (user % 30 < 20)
                {
                    users.Add(user);
                    items.Add(item);
                    values.Add((float)(3 + ((user < 30) == (item < 10) ? 1 : -1) + (0.2 * random.Normal((user * 20) + item))));
                }
        var rows = new RatingRows([.. users], [.. items], [.. values], 60, 20);
        var model = BayesianFactors.Train(rows, new() { Factors = 2, UserItems = false, ItemUsers = false, UserFeatures = new([.. Enumerable.Range(0, 60).Select(user => new[] { user / 30 })], 2) }, 1, 1, cancel: MadeRatings.Stop);
        Assert.Equal(4, model.Predict(25, 3), 0.4);
        Assert.Equal(2, model.Predict(25, 13), 0.4);
        Assert.Equal(2, model.Predict(55, 3), 0.4);
        Assert.Equal(4, model.Predict(55, 13), 0.4);
    }

    [Fact]
    public void Features_are_checked_by_name()
    {
        Assert.Contains("features of 4 users are given; expected those of all 120", Message(new MadeRatings().Rows, config), StringComparison.Ordinal);
        Assert.Contains("item 1 has feature 3; expected 0 to 2", Message(MadeRatings.Few, config with { ItemFeatures = new([[0], [3], [], []], 3) }), StringComparison.Ordinal);

        static string Message(RatingRows rows, BayesianConfig config) => Assert.Throws<DataException>(() => BayesianFactors.Train(rows, config, 1, 1, cancel: MadeRatings.Stop)).Message;
    }

    [Theory, InlineData(0, 1, 10), InlineData(1, 0, 10), InlineData(4, 3, 10)]
    public void Samples_of_which_none_would_be_kept_are_refused(int chains, int keep, int samples) => Assert.Contains("expected at least one kept of each chain",
        Assert.Throws<ConfigException>(() => BayesianFactors.Train(MadeRatings.Few, new() { Chains = chains, Keep = keep, Samples = samples }, 1, 1, cancel: MadeRatings.Stop)).Message, StringComparison.Ordinal);

    [Fact]
    public void Gamma_and_normal_numbers_have_their_means_and_variances()
    {
        const int Count = 200_000;
        var draws = new GammaStream(RandomStream.Of(1, "draws"));
        var normal = Enumerable.Range(0, Count).Select(_ => draws.Normal()).ToArray();
        Assert.Equal(0, normal.Average(), 0.01);
        Assert.Equal(1, normal.Average(x => x * x), 0.02);
        Assert.Equal(3, normal.Average(x => x * x * x * x), 0.15);
        foreach (var shape in (double[])[1, 2.5, 40])
        {
            var gamma = Enumerable.Range(0, Count).Select(_ => draws.Gamma(shape)).ToArray();
            Assert.Equal(1, gamma.Average() / shape, 0.02);
            Assert.Equal(1, gamma.Average(x => (x - shape) * (x - shape)) / shape, 0.05);
        }
    }

    /// <summary>The bars of the protocol u1 to u5 hold for all five; the first is the hardest.</summary>
    [Fact]
    public void On_the_first_official_fold_of_movielens_the_error_is_below_the_bar_of_the_five()
    {
        var (train, test) = (BiasedFactorsTests.Read("u1.base"), BiasedFactorsTests.Read("u1.test"));
        var model = BayesianFactors.Train(train, new() { Samples = 40 }, 1, 1, cancel: MadeRatings.Stop);
        Assert.InRange(Math.Sqrt(BiasedFactorsTests.Squared(model, test)), 0.8, 0.905);
    }
}
