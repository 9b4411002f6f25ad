namespace Tutti.Vision;

/// <summary>A change of one picture; random ones draw from the picture's own numbers.</summary>
public abstract record ItemTransform
{
    public abstract Picture Apply(Picture picture, Draws draws);

    /// <summary>Several, one after the other.</summary>
    public static Picture Apply(IEnumerable<ItemTransform> transforms, Picture picture, Draws draws) =>
        transforms.Aggregate(picture, (changed, transform) => transform.Apply(changed, draws));
}

/// <summary>To a size, whatever the proportions.</summary>
public sealed record Squish(int Width, int Height, ResizeFilter Filter = ResizeFilter.Bilinear) : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws) => Resize.To(picture, Width, Height, Filter);
}

/// <summary>Resized until it covers the size, then cut: anywhere, or from the middle.</summary>
/// <param name="Width">Of the result.</param>
/// <param name="Height">Of the result.</param>
/// <param name="Random">Cut anywhere, for training.</param>
/// <param name="Filter">Of the resize.</param>
public sealed record CropToCover(int Width, int Height, bool Random = false, ResizeFilter Filter = ResizeFilter.Bilinear) : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws)
    {
        var ratio = Math.Max((double)Width / picture.Width, (double)Height / picture.Height);
        var (width, height) = (Math.Max(Width, (int)Math.Round(picture.Width * ratio)), Math.Max(Height, (int)Math.Round(picture.Height * ratio)));
        var (left, top) = (width - Width, height - Height);
        (left, top) = Random ? (draws.Below(left + 1), draws.Below(top + 1)) : (left / 2, top / 2);
        return Resize.To(picture, width, height, Filter).Crop(left, top, Width, Height);
    }
}

/// <summary>Resized until it fits into the size, the rest padded on both sides alike.</summary>
/// <param name="Width">Of the result.</param>
/// <param name="Height">Of the result.</param>
/// <param name="Edges">What the padding is.</param>
/// <param name="Colour">Of the padding where it is <see cref="Edges.Zeros"/>.</param>
/// <param name="Filter">Of the resize.</param>
public sealed record PadToFit(int Width, int Height, Edges Edges = Edges.Zeros, Colour Colour = default, ResizeFilter Filter = ResizeFilter.Bilinear) : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws)
    {
        var (width, height) = ResizeRule.Inside(Width, Height).Of(picture.Width, picture.Height);
        var resized = Resize.To(picture, width, height, Filter);
        var (left, top) = ((width - Width) / 2, (height - Height) / 2);
        if (Edges == Edges.Zeros) return resized.Crop(left, top, Width, Height, Colour);
        // Whole pixels, so the interpolation takes each as it is.
        var window = Homography.Window((double)left / width, (double)top / height, (double)Width / width, (double)Height / height);
        return Sampler.Take(resized, window, Width, Height, Edges);
    }
}

/// <summary>A part of random area and proportions, brought to a size: Szegedy et al. 2015, as torchvision draws it.</summary>
/// <param name="Width">Of the result.</param>
/// <param name="Height">Of the result.</param>
/// <param name="LeastArea">The smallest part, as a share of the picture.</param>
/// <param name="MostArea">The largest part.</param>
/// <param name="Filter">Of the resize.</param>
public sealed record RandomResizedCrop(int Width, int Height, double LeastArea = 0.08, double MostArea = 1, ResizeFilter Filter = ResizeFilter.Bilinear) : ItemTransform
{
    const int Tries = 10;
    const double Slim = 3.0 / 4, Broad = 4.0 / 3;

    public override Picture Apply(Picture picture, Draws draws)
    {
        var (left, top, width, height) = Part(picture.Width, picture.Height, draws);
        return Resize.To(picture.Crop(left, top, width, height), Width, Height, Filter);
    }

    /// <summary>Which part of a picture of some size.</summary>
    internal (int Left, int Top, int Width, int Height) Part(int width, int height, Draws draws)
    {
        for (var i = 0; i < Tries; i++)
        {
            var area = (double)width * height * draws.Between(LeastArea, MostArea);
            var ratio = Math.Exp(draws.Between(Math.Log(Slim), Math.Log(Broad)));
            var (partWidth, partHeight) = ((int)Math.Round(Math.Sqrt(area * ratio)), (int)Math.Round(Math.Sqrt(area / ratio)));
            if (partWidth > 0 && partHeight > 0 && partWidth <= width && partHeight <= height)
                return (draws.Below(width - partWidth + 1), draws.Below(height - partHeight + 1), partWidth, partHeight);
        }
        // From the middle, as close to the proportions as the picture is.
        var own = (double)width / height;
        if (own < Slim) return Middle(width, (int)Math.Round(width / Slim));
        return own > Broad ? Middle((int)Math.Round(height * Broad), height) : (0, 0, width, height);

        (int, int, int, int) Middle(int partWidth, int partHeight) => ((width - partWidth) / 2, (height - partHeight) / 2, partWidth, partHeight);
    }
}

/// <summary>Mirrored left and right with some probability.</summary>
public sealed record Flip(double Probability = 0.5) : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws) => draws.Chance(Probability) ? Orientations.Turn(picture, 1) : picture;
}

/// <summary>Mirrored top and bottom with some probability.</summary>
public sealed record FlipUpsideDown(double Probability = 0.5) : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws) => draws.Chance(Probability) ? Orientations.Turn(picture, 2) : picture;
}

/// <summary>One of the eight orientations, for pictures without an up and a down.</summary>
public sealed record RandomOrientation : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws) => Orientations.Turn(picture, draws.Below(Orientations.Count));
}

/// <summary>torchvision's ColorJitter: brightness, contrast, saturation and hue, each by a random amount, in random order.</summary>
/// <param name="Brightness">A factor of 1 less or more than this.</param>
/// <param name="Contrast">A factor of 1 less or more than this.</param>
/// <param name="Saturation">A factor of 1 less or more than this.</param>
/// <param name="Hue">Turned by up to this share of the circle, at most 0.5.</param>
public sealed record ColourJitter(double Brightness = 0, double Contrast = 0, double Saturation = 0, double Hue = 0) : ItemTransform
{
    public override Picture Apply(Picture picture, Draws draws)
    {
        Span<int> order = [0, 1, 2, 3];
        draws.Shuffle(order);
        // All four are drawn, so that a jitter of one does not change what the others draw.
        double[] amounts = [Factor(Brightness), Factor(Contrast), Factor(Saturation), draws.Between(-Hue, Hue)];
        foreach (var which in order)
            picture = which switch
            {
                0 => Brightness > 0 ? Colours.Brightness(picture, amounts[0]) : picture,
                1 => Contrast > 0 ? Colours.Contrast(picture, amounts[1]) : picture,
                2 => Saturation > 0 ? Colours.Saturation(picture, amounts[2]) : picture,
                _ => Hue > 0 ? Colours.Hue(picture, amounts[3]) : picture,
            };
        return picture;

        double Factor(double most) => draws.Between(Math.Max(0, 1 - most), 1 + most);
    }
}
