namespace Tutti.Vision;

/// <summary>From bytes to what a model is given: (value / 255 - mean) / deviation by channel, channel by channel.</summary>
/// <param name="Mean">Of red, green and blue.</param>
/// <param name="Deviation">Of red, green and blue.</param>
public sealed record Normalization(Channels Mean, Channels Deviation)
{
    /// <summary>The statistics of ImageNet's pictures, which most published models were trained with.</summary>
    public static Normalization ImageNet { get; } = new(new(0.485f, 0.456f, 0.406f), new(0.229f, 0.224f, 0.225f));

    /// <summary>-1 to 1.</summary>
    public static Normalization Halves { get; } = new(new(0.5f, 0.5f, 0.5f), new(0.5f, 0.5f, 0.5f));

    /// <summary>0 to 1.</summary>
    public static Normalization None { get; } = new(default, new(1, 1, 1));

    /// <summary>3 x Height x Width numbers.</summary>
    public float[] Apply(Picture picture)
    {
        var to = new float[3 * picture.Width * picture.Height];
        Apply(picture, to);
        return to;
    }

    /// <inheritdoc cref="Apply(Picture)"/>
    public void Apply(Picture picture, Span<float> to)
    {
        var area = picture.Width * picture.Height;
        if (to.Length != 3 * area) throw new ArgumentException(FormattableString.Invariant($"got room for {to.Length} numbers, expected {3 * area}"), nameof(to));
        Span<float> table = stackalloc float[256];
        for (var channel = 0; channel < 3; channel++)
        {
            var (mean, deviation) = (Mean[channel], Deviation[channel]);
            for (var i = 0; i < 256; i++) table[i] = ((i / 255f) - mean) / deviation;
            var plane = to.Slice(channel * area, area);
            var from = picture.Pixels[channel..];
            for (var i = 0; i < plane.Length; i++) plane[i] = table[from[3 * i]];
        }
    }

    /// <summary>The picture again, for a look at what a model was given.</summary>
    public Picture Undo(ReadOnlySpan<float> numbers, int width, int height)
    {
        var area = width * height;
        var pixels = new byte[3 * area];
        for (var channel = 0; channel < 3; channel++)
            for (var i = 0; i < area; i++)
                pixels[(3 * i) + channel] = (byte)Math.Clamp(MathF.Round(((numbers[(channel * area) + i] * Deviation[channel]) + Mean[channel]) * 255), 0, 255);
        return new(width, height, pixels);
    }
}

/// <summary>A number for each channel.</summary>
public readonly record struct Channels(float Red, float Green, float Blue)
{
    /// <summary>Shares of 1 as a colour.</summary>
    public Colour Colour => new(Byte(Red), Byte(Green), Byte(Blue));

    static byte Byte(float share) => (byte)Math.Clamp(MathF.Round(255 * share), 0, 255);

    public float this[int channel] => channel switch { 0 => Red, 1 => Green, _ => Blue };
}
