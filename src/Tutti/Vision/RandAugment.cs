namespace Tutti.Vision;

/// <summary>Cubuk et al. 2019: some operations drawn from a list, all of one strength, with torchvision's list and ranges.</summary>
/// <param name="Operations">How many, one after the other.</param>
/// <param name="Magnitude">Their strength, 0 to <see cref="Bins"/> - 1.</param>
public sealed record RandAugment(int Operations = 2, int Magnitude = 9) : ItemTransform
{
    public const int Bins = 31;

    /// <summary>The operations, as torchvision names them.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize",
    ];

    public override Picture Apply(Picture picture, Draws draws)
    {
        for (var i = 0; i < Operations; i++)
        {
            var name = Names[draws.Below(Names.Count)];
            picture = Apply(picture, name, Strength(name, picture) * (IsSigned(name) && draws.Chance(0.5) ? -1 : 1));
        }
        return picture;
    }

    /// <summary>One operation of some strength: an angle, pixels, a factor less 1, bits or a threshold.</summary>
    public static Picture Apply(Picture picture, string name, double strength) => name switch
    {
        "Identity" => picture,
        "ShearX" => Moved(picture, new(1, strength, 0, 0, 1, 0, 0, 0, 1)),
        "ShearY" => Moved(picture, new(1, 0, 0, strength, 1, 0, 0, 0, 1)),
        "TranslateX" => Moved(picture, new(1, 0, -(int)strength, 0, 1, 0, 0, 0, 1)),
        "TranslateY" => Moved(picture, new(1, 0, 0, 0, 1, -(int)strength, 0, 0, 1)),
        "Rotate" => Sampler.Take(picture, Homography.Rotation(strength, (double)picture.Width / picture.Height), picture.Width, picture.Height, Edges.Zeros, nearest: true),
        "Brightness" => Colours.Brightness(picture, 1 + strength),
        "Color" => Colours.Saturation(picture, 1 + strength),
        "Contrast" => Colours.Contrast(picture, 1 + strength),
        "Sharpness" => Colours.Sharpness(picture, 1 + strength),
        "Posterize" => Colours.Posterize(picture, (int)strength),
        "Solarize" => Colours.Solarize(picture, strength),
        "AutoContrast" => Colours.AutoContrast(picture),
        "Equalize" => Colours.Equalize(picture),
        _ => throw new ArgumentException($"there is no operation '{name}'{Nearest.Hint(name, Names)}", nameof(name)),
    };

    double Strength(string name, Picture picture)
    {
        var share = Magnitude / (Bins - 1.0);
        return name switch
        {
            "ShearX" or "ShearY" => 0.3 * share,
            "TranslateX" => 150.0 / 331 * picture.Width * share,
            "TranslateY" => 150.0 / 331 * picture.Height * share,
            "Rotate" => 30 * share,
            "Brightness" or "Color" or "Contrast" or "Sharpness" => 0.9 * share,
            "Posterize" => 8 - Math.Round(4 * share, MidpointRounding.ToEven),
            "Solarize" => 255 * (1 - share),
            _ => 0,
        };
    }

    static bool IsSigned(string name) => name is "ShearX" or "ShearY" or "TranslateX" or "TranslateY" or "Rotate" or "Brightness" or "Color" or "Contrast" or "Sharpness";

    // A map in pixels from the left top corner, in -1..1 for the sampler. Shears leave the first row or column where it is.
    static Picture Moved(Picture picture, Homography pixels)
    {
        var (width, height) = (picture.Width / 2.0, picture.Height / 2.0);
        var toPixels = new Homography(width, 0, width, 0, height, height, 0, 0, 1);
        var fromPixels = new Homography(1 / width, 0, -1, 0, 1 / height, -1, 0, 0, 1);
        return Sampler.Take(picture, fromPixels * pixels * toPixels, picture.Width, picture.Height, Edges.Zeros, nearest: true);
    }
}
