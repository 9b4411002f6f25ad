using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>A measure of one's own of held-out rows.</summary>
/// <param name="Name">As lines of progress call it.</param>
/// <param name="Of">From the predictions (n*K, row by row) and their examples.</param>
public sealed record OwnMetric(string Name, Func<double[], IReadOnlyList<Example>, double> Of);

/// <summary>Another objective with a loss or metrics of one's own: <c>new OwnObjective(new SingleLabel()) { Sum = (logits, part) => ..., Metrics = [new("...", ...)] }</c>.</summary>
/// <param name="like">What says everything else: how numbers become predictions, what an update weighs, how held-out rows are judged.</param>
public sealed class OwnObjective(Objective like) : Objective
{
    /// <summary>The summed loss of some examples, a tensor without axes, from logits (n,K). It is divided by the weight of the whole update, so that the mean does not depend on how memory cuts it. Null: the other objective's.</summary>
    public Func<Tensor, IReadOnlyList<Example>, Tensor>? Sum { get; init; }

    /// <summary>What one update is divided by; null: the other objective's.</summary>
    public Func<IReadOnlyList<Example>, double>? Divisor { get; init; }

    /// <summary>Measured in every evaluation beside what the other objective measures.</summary>
    public IReadOnlyList<OwnMetric> Metrics { get; init; } = [];

    /// <summary>Chooses the best checkpoint by the first of <see cref="Metrics"/>, the largest being the best: it takes the place of the accuracy, to go with <see cref="BestBy.Accuracy"/>.</summary>
    public bool BestByMetric { get; init; }

    public override double Weight(IReadOnlyList<Example> update) => Divisor?.Invoke(update) ?? like.Weight(update);
    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part) => Sum is null ? like.Loss(logits, part) : Sum(logits, part) / Samples(logits, part.Count);
    public override Tensor Predict(Tensor logits) => like.Predict(logits);

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var scores = like.Judge(predictions, examples);
        TargetScore[] own = [.. Metrics.Select(metric => new TargetScore(metric.Name, "", metric.Of(predictions, examples)))];
        return scores with { Accuracy = BestByMetric && own.Length > 0 ? own[0].Value : scores.Accuracy, Targets = [.. scores.Targets, .. own] };
    }

    public override UpdateOrder Order(IReadOnlyList<Example> train, TrainConfig config, long seed) => like.Order(train, config, seed);
    public override IReadOnlyList<Example> Prepared(IReadOnlyList<Example> examples, int epoch) => like.Prepared(examples, epoch);
    internal override double HeadNumbers(Example example, Network model) => like.HeadNumbers(example, model);
    internal override void Begin(IReadOnlyList<Example> update) => like.Begin(update);
    internal override void Added() => like.Added();
    internal override void Settle() => like.Settle();
    internal override IReadOnlyList<Parameter> Weights => like.Weights;
    internal override double? RateOf(Parameter weight) => like.RateOf(weight);
    internal override JsonNode? State => like.State;
    internal override void Restore(JsonNode state) => like.Restore(state);
}
