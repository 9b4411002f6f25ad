using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>Rows without labels, which a finished run labels: each fold learns from what that run's cells of the same fold say of them. See docs/distill.md.</summary>
public sealed record UnlabelledConfig
{
    [Description("File of rows without labels, with the columns of text (and of the teacher's).")]
    public required string File { get; init; }

    [Description("Folder of a finished run with the same folds, whose cells label the rows.")]
    public required string Run { get; init; }

    [Description("Rows whose most probable class has less than this are left out; default: 0.9, with soft 0.")]
    [Range(0, 1.0)]
    public double? AtLeast { get; init; }

    [Description("The surest rows of a fold, at most; default: all.")]
    [Range(1, int.MaxValue)]
    public int? Most { get; init; }

    [Description("Learn the probabilities in place of the most probable class.")]
    public bool Soft { get; init; }

    [Description("What such a row's loss counts for beside a labelled row's 1.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double Weight { get; init; } = 1;

    /// <summary>The least probability of a row's class.</summary>
    internal double Least => AtLeast ?? (Soft ? 0 : 0.9);

    internal UnlabelledConfig RelativeTo(string folder) => this with { File = Path.GetFullPath(File, folder), Run = Path.GetFullPath(Run, folder) };

    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        foreach (var (key, value) in new[] { ("file", File), ("run", Run) })
            if (value is "") faults.Add(new(key, "got an empty text"));
        return faults;
    }
}

/// <summary>What a finished run has to say of every row, to be learnt beside its label: <c>tutti distill</c> writes such recipes. See docs/distill.md.</summary>
public sealed record DistillConfig
{
    [Description("Folder of a finished run with the same folds: the teacher, whose out-of-fold blend is learnt.")]
    public required string Run { get; init; }

    [Description("The labels' part of the loss; the rest is the teacher's.")]
    [Range(0, 1.0)]
    public double Alpha { get; init; } = 0.5;

    [Description("What the logits of teacher and student are divided by when they are compared; above 1 the lesser probabilities tell more.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double Temperature { get; init; } = 2;

    [Description("File of rows without labels, which the whole blend predicts and the student learns too.")]
    public string? Unlabelled { get; init; }

    internal DistillConfig RelativeTo(string folder) => this with { Run = Path.GetFullPath(Run, folder), Unlabelled = Unlabelled is null ? null : Path.GetFullPath(Unlabelled, folder) };

    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        if (Run is "") faults.Add(new("run", "got an empty text"));
        if (Unlabelled is "") faults.Add(new("unlabelled", "got an empty text"));
        if (Alpha == 1 && Unlabelled is null) faults.Add(new("alpha", "is 1, which leaves the teacher nothing to say; expected less"));
        return faults;
    }
}
