using Tutti.Models;
using Tutti.Predictions;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Several targets that not every row has: what is missing counts for nothing, however an update is cut and whatever weighs the targets.</summary>
public sealed class SeveralTargetsTests() : EngineTest(threads: 1)
{
    const float None = float.NaN;

    static readonly Answer[] answers = [new("kind", AnswerKind.Class, ["x", "y", "z"]), new("size", AnswerKind.Number, [], 0.5) { Mean = 1, Spread = 2 }, new("good", AnswerKind.Flag, []), new("grade", AnswerKind.Ordinal, ["low", "mid", "high"], 2)];
    const int Outputs = 7;

    /// <summary>Texts whose ids say what is true of them; of each target a part is missing.</summary>
    static Example[] Rows(int count) => [.. SomeExamples.Of(count, classes: 3).Select((example, i) => example with
    {
        Targets = [i % 4 == 1 ? None : example.Label, i % 5 == 2 ? None : example.Label - 0.5f, i % 3 == 0 ? None : example.Label > 0 ? 1 : 0, i % 7 == 3 ? None : example.Label],
    })];

    static Tensor Logits(int rows, params double[] values) => Tensor.From(values, rows, values.Length / rows);

    [Fact]
    public void What_a_row_lacks_adds_nothing_to_loss_gradient_and_scores()
    {
        Example Row(int row, params float[] targets) => new([2, 3], null, -1, row) { Targets = targets };
        Answer[] two = [new("kind", AnswerKind.Class, ["x", "y"]), new("size", AnswerKind.Number, [], 0.1)];
        Example[] rows = [Row(0, 1, None), Row(1, None, 3), Row(2, 0, 2), Row(3, None, None)];
        var objective = new SeveralTargets(two);
        var logits = Logits(4, 1, 2, 9, /**/ 5, -5, 2, /**/ 0, 0, 1, /**/ 3, 3, 3).RequireGrad();
        objective.Begin(rows);
        var loss = objective.Loss(logits, rows) / objective.Weight(rows);
        // Of each target the mean over the rows that have it: log(1 + e^-1) and log 2; 1 and 1.
        Assert.Equal(((Math.Log(1 + Math.Exp(-1)) + Math.Log(2)) / 2) + (0.1 * (1 + 1) / 2), loss.Item(), 1e-12);
        loss.Backward();
        var slopes = logits.Grad!.ToArray<double>();
        Assert.Equal([2, 3, 4, 9, 10, 11], Enumerable.Range(0, 12).Where(i => slopes[i] == 0));
        logits.SetGrad(null);

        var scores = objective.Judge(objective.Predict(logits.Detach()).ToArray<double>(), rows);
        Assert.Equal(loss.Item(), scores.Loss, 1e-12);
        Assert.Equal(["kind accuracy 1.0000", "size RMSE 1.0000"], scores.Targets.Select(score => score.ToString()));
        Assert.Equal(["kind", "size NaN"], objective.Judge([0.3, 0.7, 4], [rows[0]]).Targets.Select(score => score.Value is double.NaN ? $"{score.Name} NaN" : score.Name));

        var labels = new MultipleLabels();
        Example[] some = [Row(0, 1, None), Row(1, None, 0), Row(2, 1, 1)];
        Assert.Equal(4, labels.Weight(some));
        Assert.Equal(Math.Log(1 + Math.Exp(-2)) + Math.Log(2) + (2 * Math.Log(1 + Math.Exp(-1))), labels.Loss(Logits(3, 2, 100, -100, 0, 1, 1), some).Item(), 1e-12);
        var judged = labels.Judge([0.9, 0.1, 0.1, 0.9, 0.9, 0.2], some);
        Assert.Equal((1 / 3.0, 0.5), (judged.Accuracy, judged.MacroF1));
        Assert.Equal(2 * 0.25, new Numbers().Loss(Logits(2, 1, 1, 1, 1), [Row(0, 0.5f, None), Row(1, None, 1.5f)]).Item(), 1e-12);
    }

