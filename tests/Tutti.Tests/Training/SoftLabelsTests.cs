using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Learning from probabilities, worked out by hand and by differences, however an update is cut.</summary>
public sealed class SoftLabelsTests() : EngineTest(threads: 1)
{
    static readonly double[] logits = [1, 2, -0.5, 0.3, -1, 0.7];

    static Example Row(int label, float[]? targets = null, double share = 1) => new([2, 3], null, label, 0) { Targets = targets, Share = share };

    static Tensor Logits(double[] values) => Tensor.From(values, 2, 3);

    static double LogP(int row, int c, double temperature = 1)
    {
        var values = logits.AsSpan(row * 3, 3).ToArray().Select(x => x / temperature).ToArray();
        return values[c] - Math.Log(values.Sum(Math.Exp));
    }

    [Fact]
    public void The_loss_is_the_cross_entropy_against_the_probabilities()
    {
        Example[] rows = [Row(-1, [0.2f, 0.5f, 0.3f]), Row(-1, [0.1f, 0, 0.9f], share: 0.25)];
        var objective = new SoftLabels();
        Assert.Equal(1.25, objective.Weight(rows), 1e-6);
        var expected = -(0.2 * LogP(0, 0)) - (0.5 * LogP(0, 1)) - (0.3 * LogP(0, 2)) - (0.25 * ((0.1 * LogP(1, 0)) + (0.9 * LogP(1, 2))));
        Assert.Equal(expected, objective.Loss(Logits(logits), rows).Item(), 1e-6);
    }

    [Fact]
    public void Labels_and_probabilities_are_mixed_at_a_temperature()
    {
        Example[] rows = [Row(2, [0.2f, 0.5f, 0.3f]), Row(1)];
        var objective = new SoftLabels(alpha: 0.4, temperature: 2);
        Assert.Equal(2, objective.Weight(rows), 1e-6);
        double[] roots = [Math.Sqrt(0.2), Math.Sqrt(0.5), Math.Sqrt(0.3)];
        var soft = -roots.Select((root, c) => root / roots.Sum() * LogP(0, c, 2)).Sum();
        Assert.Equal((-0.4 * LogP(0, 2)) + (0.6 * 4 * soft) - LogP(1, 1), objective.Loss(Logits(logits), rows).Item(), 1e-5);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.1, true)]
    public void Labels_alone_are_learnt_as_one_of_several_classes_is(double smoothing, bool weighted)
    {
        Example[] rows = [Row(2), Row(0)];
        double[]? weights = weighted ? [0.5, 1, 3] : null;
        var (soft, single) = (new SoftLabels(weights, smoothing), new SingleLabel(weights, smoothing));
        Assert.Equal(single.Weight(rows), soft.Weight(rows), 1e-12);
        Assert.Equal(single.Loss(Logits(logits), rows).Item(), soft.Loss(Logits(logits), rows).Item(), 1e-6);
        Assert.Equal(single.Predict(Logits(logits)).ToArray<double>(), soft.Predict(Logits(logits)).ToArray<double>());
    }

    [Fact]
    public void A_certain_probability_is_a_label()
    {
        double[] weights = [0.5, 1, 3];
        Example[] certain = [Row(-1, [0, 0, 1]), Row(-1, [1, 0, 0])], labelled = [Row(2), Row(0)];
        Assert.Equal(new SingleLabel(weights).Weight(labelled), new SoftLabels(weights).Weight(certain), 1e-9);
        Assert.Equal(new SingleLabel(weights).Loss(Logits(logits), labelled).Item(), new SoftLabels(weights).Loss(Logits(logits), certain).Item(), 1e-6);
    }

    [Fact]
    public void The_gradient_is_the_slope_of_the_loss()
    {
        const double step = 1e-5;
        Example[] rows = [Row(2, [0.2f, 0.5f, 0.3f], share: 0.7), Row(-1, [0.6f, 0.1f, 0.3f])];
        var objective = new SoftLabels([0.5, 1, 3], 0.1, 0.3, 3);
        using var scope = new Scope();
        var x = Logits(logits).RequireGrad();
        objective.Loss(x, rows).Backward();
        var slopes = x.Grad!.ToArray<double>();
        for (var i = 0; i < logits.Length; i++)
        {
            double At(double d)
            {
                var moved = (double[])logits.Clone();
                moved[i] += d;
                return objective.Loss(Logits(moved), rows).Item();
            }
            Assert.Equal((At(step) - At(-step)) / (2 * step), slopes[i], 1e-6);
        }
    }

    [Fact]
    public void Samples_of_dropout_are_averaged()
    {
        Example[] rows = [Row(1, [0.2f, 0.5f, 0.3f]), Row(0)];
        var objective = new SoftLabels(alpha: 0.5, temperature: 2);
        double[] others = [0.1, -1, 1, 2, 0, 0.5];
        Assert.Equal((objective.Loss(Logits(logits), rows).Item() + objective.Loss(Logits(others), rows).Item()) / 2, objective.Loss(Tensor.Cat([Logits(logits), Logits(others)]), rows).Item(), 1e-6);
    }

    [Fact]
    public void The_gradient_of_an_update_does_not_depend_on_its_cut()
    {
        var examples = SomeExamples.Of(23).Select((example, i) => (i % 3) switch
        {
            0 => example,
            1 => example with { Targets = [0.3f, 0.7f], Share = 0.5 },
            _ => example with { Label = -1, Targets = [0.9f, 0.1f] },
        }).ToArray();
        using var model = Tiny.Model("bert", dtype: DType.Float64);
        double[][] Gradients(IReadOnlyList<Example[]> parts)
        {
            foreach (var item in model.Params.Items) item.Value.SetGrad(null);
            new Learner(model, new TrainConfig(), 1, objective: new SoftLabels([1, 2], 0.1, 0.4, 2)).Gradients(parts, 0);
            return [.. model.Params.Items.Select(item => Scope.Run(() => item.Value.Grad!.To(DType.Float64)).ToArray<double>())];
        }
        var whole = Gradients([examples]);
        var scale = whole.Max(values => values.Max(Math.Abs));
        Assert.True(scale > 0.01, $"the largest gradient is {scale}");
        foreach (var cut in new[] { 1, 4, 10 })
            foreach (var (expected, actual) in whole.Zip(Gradients([.. examples.Chunk(cut)])))
                for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i] / scale, actual[i] / scale, 1e-10);
        foreach (var item in model.Params.Items) item.Value.SetGrad(null);
    }
}
