using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Tutti.Training;

/// <summary>In which steps layer groups come to learn.</summary>
public enum UnfreezeKind
{
    /// <summary>All at once.</summary>
    All,

    /// <summary>One more per epoch, the head first (Howard and Ruder 2018, 3.3).</summary>
    Gradual,
}

/// <summary>When which layer groups learn.</summary>
[ShortForm("kind")]
public sealed record UnfreezeConfig
{
    [Description("all: every layer group at once; gradual: the head alone in the first epoch, then one more group per epoch.")]
    public UnfreezeKind Kind { get; init; } = UnfreezeKind.All;

    [Description("So many of the epochs train the head alone, by a cycle of their own up to learning-rate; then all groups learn at half of it, the lowest at a 200th, by schedule (fastai's fine_tune).")]
    [Range(0, int.MaxValue)]
    public int HeadEpochs { get; init; }

    public static implicit operator UnfreezeConfig(UnfreezeKind kind) => new() { Kind = kind };

    internal IEnumerable<ConfigFault> Validate(int epochs)
    {
        foreach (var fault in ConfigFault.OfRanges(this)) yield return fault with { Path = $"unfreeze.{fault.Path}" };
        if (Kind == UnfreezeKind.Gradual && HeadEpochs > 0) yield return new("unfreeze.head-epochs", "is given together with kind: gradual, which has one epoch for each group; keep one of them");
        if (HeadEpochs >= epochs && HeadEpochs > 0) yield return new("unfreeze.head-epochs", FormattableString.Invariant($"got {HeadEpochs}, expected fewer than epochs, which are {epochs}: the head's epochs are the first of them"));
    }
}