    [Theory, InlineData(null, 1), InlineData(BalanceKind.Uncertainty, 1), InlineData(BalanceKind.GradientNorm, 1), InlineData(BalanceKind.Uncertainty, 3), InlineData(BalanceKind.GradientNorm, 3)]
    public void Loss_and_gradient_do_not_depend_on_the_cut(BalanceKind? kind, int samples)
    {
        var rows = Rows(23);
        (double Loss, double[] Gradients, double[] Weights) Of(IReadOnlyList<Example[]> parts)
        {
            var config = new TrainConfig { Balance = kind is { } balance ? new() { Kind = balance } : null, LabelSmoothing = 0.1 };
            var json = Tiny.Json(dropout: 0.1);
            json["tutti_dropout_samples"] = samples;
            using var model = ModelFolder.New(new ModelConfig(json, "test").WithLabels([.. Enumerable.Range(0, Outputs).Select(i => $"{i}")]), seed: 3, dtype: DType.Float64);
            var objective = Objective.Of(answers, config, [new() { Kind = LossKind.Focal }, null, new() { Kind = LossKind.Asymmetric }, null], model);
            var learner = new Learner(model, config, 5, objective: objective);
            var loss = learner.Gradients(parts, 3);
            objective.Settle();
            var weights = objective.Judge([.. Enumerable.Repeat(0.5, 8)], [rows[0]]).Targets.Where(score => score.Measure == "weight").Select(score => score.Value).ToArray();
            return (loss, [.. model.Params.Items.SelectMany(item => item.Value.Grad!.To(DType.Float64).ToArray<double>())], weights);
        }
        var whole = Of([rows]);
        Assert.Equal(kind is null ? 0 : 4, whole.Weights.Length);
        if (kind == BalanceKind.GradientNorm) Assert.True(whole.Weights.Max() > 1.2 && Math.Abs(whole.Weights.Average() - 1) < 1e-12, string.Join(' ', whole.Weights));
        foreach (var cut in (IReadOnlyList<Example[]>[])[[.. rows.Select(row => (Example[])[row])], [.. rows.Chunk(5)], [[.. rows.Reverse()]]])
        {
            var (loss, gradients, weights) = Of(cut);
            Assert.Equal(whole.Loss, loss, 1e-10);
            Assert.All(whole.Gradients.Zip(gradients), pair => Assert.Equal(pair.First, pair.Second, 1e-11));
            Assert.All(whole.Weights.Zip(weights), pair => Assert.Equal(pair.First, pair.Second, 1e-7));
        }
    }

    [Fact]
    public void Learnt_variances_are_the_papers_loss()
    {
        using var model = Tiny.Model(classes: 4, dtype: DType.Float64);
        Answer[] two = [new("kind", AnswerKind.Class, ["x", "y", "z"]), new("size", AnswerKind.Number, [])];
        var objective = Objective.Of(two, new() { Balance = BalanceKind.Uncertainty }, null, model);
        var s = Assert.Single(objective.Weights);
        Assert.Equal((0.01, "targets.log_variances", false), (objective.RateOf(s), s.Name, s.Decay));
        using (Modes.NoGrad()) s.Stored.CopyFrom(Tensor.From<double>([0.3, -0.7], [2]));
        Example[] rows = [new([2, 3], null, -1, 0) { Targets = [1, 2] }, new([2, 3], null, -1, 1) { Targets = [0, None] }];
        objective.Begin(rows);
        var loss = objective.Loss(Logits(2, 0, 0, 0, 5, 0, 0, 0, 5), rows) / objective.Weight(rows);
        Assert.Equal((Math.Exp(-0.3) * Math.Log(3)) + 0.15 + (Math.Exp(0.7) * 9 / 2) - 0.35, loss.Item(), 1e-12);
        loss.Backward();
        var slopes = s.Stored.Grad!.ToArray<double>();
        Assert.Equal(0.5 - (Math.Exp(-0.3) * Math.Log(3)), slopes[0], 1e-12);
        Assert.Equal(0.5 - (Math.Exp(0.7) * 9 / 2), slopes[1], 1e-12);
        s.Stored.SetGrad(null);
        objective.Begin(rows[1..]);                                                // without a number in the whole update its variance learns nothing
        objective.Loss(Logits(1, 0, 0, 0, 5), rows[1..]).Backward();
        Assert.Equal(0, s.Stored.Grad!.ToArray<double>()[1]);
        s.Stored.SetGrad(null);
    }

