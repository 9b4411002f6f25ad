namespace Tutti.Vision;

/// <summary>
/// What happens to every picture before a model sees it: another size, a crop from the middle, normalisation. The pipelines of torchvision, timm and Hugging Face
/// differ in how they round; each is followed to the pixel.
/// </summary>
public sealed record Preprocess
{
    /// <summary>The size that a picture is brought to, before the crop.</summary>
    public required ResizeRule Resize { get; init; }

    public ResizeFilter Filter { get; init; } = ResizeFilter.Bilinear;

    /// <summary>Width and height of what is cut from the middle; null: nothing is cut. What the picture lacks is padded.</summary>
    public (int Width, int Height)? Crop { get; init; }

    /// <summary>Where the middle is when a crop leaves an odd number of pixels.</summary>
    public CropRounding Rounding { get; init; } = CropRounding.HalfToEven;

    /// <summary>The colour around a picture that is smaller than the crop.</summary>
    public Colour Padding { get; init; }

    public Normalization Normalization { get; init; } = Normalization.ImageNet;

    /// <summary>torchvision: <c>Resize(shortEdge)</c>, <c>CenterCrop(crop)</c>, <c>ToTensor</c>, <c>Normalize</c>.</summary>
    public static Preprocess Torchvision(int shortEdge, int crop, ResizeFilter filter = ResizeFilter.Bilinear) =>
        new() { Resize = ResizeRule.ShortEdge(shortEdge), Crop = (crop, crop), Filter = filter };

    /// <summary>timm's evaluation transform of a square input.</summary>
    /// <param name="size">Width and height that the model takes.</param>
    /// <param name="cropShare">timm's crop_pct: the crop's side by that of the resized picture.</param>
    /// <param name="filter">timm's interpolation.</param>
    /// <param name="mode">timm's crop_mode.</param>
    /// <param name="normalization">timm's mean and std.</param>
    public static Preprocess Timm(int size, double cropShare = 0.875, ResizeFilter filter = ResizeFilter.Bicubic, CropMode mode = CropMode.Center, Normalization? normalization = null)
    {
        var scaled = (int)Math.Floor(size / cropShare);
        return new()
        {
            Resize = mode switch
            {
                CropMode.Squash => ResizeRule.Exact(scaled, scaled),
                CropMode.Border => ResizeRule.Inside(scaled, scaled),
                _ => ResizeRule.ShortEdge(scaled),
            },
            Crop = (size, size),
            Filter = filter,
            Normalization = normalization ?? Normalization.ImageNet,
            Padding = mode == CropMode.Border ? (normalization ?? Normalization.ImageNet).Mean.Colour : default,
        };
    }

    /// <summary>Hugging Face's <c>ViTImageProcessor</c> (and Swin's, DeiT's without crop): squished to the size, no crop.</summary>
    public static Preprocess HuggingFaceVit(int width, int height, ResizeFilter filter = ResizeFilter.Bilinear, Normalization? normalization = null) =>
        new() { Resize = ResizeRule.Exact(width, height), Filter = filter, Normalization = normalization ?? Normalization.Halves };

    /// <summary>Hugging Face's <c>ConvNextImageProcessor</c> (ResNet's too): below 384 pixels a larger short edge and a crop, else squished.</summary>
    public static Preprocess HuggingFaceConvNext(int shortEdge, double cropShare = 224.0 / 256, ResizeFilter filter = ResizeFilter.Bilinear, Normalization? normalization = null) => new()
    {
        Resize = shortEdge < 384 ? ResizeRule.ShortEdge((int)(shortEdge / cropShare)) : ResizeRule.Exact(shortEdge, shortEdge),
        Crop = shortEdge < 384 ? (shortEdge, shortEdge) : null,
        Rounding = CropRounding.Down,
        Filter = filter,
        Normalization = normalization ?? Normalization.Halves,
    };

    /// <summary>Width and height of what comes out, where they do not depend on the picture.</summary>
    public (int Width, int Height)? Size => Crop ?? Resize.Always;

    /// <summary>How to read files for it: no more pixels than it needs, where <paramref name="shrink"/> allows a first reduction on loading.</summary>
    public PictureReading Reading(PictureReading reading, bool shrink) => shrink ? reading with { Enough = Resize.Enough } : reading;

    /// <summary>Resized and cropped, still bytes.</summary>
    public Picture Pixels(Picture picture)
    {
        var (width, height) = Resize.Of(picture.Width, picture.Height);
        return Cropped(Vision.Resize.To(picture, width, height, Filter));
    }

    /// <summary>What a model is given: 3 x height x width numbers.</summary>
    public float[] Apply(Picture picture) => Normalization.Apply(Pixels(picture));

    Picture Cropped(Picture picture)
    {
        if (Crop is not var (width, height) || (width == picture.Width && height == picture.Height)) return picture;
        return picture.Crop(Start(picture.Width, width), Start(picture.Height, height), width, height, Padding);
    }

    // What is smaller than the crop lies in its middle, the odd pixel of padding behind it.
    int Start(int from, int to) => from < to ? -((to - from) / 2) : Rounding == CropRounding.HalfToEven ? (int)Math.Round((from - to) / 2.0, MidpointRounding.ToEven) : (from - to) / 2;
}

/// <summary>How the start of a crop from the middle is rounded.</summary>
public enum CropRounding
{
    /// <summary>torchvision and timm: <c>int(round(x / 2.0))</c>.</summary>
    HalfToEven,

    /// <summary>Hugging Face: <c>x // 2</c>.</summary>
    Down,
}

/// <summary>timm's ways to bring a picture to the input's size.</summary>
public enum CropMode
{
    Center,
    Squash,
    Border,
}
