using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>An epoch of a fit, or what stands for one.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Of">All of them.</param>
/// <param name="Loss">The mean squared error over the epoch, each rating before its update; NaN where a model has none.</param>
public readonly record struct RatingEpoch(int Epoch, int Of, double Loss);

/// <summary>How the learning rate goes over a fit.</summary>
public enum RatingSchedule
{
    /// <summary>As fastai's fit_one_cycle: up for a quarter, then down; momentum the other way.</summary>
    OneCycle,

    /// <summary>The same throughout, with a momentum of 0.9.</summary>
    Constant,
}

/// <summary>What a model of ratings is trained with; each kind of model reads its own, and has its own defaults for what is null.</summary>
public sealed record RatingSettings
{
    /// <summary>Numbers that describe a user or an item; null: by the model's rule.</summary>
    public int? Factors { get; init; }

    /// <summary>Passes over the ratings.</summary>
    public int? Epochs { get; init; }

    /// <summary>Ratings of an update.</summary>
    public int? Batch { get; init; }
    public double? LearningRate { get; init; }

    /// <summary>Decay of weights per unit of learning rate, decoupled from the gradient.</summary>
    public double? WeightDecay { get; init; }
    public RatingSchedule Schedule { get; init; }

    /// <summary>Ends of the sigmoid that a rating comes out of; null: the ratings' range and a tenth of its width beyond either end.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>Widths of hidden layers.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>What keeps factors small, in the unit of the model.</summary>
    public double? Regularization { get; init; }

    /// <summary>Of models that look at neighbours: how many.</summary>
    public int? Neighbours { get; init; }

    /// <summary>Of models of what was chosen, not rated: how much more a chosen item says than one that was not.</summary>
    public double? Confidence { get; init; }

    public int Seed { get; init; }

    /// <summary>Where tensors are trained.</summary>
    public Device Device { get; init; } = Device.Cpu;

    public IProgress<RatingEpoch>? Progress { get; init; }
    public CancellationToken Cancel { get; init; }

    /// <summary>The sigmoid's range for these ratings.</summary>
    /// <exception cref="ConfigException">A rating lies outside of the stated range.</exception>
    internal (double Low, double High) RangeFor(RatingRows rows)
    {
        var (lowest, highest) = ((double)rows.Values.Min(), (double)rows.Values.Max());
        if (Range is not var (low, high)) return highest > lowest ? (lowest - (0.1 * (highest - lowest)), highest + (0.1 * (highest - lowest))) : (lowest - 0.5, highest + 0.5);
        if (lowest < low || highest > high)
            throw new ConfigException("range", FormattableString.Invariant($"goes from {low} to {high}, but there is a rating of {(lowest < low ? lowest : highest)}; widen it, or state data.range to have such ratings named"));
        return (low, high);
    }
}