    [Fact]
    public void Even_gradients_weigh_targets_by_pace_over_the_gradient_at_their_heads()
    {
        using var model = Tiny.Model(classes: 2, dtype: DType.Float64);
        var head = model.Params.Items.Last(item => item.Stored.Shape is [2, _]).Value.ToArray<double>();
        double Norm(int row) => Math.Sqrt(head[(row * head.Length / 2)..((row + 1) * head.Length / 2)].Sum(w => w * w));
        Answer[] two = [new("a", AnswerKind.Number, []), new("b", AnswerKind.Number, [], 3)];
        var objective = Objective.Of(two, new() { Balance = new BalanceConfig { Kind = BalanceKind.GradientNorm, Alpha = 0.5 } }, null, model);
        Example[] rows = [new([2, 3], null, -1, 0) { Targets = [0, 0] }, new([2, 3], null, -1, 1) { Targets = [0, None] }];
        double[] Update(double a, double b)
        {
            objective.Begin(rows);
            _ = objective.Loss(Logits(2, 50, 50, 50, 50), rows);                   // broke, and is computed again
            _ = objective.Loss(Logits(2, a, b, a, 7), rows);
            objective.Added();
            objective.Settle();
            return [.. objective.Judge([0, 0], rows[..1]).Targets.Where(score => score.Measure == "weight").Select(score => score.Value)];
        }
        // Squared errors: a has two rows of slope 2a/2, b one of 3 * 2b.
        double GradientA(double a) => Math.Sqrt(2) * a * Norm(0);
        double GradientB(double b) => 6 * b * Norm(1);
        var first = Update(2, 1);
        var mean = ((1 / GradientA(2)) + (1 / GradientB(1))) / 2;
        Assert.Equal(1 / GradientA(2) / mean, first[0], 1e-6);
        Assert.Equal(1 / GradientB(1) / mean, first[1], 1e-6);
        var second = Update(1, 1);                                                 // a has learnt: its loss fell from 4 to 1, averaged to 3.7
        var (pace, still) = (3.7 / 4, 1.0);
        var (wa, wb) = (Math.Sqrt(pace / ((pace + still) / 2)) / ((0.9 * GradientA(2)) + (0.1 * GradientA(1))), Math.Sqrt(still / ((pace + still) / 2)) / GradientB(1));
        Assert.Equal(wa / ((wa + wb) / 2), second[0], 1e-6);
        Assert.Equal(wb / ((wa + wb) / 2), second[1], 1e-6);
    }

