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

    /// <summary>A picture as it is and mirrored.</summary>
    Flip,

    /// <summary>A picture in all eight orientations.</summary>
    Dihedral,

    /// <summary>The four corners and the middle of a picture that is an eighth larger than the model sees.</summary>
    Crops,

    /// <summary>A picture with random changes as in training.</summary>
    Augment,
}

/// <summary>
/// Test-time augmentation: rows that can be seen in several ways are predicted in all of them; the share that the mean of those gets beside the plain prediction is fitted out of fold. See docs/test-time.md.
/// </summary>
[ShortForm("views")]
public sealed record TestTimeConfig
{
    [Description("What a text longer than max-length is read as when it is predicted: as in training (none), windows over all of it, or its beginning and its end. What a picture is seen as: itself and mirrored (flip), in all eight orientations (dihedral), its corners and its middle (crops), or with random changes as in training (augment).")]
    public TestTimeViews Views { get; init; }

    [Description("Windows of a text, at most; of longer texts they lie farther apart. With augment the random views of a picture.")]
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

    /// <summary>Rows are seen in more ways than the plain one.</summary>
    internal bool Any => Views != TestTimeViews.None;

    /// <summary>They are ways to see pictures.</summary>
    internal bool OfPictures => Views is TestTimeViews.Flip or TestTimeViews.Dihedral or TestTimeViews.Crops or TestTimeViews.Augment;

    /// <summary>Every fault, each with its key under <c>test-time</c>.</summary>
    internal IReadOnlyList<ConfigFault> Validate(int maxLength)
    {
        var faults = ConfigFault.OfRanges(this);
        if ((Views != TestTimeViews.Windows && Stride is not null) || (Views is not (TestTimeViews.Windows or TestTimeViews.Augment) && Count != new TestTimeConfig().Count))
            faults.Add(new("views", $"is {RecipeJson.Name(Views)}, but count or stride are given, which belong to windows{(OfPictures ? ", count also to augment" : "")}"));
        if (Stride >= maxLength) faults.Add(new("stride", FormattableString.Invariant($"got {Stride}, expected less than max-length ({maxLength}): nothing between two windows may be left out")));
        return faults;
    }
}
