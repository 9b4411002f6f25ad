using System.Globalization;

namespace Tutti.Vision;

/// <summary>How files become pixels.</summary>
public sealed record PictureReading
{
    /// <summary>Turn pictures as their EXIF orientation says. Pillow's <c>convert("RGB")</c>, and with it the usual Python pipelines, does not.</summary>
    public bool Orientation { get; init; } = true;

    /// <summary>Bring colours to sRGB where a file has another profile; else its numbers are taken as they are, as Pillow does.</summary>
    public bool Profiles { get; init; } = true;

    /// <summary>What transparent pixels become.</summary>
    public Transparency Transparency { get; init; } = Transparency.Dropped;

    /// <summary>
    /// The most pixels that a file may say it has, 100 million unless said otherwise: a few bytes can claim to be a picture that fills the memory.
    /// Decoding takes 3 bytes for each, and for a progressive JPEG about 9.
    /// </summary>
    public long MaxPixels { get; init; } = 100_000_000;

    /// <summary>The most bytes of a file.</summary>
    public long MaxBytes { get; init; } = 1 << 30;

    /// <summary>
    /// A width and a height (after the orientation) that are enough, or zeros for the full size: JPEG and WebP are then decoded at 1/2, 1/4 or 1/8 where that is no smaller,
    /// which is several times quicker. The pixels are those of a first reduction by averaging, so what is resized from them differs slightly from what is resized from all pixels;
    /// where nothing is reduced, a picture that is resized as it is read (<see cref="PictureSource"/>) is within 2 of 255 of what <see cref="Resize.To"/> makes.
    /// </summary>
    public (int Width, int Height) Enough { get; init; }

    /// <summary>Decode JPEG by libjpeg alone: the same pixels and errors, later. For tests.</summary>
    internal bool LibjpegAlone { get; init; }

    /// <summary>As Pillow's <c>Image.open(file).convert("RGB")</c>: neither orientation nor profiles, all pixels.</summary>
    public static PictureReading AsPillow { get; } = new() { Orientation = false, Profiles = false };

    /// <summary>Whether less than all pixels of a file will do.</summary>
    internal bool MayReduce(PictureFormat format) => format is PictureFormat.Jpeg or PictureFormat.Webp && Enough is { Width: > 0, Height: > 0 };

    /// <summary>By what to divide on loading.</summary>
    internal int Shrink(PictureFormat format, int width, int height)
    {
        if (!MayReduce(format)) return 1;
        var by = 8;
        while (by > 1 && ((width + by - 1) / by < Enough.Width || (height + by - 1) / by < Enough.Height)) by /= 2;
        return by;
    }

    /// <summary>What decides the pixels, for the key of a cache.</summary>
    internal string Identity => string.Create(CultureInfo.InvariantCulture, $"{Orientation} {Profiles} {Transparency} {Enough.Width}x{Enough.Height}");
}

/// <summary>What becomes of transparent pixels.</summary>
public enum Transparency
{
    /// <summary>They have the colour that the file gives them, as in Pillow and torchvision.</summary>
    Dropped,

    /// <summary>The picture is laid on white.</summary>
    OnWhite,
}

/// <summary>What the header of a file says.</summary>
/// <param name="Format">By its first bytes.</param>
/// <param name="Width">Before the orientation is applied.</param>
/// <param name="Height">Before the orientation is applied.</param>
/// <param name="Orientation">EXIF, 1 to 8; 1 where none is stated.</param>
/// <param name="Channels">1 grey, 2 grey and alpha, 3 colours, 4 with alpha or four inks.</param>
/// <param name="Bits">Of a channel.</param>
public sealed record PictureInfo(PictureFormat Format, int Width, int Height, int Orientation, int Channels, int Bits);
