using System.Globalization;
using Tutti.Tests.Guards;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Nn;

/// <summary>The figures of docs/losses.md, read from the page and computed again: the intermediate ones by their formulas, the losses by the code that trains.</summary>
public sealed class LossDocsTests() : EngineTest(threads: 1)
{
    const double Rounding = 5.1e-5;
    static readonly string[] lines = Repository.Read("docs/losses.md").ReplaceLineEndings("\n").Split('\n');
    static readonly double[] z = Row("| logit z");

    /// <summary>The figures of the row of a table that begins so.</summary>
    static double[] Row(string start)
    {
        var line = Assert.Single(lines, line => line.StartsWith(start + " |", StringComparison.Ordinal));
        return [.. line[start.Length..].Split('|')[1..].Select(cell => cell.Trim()).Where(cell => cell.Length > 0).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
    }

    static void Same(string start, params double[] expected)
    {
        var given = Row(start);
        Assert.True(expected.Length == given.Length, $"{start}: {given.Length} figures");
        Assert.All(expected.Zip(given), pair => Assert.Equal(pair.First, pair.Second, Rounding));
    }

    static Tensor Logits => Tensor.From(z, 1, 3);
    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
    static double Softplus(double x) => Math.Log(1 + Math.Exp(x));

    [Fact]
    public void Probabilities_are_those_of_the_three_logits()
    {
        var sum = z.Sum(Math.Exp);
        Assert.Equal([2, 1, -1], z);
        Assert.Contains(lines, line => line.Contains(FormattableString.Invariant($"exp(z) / {sum:0.0000}"), StringComparison.Ordinal));
        Same("| exp(z)", [.. z.Select(Math.Exp)]);
        Same("| softmax p = exp(z) / 10.4752", [.. z.Select(x => Math.Exp(x) / sum)]);
        Same("| -log p", [.. z.Select(x => Math.Log(sum) - x)]);
        Same("| logistic s = 1 / (1 + exp(-z))", [.. z.Select(Logistic)]);
    }

    [Fact]
    public void Losses_of_one_class_are_those_that_train()
    {
        Example[] row = [new([2], null, 1, 0)];
        double Of(double smoothing, LossConfig? loss) => new SingleLabel(null, smoothing, loss).Loss(Logits, row).Item();
        var entropy = Math.Log(z.Sum(Math.Exp)) - 1;
        Assert.Equal(entropy, Of(0, null), 1e-12);
        Check("| `cross-entropy` |", $"{entropy:0.0000}", Of(0, null));
        Check("| with `label-smoothing: 0.1` |", $"0.9 x {entropy:0.0000} + 0.0333 x {z.Sum(x => entropy + 1 - x):0.0000}", Of(0.1, null));
        var p = Math.Exp(-entropy);
        Check("| `focal`, `gamma: 2` |", $"{(1 - p) * (1 - p):0.0000} x {entropy:0.0000}", Of(0, new() { Kind = LossKind.Focal, Gamma = 2 }));
        Check("| `binary` |", $"{Softplus(2) + Softplus(-1) + Softplus(-1):0.0000} / 3", Of(0, LossKind.Binary));

        static void Check(string start, FormattableString numbers, double value)
        {
            var cells = Assert.Single(lines, line => line.StartsWith(start, StringComparison.Ordinal)).Trim('|').Split('|').Select(cell => cell.Trim()).ToArray();
            Assert.Equal(FormattableString.Invariant(numbers), cells[2]);
            Assert.Equal(value, double.Parse(cells[3], CultureInfo.InvariantCulture), Rounding);
        }
    }

    [Fact]
    public void Losses_of_labels_are_those_that_train()
    {
        bool[] there = [false, true, false];
        Example[] row = [new([2], null, -1, 0) { Targets = [0, 1, 0] }];
        double[] entropies = [.. z.Zip(there, (x, yes) => Softplus(yes ? -x : x))], s = [.. z.Select(Logistic)], t = [.. s.Zip(there, (p, yes) => yes ? p : 1 - p)];
        Checked("| `binary`: -log s where it is there, -log(1 - s) where not", entropies, LossKind.Binary);
        Same("| probability of what is true, t", t);
        double[] focus = [.. t.Select(p => (1 - p) * (1 - p))], focal = [.. focus.Zip(entropies, (f, e) => f * e)];
        Same("| (1 - t)^2", focus);
        Checked("| `focal`, `gamma: 2`, both weigh 1", focal, new() { Kind = LossKind.Focal, Gamma = 2 });
        Checked("| with `alpha: 0.25`: x 0.25 where it is there, x 0.75 where not", [.. focal.Zip(there, (f, yes) => f * (yes ? 0.25 : 0.75))], new() { Kind = LossKind.Focal, Gamma = 2, Alpha = 0.25 });
        double[] q = [.. s.Zip(there, (p, yes) => yes ? p : Math.Max(p - 0.05, 0))], power = [.. q.Zip(there, (p, yes) => yes ? 1 - p : Math.Pow(p, 4))];
        Same("| shifted probability q = max(s - 0.05, 0) where it is not there", q);
        Same("| q^4 where not, (1 - s)^1 where it is", power);
        Checked("| `asymmetric`: x -log(1 - q), x -log s", [.. power.Select((f, i) => f * -Math.Log(there[i] ? q[i] : 1 - q[i]))], new() { Kind = LossKind.Asymmetric, GammaNegative = 4, GammaPositive = 1, Clip = 0.05 });

        void Checked(string start, double[] parts, LossConfig loss)
        {
            Same(start, [.. parts, parts.Sum()]);
            Assert.Equal(parts.Sum(), new MultipleLabels(loss).Loss(Logits, row).Item(), 1e-12);
        }
    }

    [Fact]
    public void Levels_are_those_of_the_outputs()
    {
        double[] a = [z[0], z[0] - Softplus(z[1]), z[0] - Softplus(z[1]) - Softplus(z[2])], above = [.. a.Select(Logistic)], losses = [Softplus(-a[0]), Softplus(a[1]), Softplus(a[2])];
        Same("| softplus(o)", Softplus(z[1]), Softplus(z[2]));
        Same("| log-odds a", a);
        Same("| probability", above);
        Same("| loss where the row is level 2", [.. losses, losses.Sum()]);
        var objective = new OrderedLevels(4);
        Assert.Equal(losses.Sum(), objective.Loss(Logits, [new([2], null, 1, 0)]).Item(), 1e-12);
        var shown = string.Join(", ", objective.Predict(Logits).ToArray<double>().Select(p => p.ToString("0.0000", CultureInfo.InvariantCulture)));
        Assert.Contains(lines, line => line.StartsWith($"The levels' probabilities are the differences: {shown}.", StringComparison.Ordinal));
    }
}
