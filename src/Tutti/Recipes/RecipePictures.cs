using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>How a picture of other proportions is brought to the size of the model.</summary>
public enum PictureResize
{
    /// <summary>Whatever its proportions.</summary>
    Squish,

    /// <summary>Until it covers the size; what stands over is cut off, in training anywhere, else on both sides alike.</summary>
    Crop,

    /// <summary>Until it fits into the size; the rest is black.</summary>
    Pad,
}

/// <summary>How pictures of an update are mixed.</summary>
public enum PictureMix
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Weighed sums of two pictures (Zhang et al. 2017).</summary>
    Mixup,

    /// <summary>A rectangle of another picture (Yun et al. 2019).</summary>
    Cutmix,

    /// <summary>One of both, drawn for every update.</summary>
    Either,
}

/// <summary>What pictures become before a model sees them.</summary>
public sealed record PicturesConfig
{
    [Description("Width and height that the model sees: a number for both, or width and height; default: what the network was made for.")]
    public PictureSize? Size { get; init; }

    [Description("How a picture of other proportions gets there: squish, crop (in training anywhere) or pad.")]
    public PictureResize Resize { get; init; }

    [Description("The size that pictures are squished to first, once, and kept at; random changes start from it; default: the size itself.")]
    public PictureSize? Presize { get; init; }

    [Description("Random changes of training pictures, drawn from seed, epoch and picture; default: none.")]
    public AugmentConfig Augment { get; init; } = new();

    [Description("Pictures of an update mixed with each other while they are learnt: mixup, cutmix or either. A mapping, or its kind alone; default: none.")]
    public MixConfig Mix { get; init; } = new();

    internal IEnumerable<ConfigFault> Validate() => [.. Under("size", Size is null ? [] : ConfigFault.OfRanges(Size)), .. Under("presize", Presize is null ? [] : ConfigFault.OfRanges(Presize)), .. Under("augment", Augment.Validate()), .. Under("mix", Mix.Validate())];

    static IEnumerable<ConfigFault> Under(string key, IEnumerable<ConfigFault> faults) => faults.Select(fault => fault with { Path = $"{key}.{fault.Path}" });
}

/// <summary>Pixels of a side, or of both.</summary>
[ShortForm("width")]
public sealed record PictureSize
{
    [Description("Width in pixels.")]
    [Range(1, 4096)]
    public required int Width { get; init; }

    [Description("Height in pixels; default: as wide.")]
    [Range(1, 4096)]
    public int? Height { get; init; }

    internal (int Width, int Height) Sides => (Width, Height ?? Width);
}

/// <summary>Pictures mixed with others of their update; what is learnt of one are the shares of both classes.</summary>
[ShortForm("kind")]
public sealed record MixConfig
{
    [Description("Weighed sums of two pictures (mixup), a rectangle of another one (cutmix), or one of both, drawn for every update (either).")]
    public PictureMix Kind { get; init; }

    [Description("Both parameters of the beta distribution that shares are drawn from; default: 0.4 for mixup, 1 for cutmix.")]
    [Range(0, 100.0, MinimumIsExclusive = true)]
    public double? Alpha { get; init; }

    [Description("The share of updates whose pictures are mixed.")]
    [Range(0, 1.0, MinimumIsExclusive = true)]
    public double Probability { get; init; } = 1;

    public static implicit operator MixConfig(PictureMix kind) => new() { Kind = kind };

    internal IEnumerable<ConfigFault> Validate()
    {
        foreach (var fault in ConfigFault.OfRanges(this)) yield return fault;
        if (Kind == PictureMix.None && (Alpha is not null || Probability != 1)) yield return new("kind", "is none, but alpha or probability are given, which say how pictures are mixed");
    }
}

/// <summary>Random changes of a picture that is learnt from. Nothing is changed unless it is asked for.</summary>
public sealed record AugmentConfig
{
    [Description("Mirrored left and right, every other time.")]
    public bool Flip { get; init; }

    [Description("Laid in one of all eight ways, for pictures without an up and a down.")]
    public bool Dihedral { get; init; }

    [Description("Turned by up to so many degrees.")]
    [Range(0, 180)]
    public double Rotate { get; init; }

    [Description("Zoomed in by up to this factor, about a random place.")]
    [Range(1, 10.0)]
    public double Zoom { get; init; } = 1;

    [Description("Corners moved by up to this share of half a side.")]
    [Range(0, 0.9)]
    public double Warp { get; init; }

    [Description("How far brightness and contrast change.")]
    [Range(0, 0.9)]
    public double Lighting { get; init; }

    [Description("How far brightness, contrast and saturation change each, in random order, as torchvision's ColorJitter.")]
    [Range(0, 1.0)]
    public double Jitter { get; init; }

    [Description("A part of at least this share of the area, of random proportions, in place of resize; default: none.")]
    [Range(0, 1.0, MinimumIsExclusive = true)]
    public double? Part { get; init; }

    [Description("RandAugment: so many operations of magnitude 9; default: none.")]
    [Range(0, 10)]
    public int RandAugment { get; init; }

    [Description("The probability that a rectangle is erased.")]
    [Range(0, 1.0)]
    public double Erase { get; init; }

    internal IEnumerable<ConfigFault> Validate()
    {
        foreach (var fault in ConfigFault.OfRanges(this)) yield return fault;
        if (Flip && Dihedral) yield return new("flip", "is given together with dihedral, which mirrors too; keep one of them");
    }
}
