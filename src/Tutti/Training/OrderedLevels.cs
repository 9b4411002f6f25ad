using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// One of K levels per row that have an order: a cumulative link model (McCullagh 1980). From K-1 outputs o of a row come the log-odds of being above each level but the last,
/// a_0 = o_0 and a_k = a_(k-1) - softplus(o_k), which fall from level to level, so that no level's probability sigmoid(a_(k-1)) - sigmoid(a_k) is below 0. The loss is that of CORAL (Cao, Mirjalili and
/// Raschka 2020, "Rank consistent ordinal regression"): the sum of the K-1 binary cross-entropies of "is above level k". Other than there, what stands between two levels may depend on the row.
/// </summary>
/// <param name="levels">K.</param>
public sealed class OrderedLevels(int levels) : Objective
{
    public override double Weight(IReadOnlyList<Example> update) => update.Count;

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        if (logits.Size(1) != levels - 1) throw new ArgumentException($"the model gives {logits.Size(1)} numbers for {levels} ordered levels; expected one less");
        var samples = Samples(logits, part.Count);
        float[] above = [.. Enumerable.Repeat(part.SelectMany(example => Enumerable.Range(0, levels - 1).Select(level => example.Label > level ? 1f : 0)), samples).SelectMany(x => x)];
        return Losses.BinaryCrossEntropy(LogOdds(logits), Tensor.From<float>(above, logits.Shape, logits.Device).To(logits.DType)) / samples;
    }

    /// <summary>(n,K) probabilities of the levels.</summary>
    public override Tensor Predict(Tensor logits)
    {
        var a = LogOdds(logits.To(DType.Float64));
        var (above, notAbove) = (a.Sigmoid(), (-a).Sigmoid());
        if (levels == 2) return Tensor.Cat([notAbove, above], 1);
        var (k, last) = (levels - 2, levels - 2L);
        return Tensor.Cat([notAbove.Narrow(1, 0, 1), above.Narrow(1, 0, k) - above.Narrow(1, 1, k), above.Narrow(1, last, 1)], 1);
    }

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples) => new SingleLabel().Judge(predictions, examples);

    /// <summary>How many levels the predictions are off, on average.</summary>
    internal static double MeanDistance(double[] predictions, IReadOnlyList<Example> examples)
    {
        var k = predictions.Length / examples.Count;
        return examples.Select((example, i) => Math.Abs(example.Label - PredictionSet.ArgMax(predictions.AsSpan(i * k, k)))).Average();
    }

    /// <summary>(n,K-1), never rising along a row.</summary>
    static Tensor LogOdds(Tensor outputs)
    {
        var k = outputs.Size(1);
        if (k == 1) return outputs;
        var first = outputs.Narrow(1, 0, 1);
        return Tensor.Cat([first, first - outputs.Narrow(1, 1, k - 1).LogOnePlusExp().CumulativeSum(1)], 1);
    }
}
