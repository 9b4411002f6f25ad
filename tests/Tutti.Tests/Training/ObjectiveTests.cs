using Tutti.Predictions;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Losses, divisors and scores of what can be learnt, worked out by hand, and that small models learn it.</summary>
public sealed class ObjectiveTests() : EngineTest(threads: 1)
{
    static Example Row(params float[] targets) => new([2, 3], null, -1, 0) { Targets = targets };

    static Tensor Logits(params double[] values) => Tensor.From(values, 2, values.Length / 2);

    static double Softplus(double x) => Math.Log(1 + Math.Exp(x));

    [Fact]
    public void Several_labels_are_as_many_questions_with_yes_or_no()
    {
        Example[] rows = [Row(1, 0), Row(0, 1)];
        var objective = new MultipleLabels();
        Assert.Equal(4, objective.Weight(rows));
        Assert.Equal(Softplus(-2) + Softplus(-1) + Softplus(0.5) + Softplus(-3), objective.Loss(Logits(2, -1, 0.5, 3), rows).Item(), 1e-6);
        var predictions = objective.Predict(Logits(2, -1, 0.5, 3)).ToArray<double>();
        Assert.Equal(1 / (1 + Math.Exp(-2)), predictions[0], 1e-12);
        var scores = objective.Judge(predictions, rows);                          // flags 1 0 and 1 1: the second row has one too many
        Assert.Equal(0.5, scores.Accuracy);
        Assert.Equal(((2.0 / 3) + 1) / 2, scores.MacroF1, 1e-12);
        Assert.Equal((Softplus(-2) + Softplus(-1) + Softplus(0.5) + Softplus(-3)) / 4, scores.Loss, 1e-9);
    }

    [Fact]
    public void Numbers_are_judged_by_squared_error()
    {
        Example[] rows = [Row(1.5f), Row(-2)];
        var objective = new Numbers();
        Assert.Equal(2, objective.Weight(rows));
        Assert.Equal(0.25 + 9, objective.Loss(Logits(2, 1), rows).Item(), 1e-12);
        var scores = objective.Judge(objective.Predict(Logits(2, 1)).ToArray<double>(), rows);
        Assert.Equal(4.625, scores.Loss, 1e-12);
        Assert.True(double.IsNaN(scores.Accuracy));
    }

    [Fact]
    public void Several_targets_share_an_encoder_and_add_up_their_losses()
    {
        Example[] rows = [Row(2, 0.5f), Row(0, -1)];
        var objective = new SeveralTargets([new("kind", AnswerKind.Class, ["x", "y", "z"]), new("size", AnswerKind.Number, [], 0.1)]);
        var logits = Logits(1, 2, 3, 0.7, 0, 0, 0, 1);
        var first = Math.Log(Math.Exp(1) + Math.Exp(2) + Math.Exp(3)) - 3;
        Assert.Equal(2, objective.Weight(rows));
        Assert.Equal(first + Math.Log(3) + (0.1 * (0.04 + 4)), objective.Loss(logits, rows).Item(), 1e-6);
        var scores = objective.Judge(objective.Predict(logits).ToArray<double>(), rows);
        Assert.Equal(((first + Math.Log(3)) / 2) + (0.1 * (0.04 + 4) / 2), scores.Loss, 1e-6);
        Assert.Equal(1, scores.Accuracy);
    }

    [Fact]
    public void Samples_of_dropout_are_averaged_by_every_loss()
    {
        Example[] rows = [Row(1, 0), Row(0, 1)];
        var (a, b) = (Logits(2, -1, 0.5, 3), Logits(-1, 0.3, 1, 2));
        foreach (var objective in new Objective[] { new MultipleLabels(), new Numbers(), new SeveralTargets([new("a", AnswerKind.Number, []), new("b", AnswerKind.Number, [])]) })
            Assert.Equal((objective.Loss(a, rows).Item() + objective.Loss(b, rows).Item()) / 2, objective.Loss(Tensor.Cat([a, b]), rows).Item(), 1e-9);
    }

    /// <summary>Texts whose first word decides a flag and whose second a number.</summary>
    static Example[] Texts(Func<int, int, float[]> targets) => [.. Enumerable.Range(0, 60).Select(i => new Example([2, 5 + (i % 2), 10 + (i % 3), 3], null, -1, i) { Targets = targets(i % 2, i % 3) })];

    static FitResult Fit(Objective objective, int outputs, Example[] rows)
    {
        using var model = Tiny.Model("electra", classes: outputs);
        var config = new TrainConfig { Batch = 20, Epochs = 60, LearningRate = 5e-3, Precision = Precision.Fp32 };
        return new Learner(model, config, 1, objective: objective).FitInTest(rows[..40], rows[40..]);
    }

    [Fact]
    public void Small_models_learn_labels_numbers_and_targets()
    {
        Assert.Equal(1, Fit(new MultipleLabels(), 2, Texts((a, b) => [a, b == 1 ? 1 : 0])).Best.Accuracy);
        Assert.True(Fit(new Numbers(), 1, Texts((a, b) => [a + (0.5f * b)])).Best.Loss < 0.01);
        var both = Fit(new SeveralTargets([new("first", AnswerKind.Class, ["x", "y"]), new("second", AnswerKind.Number, [])]), 3, Texts((a, b) => [a, 0.5f * b])).Best;
        Assert.True(both is { Accuracy: 1, Loss: < 0.05 });
    }
}
