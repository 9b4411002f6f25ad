using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Tests.Recommend;

/// <summary>What is solved rather than stepped: against a plain elimination, and against the conditions that a solution meets.</summary>
public sealed class LeastSquaresTests
{
    /// <summary>Gauss with pivots.</summary>
    static double[] Solved(double[,] a, double[] b)
    {
        var n = b.Length;
        for (var k = 0; k < n; k++)
        {
            var best = Enumerable.Range(k, n - k).MaxBy(row => Math.Abs(a[row, k]));
            for (var c = 0; c < n; c++) (a[k, c], a[best, c]) = (a[best, c], a[k, c]);
            (b[k], b[best]) = (b[best], b[k]);
            for (var row = 0; row < n; row++)
            {
                if (row == k) continue;
                var factor = a[row, k] / a[k, k];
                for (var c = k; c < n; c++) a[row, c] -= factor * a[k, c];
                b[row] -= factor * b[k];
            }
        }
        return [.. b.Select((value, row) => value / a[row, row])];
    }

    [Fact]
    public void A_ridge_row_is_the_solution_of_its_normal_equations()
    {
        const int Size = 6, Rows = 20;
        var (random, solve, a, b) = (RandomStream.Of(1, "ridge"), new RidgeRow(Size), new double[Size, Size], new double[Size]);
        for (var row = 0; row < Rows; row++)
        {
            var x = Enumerable.Range(0, Size).Select(f => (float)random.Normal((row * Size) + f)).ToArray();
            var (target, weight) = (random.Normal(1000 + row), 0.5 + random.Uniform(5000 + row));
            solve.Add(x, target, weight);
            for (var i = 0; i < Size; i++)
            {
                b[i] += weight * target * x[i];
                for (var j = 0; j < Size; j++) a[i, j] += weight * x[i] * x[j];
            }
        }
        solve.PenaliseAll(1, Size - 1, 0.7);
        solve.Penalise(0, 2, centre: 3);
        for (var i = 1; i < Size; i++) a[i, i] += 0.7;
        (a[0, 0], b[0]) = (a[0, 0] + 2, b[0] + 6);
        Assert.All(Solved(a, b).Zip(solve.Solve()), pair => Assert.Equal(pair.First, pair.Second, 5));
    }

    [Fact]
    public void A_weight_that_nothing_determines_is_0()
    {
        var solve = new RidgeRow(3);
        solve.Add([1, 0, 1], 4);
        solve.Add([1, 0, 1], 6);
        var found = solve.Solve();
        Assert.Equal((5, 0, 0), (found[0], found[1], found[2]));
    }

    static ModelArrays Written(ArrayModel model)
    {
        var arrays = new ModelArrays();
        model.Write(arrays);
        return arrays;
    }

    [Fact]
    public void Biases_of_the_baseline_leave_no_slope()
    {
        var rows = MadeRatings.Few;
        var model = RatingBaseline.Train(rows, new(UserPenalty: 2, ItemPenalty: 3, Sweeps: 200), cancel: MadeRatings.Stop);
        for (var n = 0; n < 4; n++)
        {
            Assert.Equal(0, Enumerable.Range(0, rows.Count).Where(row => rows.Users[row] == n).Sum(row => rows.Values[row] - model.Predict(n, rows.Items[row])) - (2 * model.UserBias[n]), 1e-4);
            Assert.Equal(0, Enumerable.Range(0, rows.Count).Where(row => rows.Items[row] == n).Sum(row => rows.Values[row] - model.Predict(rows.Users[row], n)) - (3 * model.ItemBias[n]), 1e-4);
        }
    }

    [Fact]
    public void The_items_of_als_are_each_the_ridge_regression_on_their_users()
    {
        var rows = new MadeRatings(30, 10).Rows;
        var model = AlsFactors.Train(rows, new() { Factors = 2, Sweeps = 3, Penalty = 0.2, BasePenalty = 0.5 }, 1, 1, cancel: MadeRatings.Stop);
        var (users, items) = (Written(model).Floats("users"), Written(model).Floats("items"));
        var mean = rows.Values.Average(value => (double)value);
        for (var item = 0; item < rows.ItemCount; item++)
        {
            var (a, b) = (new double[3, 3], new double[3]);
            var own = Enumerable.Range(0, rows.Count).Where(row => rows.Items[row] == item).ToArray();
            foreach (var row in own)
            {
                var user = users.AsSpan(rows.Users[row] * 3, 3);
                double[] x = [1, user[1], user[2]];
                for (var i = 0; i < 3; i++)
                {
                    b[i] += x[i] * (rows.Values[row] - mean - user[0]);
                    for (var j = 0; j < 3; j++) a[i, j] += x[i] * x[j];
                }
            }
            for (var i = 0; i < 3; i++) a[i, i] += (0.2 * own.Length) + 0.5;
            Assert.All(Solved(a, b).Zip(items.AsSpan(item * 3, 3).ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
    }

    [Fact]
    public void The_items_of_implicit_als_are_the_least_squares_over_all_pairs()
    {
        const double Alpha = 2, Penalty = 0.3;
        const int Factors = 2;
        var rows = MadeRatings.Few;
        var config = new ImplicitAlsConfig { Factors = Factors, Sweeps = 4, Alpha = Alpha, Penalty = Penalty, Steps = 0 };
        var model = ImplicitAls.Train(rows, config, 1, 1, cancel: MadeRatings.Stop);
        var (users, items) = (Written(model).Floats("users"), Written(model).Floats("items"));
        for (var item = 0; item < 4; item++)
        {
            var (a, b) = (new double[Factors, Factors], new double[Factors]);
            for (var user = 0; user < 4; user++)
            {
                var seen = Enumerable.Range(0, rows.Count).Where(row => rows.Users[row] == user && rows.Items[row] == item).Sum(row => rows.Values[row]);
                var (trust, target) = (1 + (Alpha * seen), seen > 0 ? 1 : 0);
                for (var i = 0; i < Factors; i++)
                {
                    b[i] += trust * target * users[(user * Factors) + i];
                    for (var j = 0; j < Factors; j++) a[i, j] += trust * users[(user * Factors) + i] * users[(user * Factors) + j];
                }
            }
            for (var i = 0; i < Factors; i++) a[i, i] += Penalty;
            Assert.All(Solved(a, b).Zip(items.AsSpan(item * Factors, Factors).ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
    }

    [Fact]
    public void As_many_steps_of_conjugate_gradient_as_factors_solve_exactly()
    {
        var rows = new MadeRatings(40, 30).Rows;
        var config = new ImplicitAlsConfig { Factors = 4, Sweeps = 5, Penalty = 1 };
        var (exact, stepped) = (ImplicitAls.Train(rows, config with { Steps = 0 }, 1, 1, cancel: MadeRatings.Stop), ImplicitAls.Train(rows, config with { Steps = 8 }, 1, 1, cancel: MadeRatings.Stop));
        for (var user = 0; user < 40; user++)
            for (var item = 0; item < 30; item++) Assert.Equal(exact.Predict(user, item), stepped.Predict(user, item), 1e-3);
    }

    [Fact]
    public void Implicit_als_refuses_values_below_0() => Assert.Contains("row 1 (user 0, item 1) has the value -1",
        Assert.Throws<DataException>(() => ImplicitAls.Train(MadeRatings.Few with { Values = [1, -1, 1, 1, 1, 1, 1, 1, 1] }, new(), 1, 1, cancel: MadeRatings.Stop)).Message, StringComparison.Ordinal);
}
