using System.Text.Json.Nodes;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Several targets of the same rows, each a class, ordered levels, a flag or a number, whose outputs stand side by side: as many linear heads on one encoder. <see cref="Example.Targets"/> holds a
/// class's index, 1 or 0, or the number for each, NaN where a row lacks it: that row then adds nothing to the target's loss, gradient or scores. The loss of an update is the weighted sum of each target's
/// mean over the rows that have it, however the update is cut; <see cref="TargetBalance"/> may weigh further.
/// </summary>
/// <param name="targets">What is learnt.</param>
/// <param name="losses">Of each target the loss of its own; null for the usual ones.</param>
/// <param name="smoothing">Of the classes that are learnt by cross-entropy.</param>
/// <param name="balance">What weighs the targets beside their own weights; null for nothing.</param>
public sealed class SeveralTargets(IReadOnlyList<Answer> targets, IReadOnlyList<LossConfig?>? losses = null, double smoothing = 0, TargetBalance? balance = null) : Objective
{
    readonly Objective[] objectives = [.. targets.Select((target, t) => (target.Kind, Loss: losses?[t]) switch
    {
        (AnswerKind.Class, var loss) => (Objective)new SingleLabel(null, loss is null or { Kind: LossKind.CrossEntropy } ? smoothing : 0, loss),
        (AnswerKind.Ordinal, _) => new OrderedLevels(target.Classes.Count),
        (AnswerKind.Flag, var loss) => new MultipleLabels(loss),
        _ => new Numbers([target]),
    })];

    // Of the update that was begun: n over the rows that have the target, so that a sum over them, divided by n, is their mean.
    readonly double[] factors = [.. targets.Select(_ => 1.0)];
    int rows;

    public override double Weight(IReadOnlyList<Example> update) => update.Count;

    internal override void Begin(IReadOnlyList<Example> update)
    {
        rows = update.Count;
        for (var t = 0; t < factors.Length; t++) factors[t] = update.Count(example => Has(example, t)) is > 0 and var present ? update.Count / (double)present : 0;
        balance?.Begin();
    }

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        var samples = Samples(logits, part.Count);
        Tensor? sum = null;
        balance?.Part();
        foreach (var (t, at, of, present) in Parts(part))
        {
            if (of.Length == 0) continue;
            var own = logits.Narrow(1, at, targets[t].OutputCount);
            if (of.Length < part.Count)
            {
                long[] places = [.. Enumerable.Range(0, samples).SelectMany(sample => present.Select(row => ((long)sample * part.Count) + row))];
                own = own.IndexSelect(0, Tensor.From<long>(places, [places.Length], logits.Device));
            }
            var scale = targets[t].Weight * factors[t];
            var loss = objectives[t].Loss(own, of);
            if (balance is not null) loss = balance.Weighted(t, loss, of.Length, new(at, own, of, objectives[t], scale / Math.Max(1, rows)));
            sum = sum is null ? loss * scale : sum + (loss * scale);
        }
        return sum ?? logits.Narrow(1, 0, 1).Sum() * 0;         // rows without any target
    }

    public override Tensor Predict(Tensor logits)
    {
        var places = Answer.OutputPlaces(targets);
        return Tensor.Cat([.. targets.Select((target, t) => objectives[t].Predict(logits.Narrow(1, places[t], target.OutputCount)))], 1);
    }

    /// <summary>The sum of the losses by their stated weights, the mean accuracy and macro F1 of the targets with classes, and a score of each target.</summary>
    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var (width, places) = (predictions.Length / examples.Count, Answer.Places(targets));
        List<(double Share, HeldOutScores Scores)> all = [];
        List<TargetScore> each = [];
        foreach (var (t, _, of, present) in Parts(examples))
        {
            if (of.Length == 0)
            {
                each.Add(new(targets[t].Name, "", double.NaN));
                continue;
            }
            double[] own = [.. present.SelectMany(i => predictions[((i * width) + places[t])..((i * width) + places[t] + targets[t].Width)])];
            var scores = objectives[t].Judge(own, of);
            all.Add((targets[t].Weight, scores));
            each.Add(targets[t].Kind switch
            {
                AnswerKind.Number => new(targets[t].Name, "RMSE", Math.Sqrt(scores.Loss) * targets[t].Spread),
                AnswerKind.Ordinal => new(targets[t].Name, "levels off", OrderedLevels.MeanDistance(own, of)),
                _ => new(targets[t].Name, "accuracy", scores.Accuracy),
            });
        }
        double Mean(Func<HeldOutScores, double> score) => all.Select(item => score(item.Scores)).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
        return new(all.Count == 0 ? double.NaN : all.Sum(item => item.Share * item.Scores.Loss), Mean(scores => scores.Accuracy), Mean(scores => scores.MacroF1)) { Targets = [.. each, .. balance?.Scores(targets) ?? []] };
    }

    internal override void Added() => balance?.Added();
    internal override void Settle() => balance?.Settle();
    internal override IReadOnlyList<Parameter> Weights => balance?.Learnt is { } learnt ? [learnt] : [];
    internal override double? RateOf(Parameter weight) => ReferenceEquals(weight, balance?.Learnt) ? balance!.Rate : null;
    internal override JsonNode? State => balance?.State;
    internal override void Restore(JsonNode state) => balance?.Restore(state);

    static bool Has(Example example, int target) => !float.IsNaN(example.Targets![target]);

    /// <summary>Each target with the place of its outputs, the examples that have it as it sees them, and their places.</summary>
    IEnumerable<(int Target, int At, Example[] Examples, int[] Present)> Parts(IReadOnlyList<Example> examples)
    {
        var places = Answer.OutputPlaces(targets);
        for (var t = 0; t < targets.Count; t++)
        {
            int[] present = [.. Enumerable.Range(0, examples.Count).Where(i => Has(examples[i], t))];
            yield return (t, places[t], [.. present.Select(i => examples[i] with { Label = targets[t].HasClasses ? (int)examples[i].Targets![t] : -1, Targets = [examples[i].Targets![t]] })], present);
        }
    }
}
