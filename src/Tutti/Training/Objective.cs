using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What an evaluation of held-out rows says; a number is NaN where the objective has no such score.</summary>
public readonly record struct HeldOutScores(double Loss, double Accuracy, double MacroF1)
{
    /// <summary>Of several targets each one's, and what an objective of one's own measures beside; empty where there is nothing more to say.</summary>
    public IReadOnlyList<TargetScore> Targets { get => field ?? []; init; }
}

/// <summary>A score of held-out rows for the lines of progress.</summary>
/// <param name="Name">The target, or what is measured.</param>
/// <param name="Measure">accuracy, RMSE and the like; empty where the name says it.</param>
/// <param name="Value">NaN where no held-out row has the target.</param>
public sealed record TargetScore(string Name, string Measure, double Value)
{
    public override string ToString() => FormattableString.Invariant($"{Name}{(Measure.Length > 0 ? " " : "")}{Measure} {Value:0.0000}");
}

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
    /// <param name="answers">What is learnt.</param>
    /// <param name="config">Losses and balance; null for the usual ones, and where nothing is trained.</param>
    /// <param name="losses">Of each answer the loss of its own; null for the usual ones.</param>
    /// <param name="model">What is trained; a balance that is learnt needs it.</param>
    public static Objective Of(IReadOnlyList<Answer> answers, TrainConfig? config = null, IReadOnlyList<LossConfig?>? losses = null, Network? model = null)
    {
        var together = config?.Balance is null && losses?.Any(loss => loss is not null) != true;
        if (together && answers.All(answer => answer is { Kind: AnswerKind.Flag, Weight: 1 })) return new MultipleLabels(config?.Loss);
        if (together && answers.All(answer => answer is { Kind: AnswerKind.Number, Weight: 1 })) return new Numbers(answers);
        return new SeveralTargets(answers, losses, config?.LabelSmoothing ?? 0, model is null ? null : TargetBalance.Of(config?.Balance, answers, model));
    }

    /// <summary>Told of an update before the loss of its first part is asked for: what depends on the update as a whole is worked out here.</summary>
    internal virtual void Begin(IReadOnlyList<Example> update) { }

    /// <summary>The gradient of the part whose loss was asked for last is added; a part that broke is asked for again.</summary>
    internal virtual void Added() { }

    /// <summary>The update is done.</summary>
    internal virtual void Settle() { }

    /// <summary>Weights that belong to the objective and are trained with the model's.</summary>
    internal virtual IReadOnlyList<Parameter> Weights => [];

    /// <summary>The learning rate of a weight that has its own; null for that of its layer.</summary>
    internal virtual double? RateOf(Parameter weight) => null;

    /// <summary>What a resume point keeps of it; null for nothing.</summary>
    internal virtual JsonNode? State => null;

    /// <summary>Puts back what <see cref="State"/> was, in the update that is begun.</summary>
    internal virtual void Restore(JsonNode state) { }

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

    /// <summary>Outputs and targets, both without those that a row lacks (NaN) and as many times as the logits have samples of dropout: (n,K), or (present) where some are missing.</summary>
    protected static (Tensor Logits, Tensor Targets) Known(Tensor logits, IReadOnlyList<Example> part)
    {
        var (samples, k) = (Samples(logits, part.Count), (int)logits.Size(1));
        var values = new float[part.Count * k];
        for (var i = 0; i < part.Count; i++)
        {
            var targets = part[i].Targets ?? throw new ArgumentException($"example {part[i].Row} has no targets");
            if (targets.Length != k) throw new ArgumentException($"example {part[i].Row} has {targets.Length} targets; the model gives {k} numbers");
            targets.CopyTo(values, i * k);
        }
        float[] all = [.. Enumerable.Repeat(values, samples).SelectMany(x => x)];
        Tensor Targets(float[] known, params long[] shape) => Tensor.From<float>(known, shape, logits.Device).To(logits.DType);
        if (!values.Any(float.IsNaN)) return (logits, Targets(all, logits.Shape));
        long[] present = [.. Enumerable.Range(0, all.Length).Where(i => !float.IsNaN(all[i])).Select(i => (long)i)];
        return (logits.Reshape(-1).IndexSelect(0, Tensor.From<long>(present, [present.Length], logits.Device)), Targets([.. present.Select(i => all[i])], present.Length));
    }

    /// <summary>How many targets the examples have, the missing ones left out.</summary>
    protected static int Present(IReadOnlyList<Example> examples) => examples.Sum(example => example.Targets!.Count(value => !float.IsNaN(value)));
}
