using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>Independent arithmetic to compare the engine with.</summary>
static class Check
{
    /// <summary>Standard normal values in float64.</summary>
    public static Tensor Normal(string name, params long[] shape)
    {
        var random = RandomStream.Of(17, name);
        return Tensor.From([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => random.Normal(i))], shape);
    }

    public static double Worst(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual).Select(pair => pair.First.Equals(pair.Second) ? 0 : Math.Abs(pair.First - pair.Second)).DefaultIfEmpty(0).Max();
    }

    /// <summary>The engine's gradient of a function against central differences, in float64.</summary>
    /// <param name="function">Any shape; it is weighted with fixed numbers to a scalar, so that every element counts differently.</param>
    /// <param name="input">Where the gradient is taken.</param>
    public static void Gradient(Func<Tensor, Tensor> function, Tensor input, double tolerance = 1e-7)
    {
        const double Step = 1e-5;                                                  // the best step for central differences in double is about cbrt(1e-16)
        Tensor Scalar(Tensor x)
        {
            var y = function(x);
            return (y * Normal("weights of a scalar", y.Shape)).Sum();
        }
        var leaf = input.Detach().Clone().RequireGrad();
        Scalar(leaf).Backward();
        var (values, actual) = (input.ToArray<double>(), leaf.Grad!.ToArray<double>());
        var expected = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            using var scope = new Scope();
            double At(double delta)
            {
                var moved = (double[])values.Clone();
                moved[i] += delta;
                return Scalar(Tensor.From(moved, input.Shape)).Item();
            }
            expected[i] = (At(Step) - At(-Step)) / (2 * Step);
        }
        var worst = Worst(expected, actual);
        Assert.True(worst <= tolerance, $"gradients differ by {worst:0.0e0}, allowed {tolerance:0.0e0}");
    }
}
