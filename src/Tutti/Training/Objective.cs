using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What an evaluation of held-out rows says; a number is NaN where the objective has no such score.</summary>
public readonly record struct HeldOutScores(double Loss, double Accuracy, double MacroF1);

/// <summary>
/// What a model is to learn of its examples: the loss of its numbers, what that loss is divided by, and what the numbers mean. K numbers per row; where a head computes
/// several samples of its dropout, (samples x n, K), sample after sample, and the loss is their mean.
/// </summary>
public abstract class Objective
{
    /// <summary>The divisor of an update: the true weight of its examples.</summary>
    public abstract double Weight(IReadOnlyList<Example> update);

    /// <summary>The summed loss of a micro-batch, to be divided by the weight of its whole update.</summary>
    public abstract Tensor Loss(Tensor logits, IReadOnlyList<Example> part);

    /// <summary>The same from the model's forward pass on.</summary>
    /// <param name="batch">The part, as the model reads it.</param>
    /// <param name="wide">Logits are brought to float32 first, as under autocast.</param>
    /// <param name="observe">Sees the embeddings' output and every layer's; may be null.</param>
    internal virtual Tensor Loss(Network model, InputBatch batch, IReadOnlyList<Example> part, bool wide, Action<Tensor>? observe)
    {
        var logits = model.Logits(batch, observe);
        return Loss(wide ? logits.To(DType.Float32) : logits, part);
    }

    /// <summary>Predictions (n,K) in float64: probabilities, or values.</summary>
    public abstract Tensor Predict(Tensor logits);

    /// <summary>Scores of the predictions (n*K) of labelled rows.</summary>
    public abstract HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples);

    /// <summary>What is to be learnt of answers: labels together, numbers together, or several kinds side by side with their weights.</summary>
    public static Objective Of(IReadOnlyList<Answer> answers) =>
        answers.All(answer => answer is { Kind: AnswerKind.Flag, Weight: 1 }) ? new MultipleLabels() : answers.All(answer => answer is { Kind: AnswerKind.Number, Weight: 1 }) ? new Numbers(answers) : new SeveralTargets(answers);

    /// <summary>Which examples form which update.</summary>
    public virtual UpdateOrder Order(IReadOnlyList<Example> train, TrainConfig config, long seed) => new ShuffledRows(train, config.Batch, seed);

    /// <summary>Examples as an epoch sees them; epoch 0 is that of evaluations.</summary>
    public virtual IReadOnlyList<Example> Prepared(IReadOnlyList<Example> examples, int epoch) => examples.Any(example => example.Picture is not null) ? [.. examples.Select(example => example with { Epoch = epoch })] : examples;

    /// <summary>Numbers that the head and the loss keep of an example, where they are many beside those of a layer: for an estimate of which micro-batch is the largest.</summary>
    internal virtual double HeadNumbers(Example example, Network model) => 0;

    /// <summary>Predicts held-out rows and scores them.</summary>
    internal virtual HeldOutScores Evaluate(Network model, IReadOnlyList<Example> examples, Precision precision, int tokens, CancellationToken cancel) =>
        Judge(Predictor.Values(model, examples, (logits, _) => Predict(logits).ToArray<double>(), precision, tokens, cancel), examples);

    /// <summary>The samples of dropout that logits hold of so many rows.</summary>
    protected static int Samples(Tensor logits, int rows) => (int)(logits.Size(0) / rows);

    /// <summary>The targets of all rows, (n,K), once for every sample, as the logits are.</summary>
    protected static Tensor Targets(Tensor logits, IReadOnlyList<Example> part)
    {
        var (samples, k) = (Samples(logits, part.Count), (int)logits.Size(1));
        var values = new float[part.Count * k];
        for (var i = 0; i < part.Count; i++)
        {
            var targets = part[i].Targets ?? throw new ArgumentException($"example {part[i].Row} has no targets");
            if (targets.Length != k) throw new ArgumentException($"example {part[i].Row} has {targets.Length} targets; the model gives {k} numbers");
            targets.CopyTo(values, i * k);
        }
        return Tensor.From<float>([.. Enumerable.Repeat(values, samples).SelectMany(x => x)], logits.Shape, logits.Device).To(logits.DType);
    }
}

/// <summary>One of K classes per row: cross-entropy.</summary>
/// <param name="classWeights">The weight of each class, or null for 1 each.</param>
/// <param name="smoothing">The share of the target that is spread over all classes.</param>
public sealed class SingleLabel(double[]? classWeights = null, double smoothing = 0) : Objective
{
    public override double Weight(IReadOnlyList<Example> update) => Losses.Weight([.. update.Select(example => example.Label)], classWeights);

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        var samples = Samples(logits, part.Count);
        var targets = Tensor.From<long>([.. Enumerable.Repeat(part.Select(example => (long)example.Label), samples).SelectMany(x => x)], [logits.Size(0)], logits.Device);
        var weights = classWeights is null ? null : Tensor.From<double>(classWeights, [classWeights.Length], logits.Device).To(logits.DType);    // does not wait for the device
        var loss = Losses.CrossEntropy(logits, targets, weights, smoothing);
        return samples == 1 ? loss : loss / samples;
    }

    // Softmax in double: rows then sum to 1 as closely as a file can say.
    public override Tensor Predict(Tensor logits) => logits.To(DType.Float64).Softmax(-1);

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var classes = predictions.Length / examples.Count;
        var truth = examples.Select(example => example.Label).ToArray();
        var predicted = Enumerable.Range(0, examples.Count).Select(i => PredictionSet.ArgMax(predictions.AsSpan(i * classes, classes))).ToArray();
        var matrix = new ConfusionMatrix(truth, predicted, classes);
        return new(Metrics.LogLoss(predictions, truth), Metrics.Accuracy(matrix), Metrics.F1MacroOfPresent(matrix));
    }
}

