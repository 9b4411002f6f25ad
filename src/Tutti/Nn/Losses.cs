using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Losses as sums, with the weight they are to be divided by. One update has one divisor: the sum of the weights over all its micro-batches,
/// so the gradient does not depend on how the batch was cut.
/// </summary>
public static class Losses
{
    const int NoReduction = 0, SumReduction = 2;

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
    /// <param name="logits">Any shape.</param>
    /// <param name="targets">0 or 1, or between.</param>
    /// <param name="weight">What each element counts for, broadcast; null for 1.</param>
    /// <param name="positiveWeight">What the part of the targets that is 1 counts for, broadcast; null for 1.</param>
    public static Tensor BinaryCrossEntropy(Tensor logits, Tensor targets, Tensor? weight = null, Tensor? positiveWeight = null) => logits.BinaryCrossEntropy(targets, SumReduction, weight, positiveWeight);

    /// <summary>
    /// Sum of the focal losses of logits (n,K) with class targets (n): (1 - p)^gamma times the cross-entropy -log p of the target (Lin et al. 2017, "Focal loss for dense object detection", eq. 4,
    /// with a softmax). Divide as <see cref="CrossEntropy"/>.
    /// </summary>
    /// <param name="logits">(n,K).</param>
    /// <param name="targets">(n) int64.</param>
    /// <param name="gamma">0 is the cross-entropy; the larger, the less sure examples that are right anyway count for.</param>
    /// <param name="classWeights">(K), the paper's alpha of each class, outside the power; null for 1 each.</param>
    public static Tensor Focal(Tensor logits, Tensor targets, double gamma, Tensor? classWeights = null)
    {
        var entropies = logits.CrossEntropy(targets, null, NoReduction, 0);                      // (n)
        var losses = Power(entropies.OneLessExp(), gamma) is { } focus ? focus * entropies : entropies;
        return (classWeights is null ? losses : losses * classWeights.IndexSelect(0, targets)).Sum();
    }

    /// <summary>Sum of the focal losses of yes-or-no logits with targets 0 or 1 of the same shape (as torchvision.ops.sigmoid_focal_loss); divide by their count.</summary>
    /// <param name="logits">Any shape.</param>
    /// <param name="targets">0 or 1.</param>
    /// <param name="gamma">As for <see cref="Focal"/>.</param>
    /// <param name="alpha">What targets of 1 count for, those of 0 count for 1 - alpha; null: both 1.</param>
    public static Tensor BinaryFocal(Tensor logits, Tensor targets, double gamma, double? alpha = null)
    {
        var entropies = logits.BinaryCrossEntropy(targets, NoReduction);
        var losses = Power(entropies.OneLessExp(), gamma) is { } focus ? focus * entropies : entropies;
        return (alpha is { } share ? losses * ((targets * ((2 * share) - 1)) + (1 - share)) : losses).Sum();
    }

    /// <summary>
    /// Sum of the asymmetric losses of yes-or-no logits with targets 0 or 1 (Ridnik et al. 2021, "Asymmetric loss for multi-label classification", eq. 5-7): targets of 1 cost (1 - p)^positive times -log p; those
    /// of 0 cost q^negative times -log(1 - q), where q = max(p - clip, 0), so that a label that is surely not there costs nothing. Divide by their count.
    /// </summary>
    /// <param name="logits">Any shape.</param>
    /// <param name="targets">0 or 1.</param>
    /// <param name="negative">The paper's gamma-.</param>
    /// <param name="positive">The paper's gamma+.</param>
    /// <param name="clip">The paper's margin m, from 0 to below 1.</param>
    public static Tensor Asymmetric(Tensor logits, Tensor targets, double negative, double positive, double clip)
    {
        var no = Tensor.Zeros(logits.Shape, logits.DType, logits.Device);
        var yes = no + 1;
        var there = logits.BinaryCrossEntropy(yes, NoReduction);                                  // -log p, without p
        if (Power(there.OneLessExp(), positive) is { } sure) there = sure * there;
        // 1 - q is at least the clip, so that its logarithm is safe; without a clip it is the sigmoid's own.
        var absent = clip == 0 ? logits.BinaryCrossEntropy(no, NoReduction) : -((-logits).Sigmoid() + clip).Clamp(null, yes).Log();
        if (Power(clip == 0 ? logits.Sigmoid() : (logits.Sigmoid() + -clip).Clamp(no, null), negative) is { } wrong) absent = wrong * absent;
        return ((targets * there) + ((yes - targets) * absent)).Sum();
    }

    /// <summary>x^gamma for x from 0 on; null for gamma 0. Below 1 its slope at 0 is infinite, and times a loss of 0 not a number: there it is that of the smallest x.</summary>
    static Tensor? Power(Tensor x, double gamma)
    {
        const double least = 1e-12;
        return gamma == 0 ? null : gamma == 1 ? x : (gamma < 1 ? x.Clamp(Tensor.Zeros(x.Shape, x.DType, x.Device) + least, null) : x).Power(gamma);
    }

    /// <summary>Sum of squared errors; divide by the count.</summary>
    public static Tensor SquaredError(Tensor predictions, Tensor targets) => predictions.MeanSquaredError(targets, SumReduction);
}
