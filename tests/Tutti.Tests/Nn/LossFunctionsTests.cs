using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>The losses against their formulas, their gradients against differences, and both where logits are large.</summary>
public sealed class LossFunctionsTests() : EngineTest(threads: 1)
{
    static readonly RandomStream random = RandomStream.Of(8, "loss functions");
    static readonly double[] logits = [.. Enumerable.Range(0, 12).Select(i => 2 * random.Normal(i))];
    static readonly double[] flags = [1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0];
    static readonly long[] classes = [2, 0, 1, 1];

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    static double Value(Func<Tensor, Tensor> loss, double[] at, out double[] gradient)
    {
        using var scope = new Scope();
        var x = Tensor.From(at, 4, at.Length / 4).RequireGrad();
        var value = loss(x);
        value.Backward();
        gradient = x.Grad!.ToArray<double>();
        x.SetGrad(null);
        return value.Item();
    }

    static Tensor Flags => Tensor.From(flags, 4, 3);
    static Tensor Classes => Tensor.From(classes, 4);

    static Func<Tensor, Tensor> Loss(string kind) => kind switch
    {
        "focal 2" => x => Losses.Focal(x, Classes, 2),
        "focal 0.5" => x => Losses.Focal(x, Classes, 0.5, Tensor.From<double>([0.2, 1, 3], [3])),
        "binary focal" => x => Losses.BinaryFocal(x, Flags, 1.5, 0.3),
        "asymmetric" => x => Losses.Asymmetric(x, Flags, 4, 1, 0.05),
        "asymmetric 0.5" => x => Losses.Asymmetric(x, Flags, 0.5, 0.5, 0),
        _ => x => Losses.CrossEntropy(x, Classes, null, 0.1),
    };

    [Theory, InlineData("focal 2"), InlineData("focal 0.5"), InlineData("binary focal"), InlineData("asymmetric"), InlineData("asymmetric 0.5"), InlineData("smoothed")]
    public void Gradients_are_the_differences_of_values(string kind)
    {
        Value(Loss(kind), logits, out var gradient);
        for (var i = 0; i < logits.Length; i++)
        {
            const double step = 1e-5;
            double At(double shift) => Value(Loss(kind), [.. logits.Select((x, j) => j == i ? x + shift : x)], out _);
            Assert.Equal((At(step) - At(-step)) / (2 * step), gradient[i], 1e-8);
        }
    }

    [Fact]
    public void Focal_losses_are_the_papers_formula()
    {
        var (expected, weighted) = (0.0, 0.0);
        double[] alpha = [0.2, 1, 3];
        for (var row = 0; row < 4; row++)
        {
            var exps = logits[(3 * row)..((3 * row) + 3)].Select(Math.Exp).ToArray();
            var p = exps[classes[row]] / exps.Sum();
            expected -= Math.Pow(1 - p, 2) * Math.Log(p);
            weighted -= alpha[classes[row]] * Math.Pow(1 - p, 0.5) * Math.Log(p);
        }
        Assert.Equal(expected, Value(Loss("focal 2"), logits, out _), 1e-12);
        Assert.Equal(weighted, Value(Loss("focal 0.5"), logits, out _), 1e-10);
        var binary = logits.Zip(flags).Sum(pair => pair.Second == 1 ? -0.3 * Math.Pow(1 - Sigmoid(pair.First), 1.5) * Math.Log(Sigmoid(pair.First)) : -0.7 * Math.Pow(Sigmoid(pair.First), 1.5) * Math.Log(1 - Sigmoid(pair.First)));
        Assert.Equal(binary, Value(Loss("binary focal"), logits, out _), 1e-12);
    }

    [Fact]
    public void The_asymmetric_loss_is_the_papers_formula_and_forgives_what_is_surely_not_there()
    {
        var expected = logits.Zip(flags).Sum(pair =>
        {
            var (p, shifted) = (Sigmoid(pair.First), Math.Max(Sigmoid(pair.First) - 0.05, 0));
            return pair.Second == 1 ? -(1 - p) * Math.Log(p) : -Math.Pow(shifted, 4) * Math.Log(1 - shifted);
        });
        Assert.Equal(expected, Value(Loss("asymmetric"), logits, out _), 1e-12);
        double[] sure = [.. Enumerable.Repeat(-3.0, 12)];                          // p = 0.047, below the clip
        Assert.Equal(flags.Sum() * (1 - Sigmoid(-3)) * -Math.Log(Sigmoid(-3)), Value(Loss("asymmetric"), sure, out var gradient), 1e-12);
        Assert.All(gradient.Zip(flags), pair => Assert.Equal(pair.Second == 0, pair.First == 0));
    }

    [Fact]
    public void Without_their_powers_they_are_the_plain_entropies()
    {
        var entropy = Value(x => Losses.CrossEntropy(x, Classes), logits, out var slope);
        Assert.Equal(entropy, Value(x => Losses.Focal(x, Classes, 0), logits, out var focal), 1e-12);
        Assert.All(slope.Zip(focal), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        var binary = Value(x => Losses.BinaryCrossEntropy(x, Flags), logits, out slope);
        foreach (var loss in (Func<Tensor, Tensor>[])[x => Losses.BinaryFocal(x, Flags, 0), x => Losses.BinaryFocal(x, Flags, 0, 0.5) * 2, x => Losses.Asymmetric(x, Flags, 0, 0, 0)])
        {
            Assert.Equal(binary, Value(loss, logits, out var own), 1e-12);
            Assert.All(slope.Zip(own), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        }
    }

    [Theory, InlineData("focal 2"), InlineData("binary focal"), InlineData("asymmetric"), InlineData("asymmetric 0.5"), InlineData("smoothed")]
    public void Large_logits_give_finite_losses_that_grow_with_the_mistake(string kind)
    {
        // Row by row: surely right, surely wrong, all alike, all far off.
        double[] large = [-800, -800, 800, -800, 800, 800, 0, 0, 0, 800, -800, 800];
        using var scope = new Scope();
        foreach (var type in (DType[])[DType.Float64, DType.Float32])
        {
            var x = Tensor.From(large, 4, 3).To(type).Detach().RequireGrad();
            var loss = kind is "asymmetric" or "asymmetric 0.5" or "binary focal" ? Single(kind, x, type) : Loss(kind)(x);
            loss.Backward();
            Assert.True(double.IsFinite(loss.Item()) && loss.Item() > 100, $"{type} {loss.Item()}");
            Assert.All(x.Grad!.To(DType.Float64).ToArray<double>(), slope => Assert.True(double.IsFinite(slope)));
            x.SetGrad(null);
        }
    }

    static Tensor Single(string kind, Tensor x, DType type) => kind switch
    {
        "asymmetric" => Losses.Asymmetric(x, Flags.To(type), 4, 1, 0.05),
        "asymmetric 0.5" => Losses.Asymmetric(x, Flags.To(type), 0.5, 0.5, 0),
        _ => Losses.BinaryFocal(x, Flags.To(type), 1.5, 0.3),
    };
}