/// <summary>Any of K labels per row: binary cross-entropy, the mean over rows and labels. Targets are 0 or 1. The accuracy is the share of rows with all labels right.</summary>
public sealed class MultipleLabels : Objective
{
    public override double Weight(IReadOnlyList<Example> update) => update.Sum(example => example.Targets!.Length);

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part) => Losses.BinaryCrossEntropy(logits, Targets(logits, part)) / Samples(logits, part.Count);

    public override Tensor Predict(Tensor logits) => logits.To(DType.Float64).Sigmoid();

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var labels = predictions.Length / examples.Count;
        bool[] truth = [.. examples.SelectMany(example => example.Targets!.Select(target => target >= 0.5f))];
        var predicted = MultiLabel.Threshold(predictions);
        return new(MultiLabel.LogLoss(predictions, truth, 1e-15), MultiLabel.ExactMatch(truth, predicted, labels), MultiLabel.PerLabel(truth, predicted, labels).Macro.F);
    }
}

/// <summary>K numbers per row: the mean squared error of (value - mean) / spread, which is what the model gives. There is no accuracy.</summary>
/// <param name="answers">The numbers' means and spreads; null: 0 and 1.</param>
public sealed class Numbers(IReadOnlyList<Answer>? answers = null) : Objective
{
    public override double Weight(IReadOnlyList<Example> update) => update.Sum(example => example.Targets!.Length);

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part) => Losses.SquaredError(logits, Targets(logits, answers is null ? part : [.. part.Select(Scaled)])) / Samples(logits, part.Count);

    public override Tensor Predict(Tensor logits)
    {
        var outputs = logits.To(DType.Float64);
        if (answers is null) return outputs;
        Tensor Row(Func<Answer, double> of) => Tensor.From<double>([.. answers.Select(of)], [answers.Count], logits.Device);
        return (outputs * Row(answer => answer.Spread)) + Row(answer => answer.Mean);
    }

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var k = predictions.Length / examples.Count;
        double Scale(double value, int at) => answers is null ? value : (value - answers[at % k].Mean) / answers[at % k].Spread;
        return new(Regression.MeanSquaredError([.. examples.SelectMany(example => example.Targets!).Select((target, at) => Scale(target, at))], [.. predictions.Select(Scale)]), double.NaN, double.NaN);
    }

    Example Scaled(Example example) => example with { Targets = [.. example.Targets!.Select((value, k) => (float)((value - answers![k].Mean) / answers[k].Spread))] };
}

/// <summary>
/// Several targets of the same rows, each a class, a flag or a number, whose outputs stand side by side: as many linear heads on one encoder. The loss is the weighted sum of each target's mean, and
/// <see cref="Example.Targets"/> holds a class's index, 1 or 0, or the number for each.
/// </summary>
public sealed class SeveralTargets(IReadOnlyList<Answer> targets) : Objective
{
    readonly Objective[] objectives = [.. targets.Select(target => target.Kind switch
    {
        AnswerKind.Class => (Objective)new SingleLabel(),
        AnswerKind.Flag => new MultipleLabels(),
        _ => new Numbers([target]),
    })];

    public override double Weight(IReadOnlyList<Example> update) => update.Count;

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        Tensor? sum = null;
        foreach (var (target, objective, at, of) in Parts(part))
        {
            var loss = objective.Loss(logits.Narrow(1, at, target.Width), of) * target.Weight;
            sum = sum is null ? loss : sum + loss;
        }
        return sum!;
    }

    public override Tensor Predict(Tensor logits)
    {
        var places = Answer.Places(targets);
        return Tensor.Cat([.. targets.Select((target, t) => objectives[t].Predict(logits.Narrow(1, places[t], target.Width)))], 1);
    }

    /// <summary>The weighted sum of the losses, the mean accuracy and macro F1 of the targets with classes.</summary>
    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var width = predictions.Length / examples.Count;
        List<(double Share, HeldOutScores Scores)> all = [];
        foreach (var (target, objective, at, of) in Parts(examples))
            all.Add((target.Weight, objective.Judge([.. Enumerable.Range(0, examples.Count).SelectMany(i => predictions[((i * width) + at)..((i * width) + at + target.Width)])], of)));
        double Mean(Func<HeldOutScores, double> score) => all.Select(item => score(item.Scores)).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
        return new(all.Sum(item => item.Share * item.Scores.Loss), Mean(scores => scores.Accuracy), Mean(scores => scores.MacroF1));
    }

    /// <summary>Each target with the place of its outputs, and the examples as it sees them.</summary>
    IEnumerable<(Answer Target, Objective Objective, int At, Example[] Examples)> Parts(IReadOnlyList<Example> examples)
    {
        var places = Answer.Places(targets);
        for (var t = 0; t < targets.Count; t++)
            yield return (targets[t], objectives[t], places[t], [.. examples.Select(example => example with { Label = targets[t].Kind == AnswerKind.Class ? (int)example.Targets![t] : -1, Targets = [example.Targets![t]] })]);
    }
}
