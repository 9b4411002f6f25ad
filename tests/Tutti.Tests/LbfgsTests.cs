namespace Tutti.Tests;

public sealed class LbfgsTests
{
    [Fact]
    public void The_minimum_of_a_curved_valley_is_found()
    {
        // Rosenbrock's function in 6 dimensions has its minimum 0 at (1, ..., 1).
        static double Rosenbrock(double[] x, double[] gradient)
        {
            Array.Clear(gradient);
            var value = 0.0;
            for (var i = 0; i + 1 < x.Length; i++)
            {
                var (a, b) = (x[i + 1] - (x[i] * x[i]), 1 - x[i]);
                value += (100 * a * a) + (b * b);
                gradient[i] += (-400 * x[i] * a) - (2 * b);
                gradient[i + 1] += 200 * a;
            }
            return value;
        }
        double[] x = [-1.2, 1, -1.2, 1, -1.2, 1];
        Assert.InRange(Lbfgs.Minimise(Rosenbrock, x, 1e-8, 500), 0, 1e-14);
        Assert.All(x, value => Assert.Equal(1, value, 1e-6));
    }

    [Fact]
    public void A_quadratic_of_any_scale_is_solved_and_the_steps_are_limited()
    {
        static double Bowl(double[] x, double[] gradient)
        {
            var value = 0.0;
            for (var i = 0; i < x.Length; i++)
            {
                var scale = Math.Pow(10, i - 3);
                gradient[i] = scale * (x[i] - i);
                value += scale * (x[i] - i) * (x[i] - i) / 2;
            }
            return value;
        }
        var x = new double[7];
        Lbfgs.Minimise(Bowl, x, 1e-9, 500);
        for (var i = 0; i < x.Length; i++) Assert.Equal(i, x[i], 1e-5);
        var few = new double[7];
        Lbfgs.Minimise(Bowl, few, 1e-9, 1);
        Assert.True(Math.Abs(few[0] - x[0]) + Math.Abs(few[1] - x[1]) > 0.1);
        var done = new double[] { 0, 1, 2, 3, 4, 5, 6 };
        Assert.Equal(0, Lbfgs.Minimise(Bowl, done, 1e-9, 5));
    }

    [Fact]
    public void Known_curvature_leads_to_the_same_minimum_in_far_fewer_steps()
    {
        var (calls, without) = (0, 0);
        double Bowl(double[] x, double[] gradient)
        {
            calls++;
            var value = 0.0;
            for (var i = 0; i < x.Length; i++)
            {
                // Not quite the curvature that is said: a quarter of it comes from the fourth power.
                var (d, scale) = (x[i] - i, Math.Pow(10, i - 3));
                gradient[i] = scale * (d + (0.3 * d * d * d));
                value += scale * ((d * d / 2) + (0.3 * d * d * d * d / 4));
            }
            return value;
        }
        var x = new double[7];
        Lbfgs.Minimise(Bowl, x, 1e-9, 500);
        (without, calls) = (calls, 0);
        var known = new double[7];
        Lbfgs.Minimise(Bowl, known, 1e-9, 500, [.. Enumerable.Range(0, 7).Select(i => Math.Pow(10, i - 3))]);
        for (var i = 0; i < 7; i++) Assert.Equal(i, known[i], 1e-5);
        Assert.True(calls < without / 2, $"{calls} and {without} evaluations");
    }
}
