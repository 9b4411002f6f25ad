using Tutti.Evaluation;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Any of K labels per row: binary cross-entropy unless another loss is named, the mean over rows and labels. Targets are 0 or 1, NaN where it is not known. The accuracy is the share of rows with all
/// (known) labels right. Held-out rows are judged by the binary cross-entropy whatever the loss.
/// </summary>
/// <param name="loss">Another loss; null for binary cross-entropy.</param>
public sealed class MultipleLabels(LossConfig? loss = null) : Objective
{
    public override double Weight(IReadOnlyList<Example> update) => Present(update);

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        var (known, targets) = Known(logits, part);
        var sum = loss?.Kind switch
        {
            null or LossKind.Binary => Losses.BinaryCrossEntropy(known, targets),
            LossKind.Focal => Losses.BinaryFocal(known, targets, loss.Power, loss.Alpha),
            LossKind.Asymmetric when loss.Sides is var (negative, positive, clip) => Losses.Asymmetric(known, targets, negative, positive, clip),
            _ => throw new ArgumentException($"loss {LossConfig.Name(loss.Kind)} is not for labels of which a row may have several"),
        };
        return sum / Samples(logits, part.Count);
    }

    public override Tensor Predict(Tensor logits) => logits.To(DType.Float64).Sigmoid();

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var labels = predictions.Length / examples.Count;
        float[] targets = [.. examples.SelectMany(example => example.Targets!)];
        bool[] truth = [.. targets.Select(target => target >= 0.5f)];
        var predicted = MultiLabel.Threshold(predictions);
        if (!targets.Any(float.IsNaN)) return new(MultiLabel.LogLoss(predictions, truth, 1e-15), MultiLabel.ExactMatch(truth, predicted, labels), MultiLabel.PerLabel(truth, predicted, labels).Macro.F);

        int[] known = [.. Enumerable.Range(0, targets.Length).Where(i => !float.IsNaN(targets[i]))];
        if (known.Length == 0) return new(double.NaN, double.NaN, double.NaN);
        var right = known.GroupBy(i => i / labels).Select(row => row.All(i => truth[i] == predicted[i]) ? 1.0 : 0).Average();
        var f = known.GroupBy(i => i % labels).Average(label => MultiLabel.PerLabel([.. label.Select(i => truth[i])], [.. label.Select(i => predicted[i])], 1).Macro.F);
        return new(MultiLabel.LogLoss([.. known.Select(i => predictions[i])], [.. known.Select(i => truth[i])], 1e-15), right, f);
    }
}
