namespace Tutti.Vision;

/// <summary>Pixels of a picture: rows from the top, in each row red, green and blue of every pixel, sRGB. Nobody changes them once it is made.</summary>
public sealed class Picture
{
    readonly byte[] pixels;

    public int Width { get; }
    public int Height { get; }

    /// <summary>Height x Width x 3 bytes.</summary>
    public ReadOnlySpan<byte> Pixels => pixels.AsSpan(0, 3 * Width * Height);

    /// <param name="pixels">Width x height x 3 bytes; the picture takes them over.</param>
    public Picture(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.LongLength != 3L * width * height)
            throw new ArgumentException(FormattableString.Invariant($"got {pixels.LongLength} bytes for {width} x {height} pixels, expected {3L * width * height}"), nameof(pixels));
        (Width, Height, this.pixels) = (width, height, pixels);
    }

    // In a buffer that may be longer, and is used again when the caller is done with the picture.
    Picture(byte[] buffer, int width, int height) => (pixels, Width, Height) = (buffer, width, height);

    /// <summary>A picture in the first bytes of a buffer that its owner will use again: nobody may keep it.</summary>
    internal static Picture In(byte[] buffer, int width, int height) => new(buffer, width, height);

    /// <summary>A picture of its own bytes.</summary>
    internal Picture Copy() => new(Width, Height, Pixels.ToArray());

    /// <summary>A picture of one colour.</summary>
    public static Picture Of(int width, int height, Colour colour)
    {
        var pixels = new byte[3 * width * height];
        for (var i = 0; i < pixels.Length; i += 3) (pixels[i], pixels[i + 1], pixels[i + 2]) = (colour.Red, colour.Green, colour.Blue);
        return new(width, height, pixels);
    }

    /// <summary>The colour of a pixel.</summary>
    public Colour this[int x, int y]
    {
        get
        {
            var at = 3 * ((y * Width) + x);
            return new(pixels[at], pixels[at + 1], pixels[at + 2]);
        }
    }

    /// <summary>A row's bytes.</summary>
    public ReadOnlySpan<byte> Row(int y) => pixels.AsSpan(3 * Width * y, 3 * Width);

    /// <summary>Each byte replaced by what a function makes of it.</summary>
    internal Picture Map(ReadOnlySpan<byte> table)
    {
        var mapped = new byte[3 * Width * Height];
        for (var i = 0; i < mapped.Length; i++) mapped[i] = table[pixels[i]];
        return new(Width, Height, mapped);
    }

    /// <summary>A part, which may reach beyond the edges: what lies outside is of the padding colour.</summary>
    public Picture Crop(int left, int top, int width, int height, Colour padding = default)
    {
        var inside = left >= 0 && top >= 0 && left + width <= Width && top + height <= Height;
        var to = inside || padding == default ? new byte[3 * width * height] : Of(width, height, padding).pixels;
        var (from, until) = (Math.Max(0, -left), Math.Min(width, Width - left));
        if (from < until)
            for (var y = Math.Max(0, -top); y < Math.Min(height, Height - top); y++)
                Row(top + y).Slice(3 * (left + from), 3 * (until - from)).CopyTo(to.AsSpan(3 * ((y * width) + from)));
        return new(width, height, to);
    }
}

/// <summary>A rectangle in shares of a picture's width and height.</summary>
public readonly record struct PictureFrame(double Left, double Top, double Width, double Height)
{
    public static PictureFrame Whole => new(0, 0, 1, 1);
}

/// <summary>A colour in sRGB.</summary>
public readonly record struct Colour(byte Red, byte Green, byte Blue)
{
    public static Colour White => new(255, 255, 255);
}
