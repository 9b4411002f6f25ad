using System.Text.Json;
using System.Text.Json.Serialization;
using Tutti.Evaluation;

namespace Tutti.Ensembling;

/// <summary>What <c>blend.json</c> keeps: all that is needed to blend other rows in the same way, and how the blend was judged.</summary>
/// <param name="Kind">How predictions are averaged.</param>
/// <param name="Members">In their order.</param>
public sealed record BlendRecord(BlendKind Kind, IReadOnlyList<BlendWeight> Members)
{
    /// <summary>The method that gave the weights, as recipes call it; null for a plain average.</summary>
    public string? Method { get; init; }

    /// <summary>Class names in the order of whatever is per class here.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Added to each class's weighted sum of logarithms.</summary>
    public IReadOnlyList<double>? Intercepts { get; init; }

    /// <summary>Logarithms of the blend are divided by this.</summary>
    public double? Temperature { get; init; }

    /// <summary>The blend's probabilities are multiplied by these, after the temperature, and scaled to sum 1.</summary>
    public IReadOnlyList<double>? Scales { get; init; }

    /// <summary>A hash of what the recipe says about blending, so that a blend of another recipe is not applied.</summary>
    public string? Settings { get; init; }

    /// <summary>What was gained on rows that the weights were not learnt from.</summary>
    public IReadOnlyList<RecordedGain>? Gains { get; init; }

    /// <summary>What temperature and scales changed on rows that they were not fitted to.</summary>
    public RecordedCalibration? Calibration { get; init; }

    /// <summary>The record of a fitted blend.</summary>
    /// <param name="fitted">Its numbers.</param>
    /// <param name="names">The members', in its order.</param>
    public static BlendRecord Of(FittedBlend fitted, IReadOnlyList<string> names) => new(fitted.Kind, [.. names.Select((name, m) => new BlendWeight(name, fitted.Weights[m])
    {
        PerClass = fitted.ClassWeights?[m],
        Ranks = fitted.Ranks?[m],
    })])
    {
        Intercepts = fitted.Intercepts,
    };

    /// <summary>The blend to apply to members in this order; temperature and scales are not in it: see <see cref="Calibrate"/>.</summary>
    /// <param name="classes">K.</param>
    public FittedBlend Fitted(int classes) => new(Kind, classes, [.. Members.Select(member => member.Weight)])
    {
        ClassWeights = Members.Any(member => member.PerClass is not null) ? [.. Members.Select(member => member.PerClass ?? [.. Enumerable.Repeat(member.Weight, classes)])] : null,
        Intercepts = Intercepts,
        Ranks = Members.Any(member => member.Ranks is not null) ? [.. Members.Select(member => member.Ranks ?? [])] : null,
    };

    /// <summary>n*K blended probabilities at the temperature and with the scales.</summary>
    public double[] Calibrate(double[] blended, int classes)
    {
        if (Temperature is { } temperature) blended = Evaluation.Temperature.Apply(blended, classes, temperature);
        return Scales is { } scales ? Thresholds.Apply(blended, scales) : blended;
    }

    /// <summary>Writes the file in one step.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, JsonSerializer.Serialize(this, BlendJson.Default.BlendRecord) + "\n");

    /// <exception cref="DataException">The file is missing or is no such record.</exception>
    public static BlendRecord Read(string path)
    {
        if (!File.Exists(path)) throw new DataException(path, "does not exist; was the run blended? Repeat tutti train to write it");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), BlendJson.Default.BlendRecord)
                ?? throw new DataException(path, "holds null; expected kind and members");
        }
        catch (JsonException error)
        {
            throw new DataException(path, $"is no record of a blend: {error.Message}", (error.LineNumber ?? -1) + 1, inner: error);
        }
    }
}

/// <summary>A member's share of a blend.</summary>
public sealed record BlendWeight(string Name, double Weight)
{
    /// <summary>Its weight for each class, in place of the one weight.</summary>
    public IReadOnlyList<double>? PerClass { get; init; }

    /// <summary>For each class, where a probability stands among those that the blend was fitted on.</summary>
    public IReadOnlyList<RankScale>? Ranks { get; init; }
}

/// <summary>A method's gain over the plain mean and the best single member, on rows that it was not fitted to.</summary>
/// <param name="Score">By the metric.</param>
public sealed record RecordedGain(string Method, BlendMetric Metric, double Score, RecordedDifference OverMean, RecordedDifference OverBest);

/// <summary>A difference with its 95 % interval; above 0 where the blend is better.</summary>
public sealed record RecordedDifference(double Value, double Low, double High, double P)
{
    internal static RecordedDifference Of(PairedResult result) => new(result.Difference.Value, result.Difference.Low, result.Difference.High, result.P);
}

/// <summary>Before and after temperature and scales, each row by what was fitted to other folds' rows.</summary>
public sealed record RecordedCalibration(double ErrorBefore, double ErrorAfter, double ScoreBefore, double ScoreAfter, BlendMetric Metric);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BlendRecord))]
sealed partial class BlendJson : JsonSerializerContext;
