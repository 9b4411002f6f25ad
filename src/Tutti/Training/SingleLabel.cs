using Tutti.Evaluation;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>One of K classes per row: cross-entropy, unless another loss is named. Held-out rows are judged by the cross-entropy whatever the loss, so that losses can be compared.</summary>
/// <param name="classWeights">The weight of each class, or null for 1 each.</param>
/// <param name="smoothing">The share of the target that is spread over all classes.</param>
/// <param name="loss">Another loss; null for cross-entropy. With binary every class is asked for by yes or no, and the probabilities are those of yes over their sum.</param>
public sealed class SingleLabel(double[]? classWeights = null, double smoothing = 0, LossConfig? loss = null) : Objective
{
    LossKind Kind => loss?.Kind ?? LossKind.CrossEntropy;

    public override double Weight(IReadOnlyList<Example> update) => Losses.Weight([.. update.Select(example => example.Label)], classWeights);

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        var samples = Samples(logits, part.Count);
        long[] labels = [.. Enumerable.Repeat(part.Select(example => (long)example.Label), samples).SelectMany(x => x)];
        var sum = Kind switch
        {
            LossKind.CrossEntropy => Losses.CrossEntropy(logits, Targets(), ClassWeights(), smoothing),
            LossKind.Focal => Losses.Focal(logits, Targets(), loss!.Power, ClassWeights()),
            // The mean over the classes, so that a row weighs 1 as with the others.
            LossKind.Binary => Losses.BinaryCrossEntropy(logits, OneHot()) / logits.Size(1),
            _ => throw new ArgumentException($"loss {LossConfig.Name(Kind)} is not for one class per row"),
        };
        return samples == 1 ? sum : sum / samples;

        Tensor Targets() => Tensor.From<long>(labels, [labels.Length], logits.Device);
        Tensor? ClassWeights() => classWeights is null ? null : Tensor.From<double>(classWeights, [classWeights.Length], logits.Device).To(logits.DType);    // does not wait for the device
        Tensor OneHot()
        {
            var k = (int)logits.Size(1);
            var ones = new float[labels.Length * k];
            for (var i = 0; i < labels.Length; i++) ones[(i * k) + labels[i]] = 1;
            return Tensor.From<float>(ones, logits.Shape, logits.Device).To(logits.DType);
        }
    }

    // Softmax in double: rows then sum to 1 as closely as a file can say.
    public override Tensor Predict(Tensor logits)
    {
        if (Kind != LossKind.Binary) return logits.To(DType.Float64).Softmax(-1);
        // p_k / sum p, as a softmax of log p: where all are next to 0 none is lost.
        return (-(-logits.To(DType.Float64)).LogOnePlusExp()).Softmax(-1);
    }

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var classes = predictions.Length / examples.Count;
        var truth = examples.Select(example => example.Label).ToArray();
        var predicted = Enumerable.Range(0, examples.Count).Select(i => PredictionSet.ArgMax(predictions.AsSpan(i * classes, classes))).ToArray();
        var matrix = new ConfusionMatrix(truth, predicted, classes);
        return new(Metrics.LogLoss(predictions, truth), Metrics.Accuracy(matrix), Metrics.F1MacroOfPresent(matrix));
    }
}
