namespace Tutti.Vision;

/// <summary>
/// What happens last, at the size of the model: everything that moves pixels as one map and one interpolation, everything that changes brightness as one table. With an item transform that leaves the
/// picture larger before it, this is fastai's presizing: no border of padding, no pixel interpolated twice. Ranges are those of fastai's <c>aug_transforms</c>.
/// </summary>
public sealed record BatchTransform
{
    /// <summary>Of the result.</summary>
    public required int Width { get; init; }

    /// <summary>Of the result.</summary>
    public required int Height { get; init; }

    /// <summary>The probability of being mirrored left and right.</summary>
    public double Flip { get; init; } = 0.5;

    /// <summary>One of all eight orientations instead.</summary>
    public bool Dihedral { get; init; }

    /// <summary>Degrees, to either side.</summary>
    public double Rotate { get; init; } = 10;

    /// <summary>The most that is zoomed in, about a random place; 1: not at all.</summary>
    public double Zoom { get; init; } = 1.1;

    /// <summary>How far corners move, as a share of half a side.</summary>
    public double Warp { get; init; } = 0.2;

    /// <summary>How far brightness and contrast change.</summary>
    public double Lighting { get; init; } = 0.2;

    /// <summary>The probability of each of rotation, zoom and warp.</summary>
    public double AffineProbability { get; init; } = 0.75;

    /// <summary>The probability of each of brightness and contrast.</summary>
    public double LightingProbability { get; init; } = 0.75;

    public Edges Edges { get; init; } = Edges.Reflection;

    /// <summary>Only brought to the size, as for validation.</summary>
    public static BatchTransform None(int width, int height) => new() { Width = width, Height = height, Flip = 0, Rotate = 0, Zoom = 1, Warp = 0, Lighting = 0 };

    public Picture Apply(Picture picture, Draws draws)
    {
        var map = Map((double)picture.Width / picture.Height, draws);
        var (brightness, contrast) = Light(draws);
        var taken = map == Homography.Identity ? Resize.To(picture, Width, Height, ResizeFilter.Bilinear) : Sampler.Take(picture, map, Width, Height, Edges);
        return brightness == 0.5 && contrast == 1 ? taken : Colours.Lighting(taken, brightness, contrast);
    }

    /// <summary>All that moves pixels. As many numbers are drawn whatever happens, so that a change of one setting leaves the others' draws as they are.</summary>
    internal Homography Map(double aspect, Draws draws)
    {
        var (chance, way) = (draws.Uniform(), draws.Below(Orientations.Count));
        var (turns, degrees) = (draws.Chance(AffineProbability), draws.Between(-Rotate, Rotate));
        var (zooms, factor, x, y) = (draws.Chance(AffineProbability), draws.Between(1, Zoom), draws.Uniform(), draws.Uniform());
        var (warps, warpX, warpY) = (draws.Chance(AffineProbability), draws.Between(-Warp, Warp), draws.Between(-Warp, Warp));
        var map = Homography.Identity;
        if (warps && Warp > 0) map *= Homography.Warp(warpX, warpY);
        if (turns && Rotate > 0) map *= Homography.Rotation(degrees, aspect);
        if (zooms && Zoom > 1) map *= Homography.Zoom(factor, x, y);
        if (Dihedral) map *= Homography.Dihedral(way);
        else if (chance < Flip) map *= Homography.Dihedral(1);
        return map;
    }

    (double Brightness, double Contrast) Light(Draws draws)
    {
        var (brightens, brightness) = (draws.Chance(LightingProbability), draws.Between(0.5 * (1 - Lighting), 0.5 * (1 + Lighting)));
        var (contrasts, contrast) = (draws.Chance(LightingProbability), Math.Exp(draws.Between(Math.Log(1 - Lighting), -Math.Log(1 - Lighting))));
        return (brightens && Lighting > 0 ? brightness : 0.5, contrasts && Lighting > 0 ? contrast : 1);
    }
}
