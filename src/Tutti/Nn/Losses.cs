using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Losses as sums, with the weight they are to be divided by. One update has one divisor: the sum of the weights over all its micro-batches,
/// so the gradient does not depend on how the batch was cut.
/// </summary>
public static class Losses
{
    const int SumReduction = 2;

    /// <summary>Sum of the cross-entropies of logits (n,K) with class targets (n). Divide by the sum of the targets' class weights (torch's mean).</summary>
    /// <param name="logits">(n,K).</param>
    /// <param name="targets">(n) int64.</param>
    /// <param name="classWeights">(K), or null for 1 each.</param>
    /// <param name="smoothing">Label smoothing from 0 to 1 (Szegedy et al. 2016, as torch.nn.functional.cross_entropy).</param>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets, Tensor? classWeights = null, double smoothing = 0) =>
        logits.CrossEntropy(targets, classWeights, SumReduction, smoothing);

    /// <summary>
    /// Sum of the cross-entropies of a linear layer's logits x W^T + b, as a language model has them for every word. On the CPU the logits (T,K) never exist as a whole, and their gradients are
    /// made in the forward pass. Divide by T.
    /// </summary>
    /// <param name="x">(T,C).</param>
    /// <param name="weight">(K,C), such as the table of a model with tied weights.</param>
    /// <param name="bias">(K), or null for none.</param>
    /// <param name="targets">(T) int64 from 0 to below K.</param>
    public static Tensor LinearCrossEntropy(Tensor x, Tensor weight, Tensor? bias, Tensor targets) => x.Device.IsCpu && weight.DType == DType.Float32
        ? x.LinearCrossEntropy(weight, bias ?? Tensor.Zeros([weight.Size(0)]), targets)
        : CrossEntropy(x.Linear(weight, bias), targets);

    /// <summary>The divisor of <see cref="CrossEntropy"/>: the sum of the class weights of the targets.</summary>
    public static double Weight(ReadOnlySpan<int> targets, double[]? classWeights)
    {
        if (classWeights is null) return targets.Length;
        var sum = 0.0;
        foreach (var target in targets) sum += classWeights[target];
        return sum;
    }

    /// <summary>Sum of the binary cross-entropies of logits with targets of the same shape; divide by their count.</summary>
    public static Tensor BinaryCrossEntropy(Tensor logits, Tensor targets) => logits.BinaryCrossEntropy(targets, SumReduction);

    /// <summary>Sum of squared errors; divide by the count.</summary>
    public static Tensor SquaredError(Tensor predictions, Tensor targets) => predictions.MeanSquaredError(targets, SumReduction);
}
