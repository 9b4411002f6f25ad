using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a column that is learnt holds.</summary>
public enum TargetKind
{
    /// <summary>One of several classes.</summary>
    Class,

    /// <summary>1 or 0.</summary>
    Flag,

    /// <summary>A number.</summary>
    Number,

    /// <summary>One of several levels that have an order.</summary>
    Ordinal,
}

/// <summary>A column that is learnt beside others.</summary>
[ShortForm("column")]
public sealed record TargetConfig
{
    [Description("The column; the target has its name.")]
    public required string Column { get; init; }

    [Description("What it holds: class, flag (1 or 0), number, or ordinal (one of levels); default: what the task says, and class for multi-target.")]
    public TargetKind? Kind { get; init; }

    [Description("What its loss is multiplied by; for task multi-target.")]
    [Range(0, 1e6, MinimumIsExclusive = true)]
    public double Weight { get; init; } = 1;

    [Description("Of kind ordinal: its levels, from the lowest to the highest.")]
    public IReadOnlyList<string>? Levels { get; init; }

    [Description("Its loss, where that is not the usual one of its kind: of a class cross-entropy or focal; of a flag binary, focal or asymmetric.")]
    public LossConfig? Loss { get; init; }

    public static implicit operator TargetConfig(string column) => new() { Column = column };

    /// <summary>What is wrong with it, each with its key.</summary>
    internal IEnumerable<ConfigFault> Validate(RecipeTask task)
    {
        var kind = KindIn(task);
        if (kind == TargetKind.Ordinal && Levels is null) yield return new("levels", "is required with kind ordinal: the levels from the lowest to the highest, such as [low, medium, high]");
        if (kind != TargetKind.Ordinal && Levels is not null) yield return new("levels", $"belongs to kind ordinal, the kind is {RecipeJson.Name(kind)}; take it out, or write kind: ordinal");
        if (Levels is { Count: < 2 }) yield return new("levels", FormattableString.Invariant($"got {Levels.Count}, expected at least two levels, from the lowest to the highest"));
        if (Levels?.GroupBy(level => level, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice) yield return new("levels", $"got '{twice.Key}' twice; every level has one place in the order");
        if (Loss is null) yield break;
        if (!IsMultiTarget(task)) yield return new("loss", "belongs to task multi-target, where each target has its own; name it as train.loss");
        foreach (var fault in Loss.Validate()) yield return fault with { Path = $"loss.{fault.Path}" };
        var wrong = kind switch
        {
            TargetKind.Class when Loss.Kind == LossKind.Binary => "got binary, expected cross-entropy or focal: beside other targets classes are told apart by a softmax",
            TargetKind.Class => Loss.FaultOfClasses,
            TargetKind.Flag => Loss.FaultOfLabels,
            _ => $"belongs to classes and flags; kind {RecipeJson.Name(kind)} has one loss",
        };
        if (wrong is not null) yield return new("loss", wrong);
    }

    public bool Equals(TargetConfig? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);

    /// <summary>Each target has a kind of its own.</summary>
    internal static bool IsMultiTarget(RecipeTask task) => task is RecipeTask.MultiTarget or RecipeTask.ImageMultiTarget;

    /// <summary>The kind that the task gives it.</summary>
    internal TargetKind KindIn(RecipeTask task) => task switch
    {
        RecipeTask.MultiLabel => TargetKind.Flag,
        RecipeTask.TextRegression => TargetKind.Number,
        _ => Kind ?? TargetKind.Class,
    };
}