    [Fact]
    public void Ordered_levels_have_probabilities_that_follow_from_falling_log_odds()
    {
        var objective = new OrderedLevels(4);
        var random = RandomStream.Of(3, "levels");
        var outputs = Logits(50, [.. Enumerable.Range(0, 150).Select(i => 4 * random.Normal(i))]);
        var p = objective.Predict(outputs).ToArray<double>();
        Assert.All(p.Chunk(4), row => Assert.True(row.All(value => value >= 0) && Math.Abs(row.Sum() - 1) < 1e-12));

        static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
        static double Softplus(double x) => Math.Log(1 + Math.Exp(x));
        var (a0, a1) = (0.4, 0.4 - Softplus(1.5));
        var three = new OrderedLevels(3);
        var own = three.Predict(Logits(1, 0.4, 1.5)).ToArray<double>();
        Assert.All(own.Zip([1 - Sigmoid(a0), Sigmoid(a0) - Sigmoid(a1), Sigmoid(a1)]), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Example Level(int level) => new([2], null, level, 0);
        foreach (var (level, loss) in new[] { (0, Softplus(a0) + Softplus(a1)), (1, Softplus(-a0) + Softplus(a1)), (2, Softplus(-a0) + Softplus(-a1)) })
            Assert.Equal(loss, three.Loss(Logits(1, 0.4, 1.5), [Level(level)]).Item(), 1e-12);
        Assert.All(new OrderedLevels(2).Predict(Logits(1, 0.4)).ToArray<double>().Zip([Sigmoid(-0.4), Sigmoid(0.4)]), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    [Fact]
    public void Classes_by_yes_or_no_are_shares_of_their_probabilities()
    {
        var objective = new SingleLabel(loss: LossKind.Binary);
        double[] p = [.. ((double[])[2, -1, 0.5]).Select(x => 1 / (1 + Math.Exp(-x)))];
        Assert.All(objective.Predict(Logits(1, 2, -1, 0.5)).ToArray<double>().Zip(p), pair => Assert.Equal(pair.Second / p.Sum(), pair.First, 1e-12));
        Assert.Equal(-(Math.Log(1 - p[0]) + Math.Log(p[1]) + Math.Log(1 - p[2])) / 3, objective.Loss(Logits(1, 2, -1, 0.5), [new([2], null, 1, 0)]).Item(), 1e-12);
    }

    [Theory, InlineData(null), InlineData(BalanceKind.Uncertainty), InlineData(BalanceKind.GradientNorm)]
    public void A_small_model_learns_all_targets_and_goes_on_as_if_it_had_not_been_cancelled(BalanceKind? kind)
    {
        using var temp = Shared.Temp();
        var rows = Rows(90);
        var config = new TrainConfig { Batch = 12, Epochs = 12, LearningRate = 0.01, MicroTokens = 40, Balance = kind is { } balance ? new() { Kind = balance } : null, BestBy = BestBy.Last };
        (string Weights, FitResult? Result) Fit(string name, int? stopAt)
        {
            using var source = new CancellationTokenSource();
            var passes = -1;
            using var model = new CountedModel(Tiny.Model(classes: Outputs, dropout: 0.05), () =>
            {
                if (passes >= 0 && ++passes == stopAt) source.Cancel();
            });
            var store = new FitStore(new ResumeFolder(temp.File(name)), TimeSpan.FromHours(1), []);
            var progress = new FitProgress(Plans: new Planned(() => passes = 0));
            try
            {
                var result = new Learner(model, config, 5, store: store, objective: Objective.Of(answers, config, null, model)).Fit(rows[..70], rows[70..], progress, source.Token);
                return (string.Join(' ', model.Params.Items.Select(item => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(item.Value.ToArray<float>()))))), result);
            }
            catch (OperationCanceledException)
            {
                return ("", null);
            }
        }
        var whole = Fit("whole", null);
        Assert.True(whole.Result!.Best.Accuracy > 0.9, $"{whole.Result.Best}: {string.Join("; ", whole.Result.Best.Targets)}");
        if (kind is not null) Assert.Contains(whole.Result.Best.Targets, score => score.Measure == "weight" && Math.Abs(score.Value - 1) > 0.01);
        foreach (var at in (int[])[3, 50, 111])
        {
            Assert.Null(Fit($"cut {at}", at).Result);
            var (weights, result) = Fit($"cut {at}", null);
            Assert.Equal(whole.Weights, weights);
            Assert.Equal(whole.Result.Best.Targets, result!.Best.Targets);
        }
    }

    sealed class Planned(Action then) : IProgress<MemoryReport>
    {
        public void Report(MemoryReport value) => then();
    }
}
