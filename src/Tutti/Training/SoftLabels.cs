using Tutti.Evaluation;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// One of K classes per row, learnt from probabilities: cross-entropy against <see cref="Example.Targets"/>, mixed with that of the label where a row has both (Hinton et al. 2015,
/// "Distilling the knowledge in a neural network": the probabilities and the model's own compared at a temperature, that part times its square, so that its gradient keeps its size).
/// A row without targets is learnt from its label, as <see cref="SingleLabel"/> would; one without a label from its targets. <see cref="Example.Share"/> weighs rows.
/// </summary>
/// <param name="classWeights">The weight of each class, or null for 1 each.</param>
/// <param name="smoothing">The share of a label that is spread over all classes; targets stay as they are.</param>
/// <param name="alpha">The label's part where a row has targets too.</param>
/// <param name="temperature">Above 1 the lesser probabilities tell more.</param>
public sealed class SoftLabels(double[]? classWeights = null, double smoothing = 0, double alpha = 0, double temperature = 1) : Objective
{
    readonly SingleLabel labels = new();

    public override double Weight(IReadOnlyList<Example> update)
    {
        var sum = 0.0;
        foreach (var example in update)
        {
            var hard = Hard(example);
            if (hard > 0) sum += example.Share * hard * WeightOf(example.Label);
            if (hard < 1) sum += example.Share * (1 - hard) * Softened(example).Select((p, c) => p * WeightOf(c)).Sum();
        }
        return sum;
    }

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        var (samples, k) = (Samples(logits, part.Count), (int)logits.Size(1));
        var (given, taught) = (new float[part.Count * k], new float[part.Count * k]);
        for (var i = 0; i < part.Count; i++)
        {
            var hard = Hard(part[i]);
            for (var c = 0; hard > 0 && c < k; c++)
                given[(i * k) + c] = (float)(part[i].Share * hard * WeightOf(c) * (((1 - smoothing) * (c == part[i].Label ? 1 : 0)) + (smoothing / k)));
            if (hard == 1) continue;
            var targets = Softened(part[i]);
            if (targets.Length != k) throw new ArgumentException($"example {part[i].Row} has {targets.Length} targets; the model gives {k} numbers");
            for (var c = 0; c < k; c++) taught[(i * k) + c] = (float)(part[i].Share * (1 - hard) * temperature * temperature * WeightOf(c) * targets[c]);
        }
        if (temperature == 1) given = [.. given.Zip(taught, (a, b) => a + b)];
        var loss = CrossEntropy(logits, given, samples);
        if (temperature != 1) loss += CrossEntropy(logits / temperature, taught, samples);
        return samples == 1 ? loss : loss / samples;
    }

    public override Tensor Predict(Tensor logits) => labels.Predict(logits);

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples) => labels.Judge(predictions, examples);

    /// <summary>The label's part of an example.</summary>
    double Hard(Example example) => example.Targets is null ? 1 : example.Label < 0 ? 0 : alpha;

    double[] Softened(Example example)
    {
        double[] targets = [.. example.Targets!.Select(p => (double)p)];
        return temperature == 1 ? targets : Temperature.Apply(targets, targets.Length, temperature);
    }

    double WeightOf(int c) => classWeights?[c] ?? 1;

    /// <summary>Minus the sum of targets times logarithms of the probabilities; the targets of a row need not sum to 1.</summary>
    static Tensor CrossEntropy(Tensor logits, float[] targets, int samples)
    {
        const int sum = 2;
        return logits.CrossEntropy(Tensor.From<float>([.. Enumerable.Repeat(targets, samples).SelectMany(x => x)], logits.Shape, logits.Device).To(logits.DType), null, sum, 0);
    }
}
