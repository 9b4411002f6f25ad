using Tutti.Nn;
using Tutti.Tests.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Tests.Training.Optimizers;

public sealed class AdamWTests : EngineTest
{
    const double Beta1 = 0.8, Beta2 = 0.95, Eps = 1e-6, Decay = 0.1;

    static Params Weights(out Tensor decayed, out Tensor exempt)
    {
        var p = new Params(1, name => Check.Normal(name, 5), dtype: DType.Float64);
        (decayed, exempt) = (p.Get("weight", Init.Zeros, true, 5), p.Get("bias", Init.Zeros, false, 5));
        return p;
    }

    [Theory, InlineData(0), InlineData(0.5), InlineData(1e6)]
    public void Steps_are_those_of_the_paper_with_clipping_before(double maxNorm)
    {
        using var p = Weights(out var decayed, out var exempt);
        using var optimizer = new AdamW(p.Items, Beta1, Beta2, Eps, Decay);
        double[][] w = [decayed.ToArray<double>(), exempt.ToArray<double>()], m = [new double[5], new double[5]], v = [new double[5], new double[5]];
        for (var step = 1; step <= 4; step++)
        {
            var rate = 0.1 / step;
            double[][] g = [Check.Normal($"g{step}", 5).ToArray<double>(), Check.Normal($"h{step}", 5).ToArray<double>()];
            (decayed * Tensor.From(g[0])).Sum().Backward();                        // the gradient of a sum of products is the other factor
            (exempt * Tensor.From(g[1])).Sum().Backward();
            var norm = Math.Sqrt(g.Sum(values => values.Sum(x => x * x)));
            Assert.Equal(norm, optimizer.Step(rate, maxNorm), 1e-12);
            optimizer.ZeroGradients();
            var scale = maxNorm > 0 && norm > maxNorm ? maxNorm / (norm + 1e-6) : 1;
            for (var k = 0; k < 2; k++)
                for (var i = 0; i < 5; i++)
                {
                    var x = g[k][i] * scale;
                    w[k][i] -= rate * (k == 0 ? Decay : 0) * w[k][i];
                    m[k][i] = (Beta1 * m[k][i]) + ((1 - Beta1) * x);
                    v[k][i] = (Beta2 * v[k][i]) + ((1 - Beta2) * x * x);
                    w[k][i] -= rate * (m[k][i] / (1 - Math.Pow(Beta1, step))) / (Math.Sqrt(v[k][i] / (1 - Math.Pow(Beta2, step))) + Eps);
                }
        }
        Assert.InRange(Check.Worst(w[0], decayed.ToArray<double>()), 0, 1e-12);
        Assert.InRange(Check.Worst(w[1], exempt.ToArray<double>()), 0, 1e-12);
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.Float64)]
    public void A_copy_in_bfloat16_is_the_new_weight_rounded_to_nearest(DType dtype)
    {
        Tensor Of(string name) => Check.Normal(name, 40_000).To(dtype);
        Tensor[] weights = [Of("a"), Of("b")], copies = [Tensor.Zeros([40_000], DType.BFloat16), null!];
        var plain = Array.ConvertAll(weights, weight => weight.Clone());
        var step = new AdamWStep(0.1, 1, 0.3, 0.9, 0.999, 1e-8, 0.5);
        foreach (var (list, to) in ((Tensor[], Tensor[])[])[(weights, copies), (plain, [])])
            Tensor.AdamW(list, [Of("c"), Of("d")], [Of("e"), Of("f")], [Of("e").Square(), Of("f").Square()], to, [0.1, 0], step);
        Assert.Equal(Numbers(plain[0]), Numbers(weights[0]));
        Assert.Equal(Numbers(plain[1]), Numbers(weights[1]));
        Assert.NotEqual(Numbers(Of("a")), Numbers(weights[0]));
        Assert.Equal(Numbers(weights[0].To(DType.Float32).To(DType.BFloat16)), Numbers(copies[0]));

        static double[] Numbers(Tensor x) => x.To(DType.Float64).ToArray<double>();
    }

    [Fact]
    public void A_weight_without_a_gradient_is_left_alone()
    {
        using var p = Weights(out var decayed, out var exempt);
        using var optimizer = new AdamW(p.Items);
        var before = decayed.ToArray<double>();
        exempt.Sum().Backward();
        optimizer.Step(0.1, 1);
        Assert.Equal(before, decayed.ToArray<double>());
        Assert.NotEqual(Check.Normal("bias", 5).ToArray<double>(), exempt.ToArray<double>());
        optimizer.ZeroGradients();
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity)]
    public void A_gradient_that_is_not_finite_leaves_the_weights_as_they_were(double value)
    {
        using var p = Weights(out var decayed, out _);
        using var optimizer = new AdamW(p.Items);
        var before = decayed.ToArray<double>();
        (decayed * value).Sum().Backward();
        Assert.False(double.IsFinite(optimizer.Step(0.1, 1)));
        Assert.Equal(before, decayed.ToArray<double>());
        optimizer.ZeroGradients();
    }
}
