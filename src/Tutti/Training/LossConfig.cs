using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Tutti.Training;

/// <summary>The losses of classes and labels; docs/losses.md works each by numbers.</summary>
public enum LossKind
{
    /// <summary>-log of the probability that the softmax gives the class.</summary>
    CrossEntropy,

    /// <summary>Yes or no for every class or label apart, by the logistic function.</summary>
    Binary,

    /// <summary>Either of the two, less of it where the answer is surely right (Lin et al. 2017).</summary>
    Focal,

    /// <summary>Of labels: those that are not there count for less the surer that is, and from some probability down for nothing (Ridnik et al. 2021).</summary>
    Asymmetric,
}

/// <summary>A loss and its numbers.</summary>
[ShortForm("kind")]
public sealed record LossConfig
{
    const double UsualGamma = 2, UsualNegative = 4, UsualPositive = 0, UsualClip = 0.05;

    [Description("cross-entropy (the default of classes), binary (yes or no for each class or label; the default of labels), focal (of either), or asymmetric (of labels).")]
    public required LossKind Kind { get; init; }

    [Description("Of focal: the power of 1 - p by which answers that are right count for less; default: 2.")]
    [Range(0, 100.0)]
    public double? Gamma { get; init; }

    [Description("Of focal, for labels: what a label that is there counts for, one that is not counting for 1 - alpha; default: both count for 1. For classes: class-weights.")]
    [Range(0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double? Alpha { get; init; }

    [Description("Of asymmetric: the power for labels that are not there; default: 4.")]
    [Range(0, 100.0)]
    public double? GammaNegative { get; init; }

    [Description("Of asymmetric: the power for labels that are there; default: 0.")]
    [Range(0, 100.0)]
    public double? GammaPositive { get; init; }

    [Description("Of asymmetric: a label that is not there costs nothing up to this probability; default: 0.05.")]
    [Range(0, 1.0, MaximumIsExclusive = true)]
    public double? Clip { get; init; }

    public static implicit operator LossConfig(LossKind kind) => new() { Kind = kind };

    internal double Power => Gamma ?? UsualGamma;
    internal (double Negative, double Positive, double Clip) Sides => (GammaNegative ?? UsualNegative, GammaPositive ?? UsualPositive, Clip ?? UsualClip);

    /// <summary>Numbers that are out of range or belong to another loss.</summary>
    internal IEnumerable<ConfigFault> Validate() => [.. ConfigFault.OfRanges(this), .. new (string Key, double? Value, LossKind Of)[]
    {
        ("gamma", Gamma, LossKind.Focal), ("alpha", Alpha, LossKind.Focal), ("gamma-negative", GammaNegative, LossKind.Asymmetric), ("gamma-positive", GammaPositive, LossKind.Asymmetric), ("clip", Clip, LossKind.Asymmetric),
    }.Where(key => key.Value is not null && key.Of != Kind).Select(key => new ConfigFault(key.Key, $"belongs to loss {Name(key.Of)}, the loss is {Name(Kind)}; take it out, or name that loss"))];

    /// <summary>Why classes cannot be learnt by it; null when they can.</summary>
    internal string? FaultOfClasses => Kind == LossKind.Asymmetric ? "got asymmetric, which is for labels of which a row may have several; expected cross-entropy, binary or focal"
        : Alpha is not null ? "has alpha, which is for labels that are there or not; say what classes count for by class-weights" : null;

    /// <summary>Why labels cannot be learnt by it; null when they can.</summary>
    internal string? FaultOfLabels => Kind == LossKind.CrossEntropy ? "got cross-entropy, which is for one class per row; expected binary, focal or asymmetric" : null;

    internal static string Name(Enum kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}

/// <summary>How the losses of several targets become one.</summary>
public enum BalanceKind
{
    /// <summary>Each times its weight.</summary>
    Weights,

    /// <summary>Each over a variance that is learnt (Kendall, Gal and Cipolla 2018).</summary>
    Uncertainty,

    /// <summary>Each by a weight with which its gradient is as large as its pace of learning asks (after Chen et al. 2018, GradNorm).</summary>
    GradientNorm,
}

/// <summary>How the losses of several targets become one, with its numbers.</summary>
[ShortForm("kind")]
public sealed record BalanceConfig
{
    const double UsualRate = 0.01, UsualAlpha = 1;

    [Description("weights: each loss times its target's weight; uncertainty: also over a variance that is learnt beside the model; gradient-norm: also times a weight that keeps the gradients in proportion.")]
    public required BalanceKind Kind { get; init; }

    [Description("Of uncertainty: the learning rate of the log-variances, which follows the schedule of learning-rate; default: 0.01.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? LearningRate { get; init; }

    [Description("Of gradient-norm: how much a target that learns more slowly than the others gets a larger gradient; 0: all get the same; default: 1.")]
    [Range(0, 100.0)]
    public double? Alpha { get; init; }

    public static implicit operator BalanceConfig(BalanceKind kind) => new() { Kind = kind };

    internal double Rate => LearningRate ?? UsualRate;
    internal double Power => Alpha ?? UsualAlpha;

    internal IEnumerable<ConfigFault> Validate() => [.. ConfigFault.OfRanges(this), .. new (string Key, double? Value, BalanceKind Of)[] { ("learning-rate", LearningRate, BalanceKind.Uncertainty), ("alpha", Alpha, BalanceKind.GradientNorm) }
        .Where(key => key.Value is not null && key.Of != Kind).Select(key => new ConfigFault(key.Key, $"belongs to balance {LossConfig.Name(key.Of)}, the balance is {LossConfig.Name(Kind)}; take it out, or name that balance"))];
}
