using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Tutti.Training;

/// <summary>Which number of the held-out rows decides which checkpoint is kept.</summary>
public enum BestBy { Loss, Accuracy, MacroF1, Last }

/// <summary>What batch norms go by in training.</summary>
public enum BatchNormKind
{
    /// <summary>The mean and variance of each micro-batch.</summary>
    Batch,

    /// <summary>The running ones, which stay as they are.</summary>
    Running,
}

/// <summary>
/// How a model is trained: one update, its length and its rate. The defaults suit fine-tuning an encoder of BERT's size
/// (Devlin et al. 2019, appendix A.3; decay and clipping as in their released code).
/// </summary>
public sealed record TrainConfig
{
    [Description("Examples per update. Memory does not limit it: a batch is cut into micro-batches, which does not change the gradient.")]
    [Range(1, int.MaxValue)]
    public int Batch { get; init; } = 32;

    [Description("Passes over the training rows.")]
    [Range(1, int.MaxValue)]
    public int Epochs { get; init; } = 3;

    [Description("The highest learning rate, reached at the end of the warm-up.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 2e-5;

    [Description("How the learning rate moves after the warm-up.")]
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    [Description("Updates in which the learning rate rises from 0: below 1 a fraction of all updates, from 1 a whole number of updates; slanted-triangular has a rise of its own.")]
    [Range(0, double.MaxValue)]
    public double Warmup { get; init; } = 0.06;

    [Description("Decoupled weight decay (AdamW); biases and norms are exempt.")]
    [Range(0, double.MaxValue)]
    public double WeightDecay { get; init; } = 0.01;

    [Description("AdamW's decay of the mean of gradients.")]
    [Range(0, 1.0, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    [Description("AdamW's decay of the mean of squared gradients.")]
    [Range(0, 1.0, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.999;

    [Description("AdamW's guard against division by zero.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    [Description("Gradients with a larger norm over all weights are scaled down to it; 0 = never.")]
    [Range(0, double.MaxValue)]
    public double MaxGradientNorm { get; init; } = 1.0;

    [Description("Share of the target that is spread evenly over all classes.")]
    [Range(0, 1.0, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    [Description("Weight of each class in the loss: none, balanced (classes weigh the same in total), or label: weight pairs (a label left out weighs 1).")]
    public ClassWeights ClassWeights { get; init; } = ClassWeights.None;

    [Description("The loss of classes or labels: cross-entropy, binary, focal or asymmetric, or a mapping with its numbers; default: cross-entropy for classes, binary for labels. Of task multi-target each target has its own.")]
    public LossConfig? Loss { get; init; }

    [Description("Of task multi-target: how the losses of the targets become one: weights (the default), uncertainty or gradient-norm, or a mapping with its numbers.")]
    public BalanceConfig? Balance { get; init; }

    [Description("Number format of matrix products; weights, sums and optimizer state are fp32. auto: bf16 for models of 10 million weights or more on a processor that multiplies bf16 (AVX-512 BF16), else fp32.")]
    public Precision Precision { get; init; } = Precision.Auto;

    [Description("Whether float32 products on CUDA round their factors to TF32, which is several times faster; default: true. Nothing changes on a CPU.")]
    public bool? Tf32 { get; init; }

    [Description("Tokens per example, special tokens included; longer texts are cut, and counted.")]
    [Range(3, int.MaxValue)]
    public int MaxLength { get; init; } = 128;

    internal const int UsualMicroTokens = 2048;

    [Description("Tokens per micro-batch; fewer need less memory. It does not change the gradient. A picture counts for its patches of 16 x 16 pixels; by default an update of pictures is cut only where memory is short.")]
    [Range(1, int.MaxValue)]
    public int MicroTokens { get; init; } = UsualMicroTokens;

    [Description("Updates between evaluations of the held-out rows; 0 = once per epoch.")]
    [Range(0, int.MaxValue)]
    public int EvaluateEvery { get; init; }

    [Description("Evaluations without a better result after which training stops; 0 = never.")]
    [Range(0, int.MaxValue)]
    public int EarlyStopping { get; init; }

    [Description("The number of the held-out rows by which the best checkpoint is chosen; last: none, the weights of the last update, where held-out rows are too few to choose by.")]
    public BestBy BestBy { get; init; } = BestBy.Loss;

    [Description("Dropout in place of the model's own.")]
    [Range(0, 1.0, MaximumIsExclusive = true)]
    public double? Dropout { get; init; }

    [Description("What batch norms go by in training: batch (the default), the mean and variance of each micro-batch; running, those that the model came with, which stay as they are: then an update does not depend on how it is cut.")]
    public BatchNormKind? BatchNorm { get; init; }

    [Description("Share of a text's tokens that task language-model masks; default: 0.15.")]
    [Range(0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double? MaskShare { get; init; }

    [Description("Whether task language-model masks all tokens of a word together; default: false.")]
    public bool? WholeWords { get; init; }

    [Description("Tokens through which a recurrent language model learns at a time (back-propagation length); default: 72.")]
    [Range(2, 100_000)]
    public int? Bptt { get; init; }

    [Description("Standard deviation, in tokens, of the places where the pieces of bptt tokens end, so that every epoch cuts its texts elsewhere; default: 5.")]
    [Range(0, 100_000)]
    public double? Jitter { get; init; }

    [Description("Weight of what a recurrent model's large activations add to its loss (AR, fastai's alpha); default: 2.")]
    [Range(0, double.MaxValue)]
    public double? ActivationPenalty { get; init; }

    [Description("Weight of what changes of a recurrent model's activations from token to token add to its loss (TAR, fastai's beta); default: 1.")]
    [Range(0, double.MaxValue)]
    public double? TemporalPenalty { get; init; }

    internal const int UsualBptt = 72;
    internal const double UsualJitter = 5, UsualActivationPenalty = 2, UsualTemporalPenalty = 1;

    [Description("Layer-wise learning rates: the head learns with learning-rate, the last layer with this share of it, the one before with its square, and so on down to the embeddings; default: all with learning-rate.")]
    [Range(0, 1.0, MinimumIsExclusive = true)]
    public double? LayerDecay { get; init; }

    [Description("Layer-wise learning rates said by their ends: the lowest layer group learns with this rate, the head with learning-rate, those between in equal ratios (fastai's slice). Not together with layer-decay.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? FirstRate { get; init; }

    [Description("Layer groups, by which rates fall and unfreeze goes: the head, and the layers below in so many less one, about equal; default: every layer is one, what is below them, and the head.")]
    [Range(2, int.MaxValue)]
    public int? LayerGroups { get; init; }

    // One text each, so that equal lists make equal settings.
    readonly string? freeze, momentum;

    [Description("Weights that stay as they are: patterns of their names in which * stands for any text, with or without the encoder's prefix, such as [\"embeddings.*\", \"encoder.layer.0.*\"].")]
    public IReadOnlyList<string>? Freeze { get => freeze?.Split('\n'); init => freeze = value is null or [] ? null : string.Join('\n', value); }

    [Description("When which layer groups learn: all (the default), gradual (the head alone in the first epoch, one more group in each that follows), or head-epochs for the head alone and all after that.")]
    public UnfreezeConfig? Unfreeze { get; init; }

    [Description("Of schedule slanted-triangular: the share of the updates in which the rate rises; default: 0.1.")]
    [Range(0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double? CutFraction { get; init; }

    [Description("Of schedule slanted-triangular: learning-rate divided by the lowest rate; default: 32.")]
    [Range(1, double.MaxValue)]
    public double? Ratio { get; init; }

    [Description("Of schedule one-cycle: the share of the updates in which the rate rises; default: the warm-up, 0.25 where that is 0, 0.3 after head-epochs. Of flat-cosine: the share at learning-rate; default: 0.75.")]
    [Range(0, 1.0)]
    public double? StartShare { get; init; }

    [Description("Of schedule one-cycle: learning-rate divided by the first rate; default: 25, after head-epochs 5.")]
    [Range(1, double.MaxValue)]
    public double? Divisor { get; init; }

    [Description("Of schedules one-cycle, flat-cosine and polynomial: learning-rate divided by the last rate; default: 100000, for polynomial down to 0.")]
    [Range(1, double.MaxValue)]
    public double? FinalDivisor { get; init; }

    [Description("Of schedule one-cycle: AdamW's beta1 at the start, at the peak of the rate, and at the end; default: [0.95, 0.85, 0.95].")]
    public IReadOnlyList<double>? Momentum
    {
        get => momentum?.Split(' ').Select(value => double.Parse(value, CultureInfo.InvariantCulture)).ToArray();
        init => momentum = value is null or [] ? null : string.Join(' ', value.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
    }

    [Description("Of schedule cosine-restarts: how often the rate falls from learning-rate to 0; default: once.")]
    [Range(1, int.MaxValue)]
    public int? Cycles { get; init; }

    [Description("Of schedule sgdr: epochs of the first cycle; default: 1.")]
    [Range(1, int.MaxValue)]
    public int? CycleEpochs { get; init; }

    [Description("Of schedule sgdr: how many times as long as the one before each cycle is; default: 2.")]
    [Range(1, int.MaxValue)]
    public int? CycleMultiple { get; init; }

    [Description("Of schedule polynomial: its power; default: 1.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? Power { get; init; }

    [Description("Of schedule inverse-sqrt: updates in which the rate falls to 0.71 of learning-rate; default: the warm-up, without one 10000.")]
    [Range(1, int.MaxValue)]
    public int? Timescale { get; init; }

    /// <summary>Every fault of these settings, each with its key as a recipe spells it; none when they can be used.</summary>
    public IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        if (Warmup >= 1 && Warmup != Math.Floor(Warmup))
            faults.Add(new("warmup", $"got {Warmup.ToString(CultureInfo.InvariantCulture)}, expected a fraction below 1 or a whole number of updates"));
        faults.AddRange(ScheduleKeys.Validate(this));
        faults.AddRange((Loss?.Validate() ?? []).Select(fault => fault with { Path = $"loss.{fault.Path}" }));
        faults.AddRange((Balance?.Validate() ?? []).Select(fault => fault with { Path = $"balance.{fault.Path}" }));
        if (LabelSmoothing != 0 && Loss is { Kind: not LossKind.CrossEntropy }) faults.Add(new("label-smoothing", $"belongs to loss cross-entropy, the loss is {LossConfig.Name(Loss.Kind)}; take one of them out"));
        if (!ClassWeights.Equals(ClassWeights.None) && Loss is { Kind: LossKind.Binary }) faults.Add(new("class-weights", "belong to losses cross-entropy and focal, the loss is binary; take one of them out"));
        if (BestBy == BestBy.Last && EarlyStopping > 0) faults.Add(new("early-stopping", FormattableString.Invariant($"got {EarlyStopping} with best-by: last, which calls no evaluation better than another; choose by loss or accuracy, or take it out")));
        foreach (var (label, weight) in ClassWeights.Weights.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            if (!double.IsFinite(weight) || weight <= 0)
                faults.Add(new($"class-weights.{label}", $"got {weight.ToString(CultureInfo.InvariantCulture)}, expected a number above 0"));
        foreach (var (pattern, i) in (Freeze ?? []).Select((pattern, i) => (pattern, i)))
            if (pattern.Trim().Length == 0 || pattern.Any(char.IsControl)) faults.Add(new(FormattableString.Invariant($"freeze.{i}"), $"got '{pattern.ReplaceLineEndings(" ")}', expected the name of a weight, or a pattern with *"));
        return faults;
    }
}

/// <summary>The weight of each class in the loss.</summary>
public sealed class ClassWeights : IEquatable<ClassWeights>
{
    ClassWeights(bool balanced, Dictionary<string, double> weights) => (IsBalanced, Weights) = (balanced, weights);

    /// <summary>Every example weighs 1.</summary>
    public static ClassWeights None { get; } = new(false, []);

    /// <summary>A class of n_c among n examples and k classes weighs n / (k n_c).</summary>
    public static ClassWeights Balanced { get; } = new(true, []);

    /// <summary>Chosen weights; a label that is left out weighs 1.</summary>
    public static ClassWeights Of(IEnumerable<KeyValuePair<string, double>> weights) => new(false, new(weights, StringComparer.Ordinal));

    public bool IsBalanced { get; }

    /// <summary>Label to weight; empty for <see cref="None"/> and <see cref="Balanced"/>.</summary>
    public IReadOnlyDictionary<string, double> Weights { get; }

    public bool Equals(ClassWeights? other) => other is not null && IsBalanced == other.IsBalanced && Weights.Count == other.Weights.Count
        && Weights.All(pair => other.Weights.TryGetValue(pair.Key, out var weight) && weight.Equals(pair.Value));

    public override bool Equals(object? obj) => Equals(obj as ClassWeights);
    public override int GetHashCode() => HashCode.Combine(IsBalanced, Weights.Count);
}

/// <summary>A setting that cannot be used: its key path as a recipe spells it, and what was got and expected.</summary>
public readonly record struct ConfigFault(string Path, string Text)
{
    /// <summary>The properties of a record of settings that lie outside their <see cref="RangeAttribute"/>, or are not a finite number.</summary>
    public static List<ConfigFault> OfRanges(object settings)
    {
        List<ConfigFault> faults = [];
        foreach (var property in settings.GetType().GetProperties())
            if (property.GetCustomAttribute<RangeAttribute>() is { } range && property.GetValue(settings) is { } value
                && Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && !Holds(range, number))
                faults.Add(new(JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name),
                    $"got {number.ToString(CultureInfo.InvariantCulture)}, expected {(value is int ? "a whole number" : "a number")} {Describe(range)}"));
        return faults;
    }

    /// <summary>A range in words: "from 1", "above 0", "from 0, below 1".</summary>
    public static string Describe(RangeAttribute range)
    {
        var (low, high) = (Bound(range.Minimum), Bound(range.Maximum));
        return string.Join(", ", new[]
        {
            low is int.MinValue or double.MinValue ? "" : $"{(range.MinimumIsExclusive ? "above" : "from")} {low.ToString(CultureInfo.InvariantCulture)}",
            high is int.MaxValue or double.MaxValue ? "" : $"{(range.MaximumIsExclusive ? "below" : "up to")} {high.ToString(CultureInfo.InvariantCulture)}",
        }.Where(part => part.Length > 0));
    }

    static bool Holds(RangeAttribute range, double value)
    {
        var (low, high) = (Bound(range.Minimum), Bound(range.Maximum));
        return double.IsFinite(value) && (range.MinimumIsExclusive ? value > low : value >= low) && (range.MaximumIsExclusive ? value < high : value <= high);
    }

    static double Bound(object bound) => Convert.ToDouble(bound, CultureInfo.InvariantCulture);
}
