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

    [Fact]
    public void A_kept_cast_follows_its_weight_in_the_same_sweep()
    {
        Tensor Of(string name) => Check.Normal(name, 200, 300).To(DType.Float32);
        using var mode = Modes.Autocast(Device.Cpu, DType.BFloat16);
        Tensor x = Of("x"), weight = Of("a"), bias = Tensor.Zeros([200]), other = Tensor.Zeros([200, 300]);
        float[] Forward(Tensor weight)
        {
            using var scope = new Scope();
            return x.Linears([weight], [bias])[0].To(DType.Float32).ToArray<float>();
        }
        var old = Forward(weight);
        Tensor.AdamW([weight, other], [Of("c"), Of("d")], [Of("e"), Of("f")], [Of("e").Square(), Of("f").Square()], [0.1, 0], new AdamWStep(0.1, 1, 3, 0.9, 0.999, 1e-8, 0.5));
        var before = Memory.Stats(Device.Cpu).InUse;
        var (now, kept) = (Forward(weight), Memory.Stats(Device.Cpu).InUse);
        Assert.Equal(before, kept);                                                // no second cast
        Assert.NotEqual(old, now);
        Assert.Equal(Forward(weight.Clone()), now);
        Modes.ClearAutocast();
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
