namespace Tutti.Vision;

/// <summary>Which size a picture of some size is brought to.</summary>
public sealed record ResizeRule
{
    enum Kind { None, Exact, Short, Inside }

    readonly Kind kind;
    readonly int width, height;

    ResizeRule(Kind kind, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        (this.kind, this.width, this.height) = (kind, width, height);
    }

    /// <summary>Its own.</summary>
    public static ResizeRule None { get; } = new(Kind.None, 0, 0);

    /// <summary>This one, whatever the picture's proportions: squished.</summary>
    public static ResizeRule Exact(int width, int height) => new(Kind.Exact, width, height);

    /// <summary>The shorter side becomes this long, the other follows in proportion, cut to whole pixels.</summary>
    public static ResizeRule ShortEdge(int pixels) => new(Kind.Short, pixels, pixels);

    /// <summary>As large as fits, in proportion, rounded to whole pixels.</summary>
    public static ResizeRule Inside(int width, int height) => new(Kind.Inside, width, height);

    /// <summary>The size where it is the same for every picture.</summary>
    public (int Width, int Height)? Always => kind == Kind.Exact ? (width, height) : null;

    /// <summary>Sides that are enough to start from: see <see cref="PictureReading.Enough"/>.</summary>
    internal (int Width, int Height) Enough => kind switch
    {
        Kind.Exact or Kind.Short => (width, height),
        _ => (0, 0),
    };

    /// <summary>The size for a picture of some size.</summary>
    public (int Width, int Height) Of(int width, int height) => kind switch
    {
        Kind.Exact => (this.width, this.height),
        Kind.Short when width <= height => (this.width, Math.Max(1, (int)((double)((long)this.width * height) / width))),
        Kind.Short => (Math.Max(1, (int)((double)((long)this.width * width) / height)), this.width),
        Kind.Inside => Fitting(width, height),
        _ => (width, height),
    };

    /// <summary>Kind and size: part of the key of kept pictures.</summary>
    public override string ToString() => FormattableString.Invariant($"{kind} {width}x{height}");

    // timm's ResizeKeepRatio with longest = 1: one ratio for both sides.
    (int Width, int Height) Fitting(int width, int height)
    {
        var ratio = Math.Max((double)height / this.height, (double)width / this.width);
        return (Math.Max(1, (int)Math.Round(width / ratio, MidpointRounding.ToEven)), Math.Max(1, (int)Math.Round(height / ratio, MidpointRounding.ToEven)));
    }
}
