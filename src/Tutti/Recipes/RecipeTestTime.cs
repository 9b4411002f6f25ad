using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>In how many ways a row is seen when it is predicted.</summary>
public enum TestTimeViews
{
    /// <summary>One, as in training.</summary>
    None,

    /// <summary>Windows over the whole of a text that is longer than max-length.</summary>
    Windows,

    /// <summary>The beginning and the end of such a text.</summary>
    HeadTail,
}

/// <summary>
/// Test-time augmentation: rows that can be seen in several ways are predicted in all of them; the share that the mean of those gets beside the plain prediction is fitted out of fold. See docs/test-time.md.
/// </summary>
[ShortForm("views")]
public sealed record TestTimeConfig
{
    [Description("What a text longer than max-length is read as when it is predicted: as in training (none), windows over all of it, or its beginning and its end.")]
    public TestTimeViews Views { get; init; }

    [Description("Windows of a text, at most; of longer texts they lie farther apart.")]
    [Range(2, int.MaxValue)]
    public int Count { get; init; } = 8;

    [Description("Tokens from one window to the next, at most; default: half a window.")]
    [Range(1, int.MaxValue)]
    public int? Stride { get; init; }

    public static implicit operator TestTimeConfig(TestTimeViews views) => new() { Views = views };

    /// <summary>The windows of a text; null for none.</summary>
    internal TextWindows? Windows => Views switch
    {
        TestTimeViews.Windows => new(Stride, Count),
        TestTimeViews.HeadTail => new(null, 2),
        _ => null,
    };

    /// <summary>Every fault, each with its key under <c>test-time</c>.</summary>
    internal IReadOnlyList<ConfigFault> Validate(int maxLength)
    {
        var faults = ConfigFault.OfRanges(this);
        if (Views != TestTimeViews.Windows && (Stride is not null || Count != new TestTimeConfig().Count)) faults.Add(new("views", $"is {RecipeJson.Name(Views)}, but count or stride are given, which belong to windows"));
        if (Stride >= maxLength) faults.Add(new("stride", FormattableString.Invariant($"got {Stride}, expected less than max-length ({maxLength}): nothing between two windows may be left out")));
        return faults;
    }
}
