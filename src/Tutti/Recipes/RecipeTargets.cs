using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

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
}

/// <summary>A column that is learnt beside others.</summary>
[ShortForm("column")]
public sealed record TargetConfig
{
    [Description("The column; the target has its name.")]
    public required string Column { get; init; }

    [Description("What it holds: class, flag (1 or 0) or number; default: what the task says, and class for multi-target.")]
    public TargetKind? Kind { get; init; }

    [Description("What its loss is multiplied by; for task multi-target.")]
    [Range(0, 1e6, MinimumIsExclusive = true)]
    public double Weight { get; init; } = 1;

    public static implicit operator TargetConfig(string column) => new() { Column = column };

    /// <summary>The kind that the task gives it.</summary>
    internal TargetKind KindIn(RecipeTask task) => task switch
    {
        RecipeTask.MultiLabel => TargetKind.Flag,
        RecipeTask.TextRegression => TargetKind.Number,
        _ => Kind ?? TargetKind.Class,
    };
}
