using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

public sealed class LayersTests : EngineTest
{
    const double Exact = 1e-12;                                                    // float64 sums of a few terms

    [Fact]
    public void Linear_is_x_times_the_turned_weight_plus_bias()
    {
        using var p = new Params(1, dtype: DType.Float64);
        var layer = new Linear(p, 3, 2);
        var (x, w, b) = (Check.Normal("x", 4, 3), Value(p, "weight"), Value(p, "bias"));
        var y = layer.Forward(x);
        var (xs, expected) = (x.ToArray<double>(), new double[8]);
        for (var n = 0; n < 4; n++)
            for (var o = 0; o < 2; o++) expected[(n * 2) + o] = b[o] + Enumerable.Range(0, 3).Sum(i => xs[(n * 3) + i] * w[(o * 3) + i]);
        Assert.Equal([4L, 2], y.Shape);
        Assert.InRange(Check.Worst(expected, y.ToArray<double>()), 0, Exact);

        y.Sum().Backward();                                                        // dL/dw[o,i] = sum_n x[n,i], dL/db[o] = n
        var sums = Enumerable.Range(0, 6).Select(k => Enumerable.Range(0, 4).Sum(n => xs[(n * 3) + (k % 3)])).ToArray();
        Assert.InRange(Check.Worst(sums, Gradient(p, "weight")), 0, Exact);
        Assert.Equal([4.0, 4], Gradient(p, "bias"));
        Check.Gradient(layer.Forward, x);
    }

    [Fact]
    public void LayerNorm_takes_mean_and_biased_variance_of_the_last_axis()
    {
        using var p = new Params(1, dtype: DType.Float64);
        var layer = new LayerNorm(p, 5, 1e-3);
        var (x, w, b) = (Check.Normal("x", 2, 5), Value(p, "weight"), Value(p, "bias"));
        var (xs, normal, expected) = (x.ToArray<double>(), new double[10], new double[10]);
        for (var n = 0; n < 2; n++)
        {
            var row = xs[(n * 5)..((n + 1) * 5)];
            var (mean, variance) = (row.Average(), row.Sum(v => (v - row.Average()) * (v - row.Average())) / 5);
            for (var i = 0; i < 5; i++)
            {
                normal[(n * 5) + i] = (row[i] - mean) / Math.Sqrt(variance + 1e-3);
                expected[(n * 5) + i] = (normal[(n * 5) + i] * w[i]) + b[i];
            }
        }
        var y = layer.Forward(x);
        Assert.InRange(Check.Worst(expected, y.ToArray<double>()), 0, Exact);
        y.Sum().Backward();
        Assert.InRange(Check.Worst([.. Enumerable.Range(0, 5).Select(i => normal[i] + normal[5 + i])], Gradient(p, "weight")), 0, Exact);
        Assert.Equal([2.0, 2, 2, 2, 2], Gradient(p, "bias"));
        Check.Gradient(layer.Forward, x, 1e-6);
    }

    [Fact]
    public void Embedding_takes_rows_and_counts_them_in_its_gradient_but_not_the_padding()
    {
        using var p = new Params(1, dtype: DType.Float64);
        var layer = new Embedding(p, 4, 2, padding: 1);
        var w = Value(p, "weight");
        var y = layer.Forward(Tensor.From([3L, 1, 3, 0]));
        Assert.Equal([w[6], w[7], w[2], w[3], w[6], w[7], w[0], w[1]], y.ToArray<double>());
        y.Sum().Backward();
        Assert.Equal([1.0, 1, 0, 0, 0, 0, 2, 2], Gradient(p, "weight"));
    }

    [Fact]
    public void Activations_are_those_of_the_papers()
    {
        double[] points = [-3, -1, -0.1, 0, 0.5, 2];
        Same("relu", x => Math.Max(0, x));
        Same("tanh", Math.Tanh);
        Same("silu", x => x / (1 + Math.Exp(-x)));
        Same("swish", x => x / (1 + Math.Exp(-x)));
        Same("gelu", x => x * Phi(x));
        foreach (var name in (string[])["gelu_new", "gelu_fast", "gelu_pytorch_tanh"])
            Same(name, x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))));
        Assert.Contains("'mish'", Assert.Throws<DataException>(() => Activations.Of("mish", "config.json")).Message, StringComparison.Ordinal);

        void Same(string name, Func<double, double> expected) =>
            Assert.InRange(Check.Worst([.. points.Select(expected)], Activations.Of(name, "")(Tensor.From(points)).ToArray<double>()), 0, 1e-9);

        // The normal distribution by Simpson's rule from -12, where nothing is left.
        static double Phi(double x)
        {
            const int N = 20000;
            var h = (x + 12) / N;
            return Enumerable.Range(0, N + 1).Sum(i => (i == 0 || i == N ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-0.5 * Math.Pow(-12 + (i * h), 2))) * h / 3 / Math.Sqrt(2 * Math.PI);
        }
    }


    // Biases and norms too get values that are not 0 and 1.
    static double[] Value(Params p, string name)
    {
        var value = p.Items.Single(item => item.Name == name).Value;
        using (Modes.NoGrad()) value.CopyFrom(Check.Normal("value of " + name, value.Shape));
        return value.ToArray<double>();
    }

    static double[] Gradient(Params p, string name) => p.Items.Single(item => item.Name == name).Value.Grad!.ToArray<double>();
}
