using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The keys of <see cref="TrainConfig"/> that a member sets for itself; null leaves the common value. A test keeps the two lists the same.
/// </summary>
public sealed record TrainPatch
{
    public int? Batch { get; init; }
    public int? Epochs { get; init; }
    public double? LearningRate { get; init; }
    public ScheduleKind? Schedule { get; init; }
    public double? Warmup { get; init; }
    public double? WeightDecay { get; init; }
    public double? Beta1 { get; init; }
    public double? Beta2 { get; init; }
    public double? Epsilon { get; init; }
    public double? MaxGradientNorm { get; init; }
    public double? LabelSmoothing { get; init; }
    public ClassWeights? ClassWeights { get; init; }
    public LossConfig? Loss { get; init; }
    public BalanceConfig? Balance { get; init; }
    public Precision? Precision { get; init; }
    public bool? Tf32 { get; init; }
    public int? MaxLength { get; init; }
    public int? MicroTokens { get; init; }
    public int? EvaluateEvery { get; init; }
    public int? EarlyStopping { get; init; }
    public BestBy? BestBy { get; init; }
    public double? Dropout { get; init; }
    public BatchNormKind? BatchNorm { get; init; }
    public double? MaskShare { get; init; }
    public bool? WholeWords { get; init; }
    public int? Bptt { get; init; }
    public double? Jitter { get; init; }
    public double? ActivationPenalty { get; init; }
    public double? TemporalPenalty { get; init; }
    public double? LayerDecay { get; init; }
    public double? FirstRate { get; init; }
    public int? LayerGroups { get; init; }
    public IReadOnlyList<string>? Freeze { get; init; }
    public UnfreezeConfig? Unfreeze { get; init; }
    public double? CutFraction { get; init; }
    public double? Ratio { get; init; }
    public double? StartShare { get; init; }
    public double? Divisor { get; init; }
    public double? FinalDivisor { get; init; }
    public IReadOnlyList<double>? Momentum { get; init; }
    public int? Cycles { get; init; }
    public int? CycleEpochs { get; init; }
    public int? CycleMultiple { get; init; }
    public double? Power { get; init; }
    public int? Timescale { get; init; }
}
