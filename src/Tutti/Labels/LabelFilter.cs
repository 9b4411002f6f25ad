namespace Tutti.Labels;

/// <summary>Which rows are called label issues.</summary>
public enum LabelFilter
{
    /// <summary>For each pair of given label and other class as many rows as the confident joint counts there, those with the largest margin between the two.</summary>
    PruneByNoiseRate,

    /// <summary>For each given label as many rows as the confident joint counts as wrong, those with the least self-confidence.</summary>
    PruneByClass,

    /// <summary>What both of the former say.</summary>
    Both,

    /// <summary>Rows that the confident joint counts off its diagonal.</summary>
    ConfidentLearning,

    /// <summary>Rows whose most probable class is not the given label.</summary>
    PredictedNeqGiven,

    /// <summary>The rows of the lowest normalised margin, as many as <see cref="ConfidentLearning"/> finds.</summary>
    LowNormalizedMargin,

    /// <summary>The rows of the least self-confidence, as many as <see cref="ConfidentLearning"/> finds.</summary>
    LowSelfConfidence,
}

/// <summary>How likely a label is right, 1 at best.</summary>
public enum LabelQuality
{
    /// <summary>Probability of the given label.</summary>
    SelfConfidence,

    /// <summary>Probability of the given label less that of the best other class, moved to 0..1.</summary>
    NormalizedMargin,

    /// <summary>Entropy of the probabilities over self-confidence, moved to 0..1.</summary>
    ConfidenceWeightedEntropy,
}

/// <summary>The names of filters and scores on a command line and in files.</summary>
public static class LabelNames
{
    public static IReadOnlyDictionary<string, LabelFilter> Filters { get; } = new Dictionary<string, LabelFilter>
    {
        ["prune_by_noise_rate"] = LabelFilter.PruneByNoiseRate,
        ["prune_by_class"] = LabelFilter.PruneByClass,
        ["both"] = LabelFilter.Both,
        ["confident_learning"] = LabelFilter.ConfidentLearning,
        ["predicted_neq_given"] = LabelFilter.PredictedNeqGiven,
        ["low_normalized_margin"] = LabelFilter.LowNormalizedMargin,
        ["low_self_confidence"] = LabelFilter.LowSelfConfidence,
    };

    public static IReadOnlyDictionary<string, LabelQuality> Scores { get; } = new Dictionary<string, LabelQuality>
    {
        ["self_confidence"] = LabelQuality.SelfConfidence,
        ["normalized_margin"] = LabelQuality.NormalizedMargin,
        ["confidence_weighted_entropy"] = LabelQuality.ConfidenceWeightedEntropy,
    };

    /// <summary>Finds a name; hyphens count as underscores.</summary>
    /// <exception cref="ConfigException">There is none; names the nearest.</exception>
    public static T Find<T>(IReadOnlyDictionary<string, T> names, string name, string option) =>
        names.TryGetValue(name.Replace('-', '_'), out var found) ? found
            : throw new ConfigException(option, $"there is no '{name}'{Nearest.Hint(name.Replace('-', '_'), names.Keys, "")}\nexpected one of {string.Join(", ", names.Keys)}");
}

/// <summary>How label issues are searched.</summary>
public sealed record LabelSearch
{
    public LabelFilter Filter { get; init; } = LabelFilter.PruneByNoiseRate;

    /// <summary>The share of the estimated issues that the three pruning filters flag, from 0 to 1.</summary>
    public double FracNoise { get; init; } = 1;

    /// <summary>The three pruning filters leave a class with this many rows or fewer alone, and count at least as many as right.</summary>
    public int MinExamplesPerClass { get; init; } = 1;

    /// <summary>How many rows to flag of each class, instead of an estimate; for the three pruning filters.</summary>
    public IReadOnlyList<int>? NumToRemovePerClass { get; init; }

    internal void Validate(int k)
    {
        if (!(FracNoise is >= 0 and <= 1)) throw new ArgumentException($"FracNoise is {FracNoise}; expected 0 to 1");
        if (MinExamplesPerClass < 0) throw new ArgumentException($"MinExamplesPerClass is {MinExamplesPerClass}; expected 0 or more");
        if (NumToRemovePerClass is { } numbers && (numbers.Count != k || numbers.Any(number => number < 0)))
            throw new ArgumentException($"NumToRemovePerClass has {numbers.Count} numbers for {k} classes; expected one of 0 or more for each");
    }
}
