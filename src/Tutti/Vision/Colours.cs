namespace Tutti.Vision;

/// <summary>Changes of colours with the bytes of Pillow's ImageEnhance, ImageOps and HSV conversion.</summary>
public static class Colours
{
    /// <summary>Towards black below 1, brighter above (<c>ImageEnhance.Brightness</c>).</summary>
    public static Picture Brightness(Picture picture, double factor) => Blend(new byte[picture.Pixels.Length], picture, (float)factor);

    /// <summary>Towards the mean grey below 1 (<c>ImageEnhance.Contrast</c>).</summary>
    public static Picture Contrast(Picture picture, double factor)
    {
        var sum = 0L;
        for (var i = 0; i < picture.Pixels.Length; i += 3) sum += Grey(picture.Pixels.Slice(i, 3));
        var mean = (byte)(((double)sum / (picture.Pixels.Length / 3)) + 0.5);
        var grey = new byte[picture.Pixels.Length];
        Array.Fill(grey, mean);
        return Blend(grey, picture, (float)factor);
    }

    /// <summary>Towards grey below 1 (<c>ImageEnhance.Color</c>).</summary>
    public static Picture Saturation(Picture picture, double factor)
    {
        var grey = new byte[picture.Pixels.Length];
        for (var i = 0; i < grey.Length; i += 3) grey.AsSpan(i, 3).Fill(Grey(picture.Pixels.Slice(i, 3)));
        return Blend(grey, picture, (float)factor);
    }

    /// <summary>Smoother below 1 (<c>ImageEnhance.Sharpness</c>).</summary>
    public static Picture Sharpness(Picture picture, double factor) => Blend(Smooth(picture), picture, (float)factor);

    /// <summary>Keeps the upper bits (<c>ImageOps.posterize</c>).</summary>
    public static Picture Posterize(Picture picture, int bits) => picture.Map(Table(i => i & ~((1 << (8 - bits)) - 1)));

    /// <summary>Inverts what is as bright as the threshold or brighter (<c>ImageOps.solarize</c>).</summary>
    public static Picture Solarize(Picture picture, double threshold) => picture.Map(Table(i => i < threshold ? i : 255 - i));

    /// <summary>Stretches each channel to 0..255 (<c>ImageOps.autocontrast</c>).</summary>
    public static Picture AutoContrast(Picture picture) => ByChannel(picture, counts =>
    {
        var (low, high) = (Array.FindIndex(counts, n => n > 0), Array.FindLastIndex(counts, n => n > 0));
        if (high <= low) return Table(i => i);
        var scale = 255.0 / (high - low);
        return Table(i => (int)((i * scale) + (-low * scale)));
    });

    /// <summary>Makes all brightnesses of a channel about equally frequent (<c>ImageOps.equalize</c>).</summary>
    public static Picture Equalize(Picture picture) => ByChannel(picture, counts =>
    {
        var step = (counts.Sum() - counts[Array.FindLastIndex(counts, n => n > 0)]) / 255;
        if (step == 0) return Table(i => i);
        var table = new byte[256];
        for (var (i, n) = (0, step / 2); i < 256; n += counts[i++]) table[i] = (byte)Math.Min(255, n / step);
        return table;
    });

    /// <summary>Turns the circle of hues by this share of it (torchvision's <c>adjust_hue</c>, through Pillow's HSV of 8 bits).</summary>
    public static Picture Hue(Picture picture, double share)
    {
        var turn = unchecked((byte)(int)(share * 255));
        var to = new byte[picture.Pixels.Length];
        for (var i = 0; i < to.Length; i += 3) Turned(picture.Pixels.Slice(i, 3), turn, to.AsSpan(i, 3));
        return new(picture.Width, picture.Height, to);
    }

    /// <summary>fastai's brightness and contrast: a shift and a factor in logits, so that nothing is cut off at black and white.</summary>
    /// <param name="brightness">0.5 changes nothing.</param>
    /// <param name="contrast">1 changes nothing.</param>
    public static Picture Lighting(Picture picture, double brightness, double contrast) => picture.Map(Table(i =>
        (int)Math.Round(255 / (1 + Math.Exp(-(Logit(i / 255.0) + Logit(brightness)) * contrast)))));

    static double Logit(double share) => -Math.Log((1 / Math.Clamp(share, 1e-7, 1 - 1e-7)) - 1);

    // Pillow's ImagingConvert: ITU-R 601-2 in 16 bits.
    static byte Grey(ReadOnlySpan<byte> pixel) => (byte)(((pixel[0] * 19595) + (pixel[1] * 38470) + (pixel[2] * 7471) + 0x8000) >> 16);

    // Pillow's ImagingBlend: in float32, cut to whole numbers.
    static Picture Blend(byte[] from, Picture picture, float share)
    {
        if (share == 1) return picture;
        var pixels = picture.Pixels;
        for (var i = 0; i < from.Length; i++)
        {
            var value = from[i] + (share * (pixels[i] - from[i]));
            from[i] = value <= 0 ? (byte)0 : value >= 255 ? (byte)255 : (byte)value;
        }
        return new(picture.Width, picture.Height, from);
    }

    // ImageFilter.SMOOTH: the pixel five times and its neighbours, by 13; the edges stay.
    static byte[] Smooth(Picture picture)
    {
        var to = picture.Pixels.ToArray();
        var from = picture.Pixels;
        var stride = 3 * picture.Width;
        for (var y = 1; y < picture.Height - 1; y++)
            for (var x = 3; x < stride - 3; x++)
            {
                var at = (y * stride) + x;
                var sum = 4 * from[at];
                for (var row = at - stride; row <= at + stride; row += stride) sum += from[row - 3] + from[row] + from[row + 3];
                to[at] = (byte)((sum / 13.0) + 0.5);
            }
        return to;
    }

    static byte[] Table(Func<int, int> of) => [.. Enumerable.Range(0, 256).Select(i => (byte)Math.Clamp(of(i), 0, 255))];

    static Picture ByChannel(Picture picture, Func<int[], byte[]> table)
    {
        var to = new byte[picture.Pixels.Length];
        for (var channel = 0; channel < 3; channel++)
        {
            var counts = new int[256];
            for (var i = channel; i < to.Length; i += 3) counts[picture.Pixels[i]]++;
            var mapped = table(counts);
            for (var i = channel; i < to.Length; i += 3) to[i] = mapped[picture.Pixels[i]];
        }
        return new(picture.Width, picture.Height, to);
    }

    // Pillow's rgb2hsv_row and hsv2rgb, with their roundings, and the turn between.
    static void Turned(ReadOnlySpan<byte> rgb, byte turn, Span<byte> to)
    {
        var (r, g, b) = (rgb[0], rgb[1], rgb[2]);
        var (most, least) = (Math.Max(r, Math.Max(g, b)), Math.Min(r, Math.Min(g, b)));
        var (hue, saturation) = ((byte)0, (byte)0);
        if (most != least)
        {
            var range = (float)(most - least);
            var (rc, gc, bc) = ((most - r) / range, (most - g) / range, (most - b) / range);
            var h = r == most ? bc - gc : g == most ? (float)(2.0 + rc - bc) : (float)(4.0 + gc - rc);
            h = (float)(((h / 6.0) + 1.0) % 1.0);
            (hue, saturation) = ((byte)(int)(h * 255.0), (byte)(int)(range / most * 255.0));
        }
        hue = unchecked((byte)(hue + turn));
        if (saturation == 0)
        {
            to.Fill(most);
            return;
        }
        var sector = (int)Math.Floor(hue * 6.0 / 255.0);
        var (f, fs) = ((float)((hue * 6.0 / 255.0) - sector), (float)(saturation / 255.0));
        var (p, q, t) = (Part(fs), Part(fs * f), Part(fs * (1 - f)));
        var (red, green, blue) = (sector % 6) switch { 0 => (most, t, p), 1 => (q, most, p), 2 => (p, most, t), 3 => (p, q, most), 4 => (t, p, most), _ => (most, p, q) };
        (to[0], to[1], to[2]) = (red, green, blue);

        byte Part(double less) => (byte)Math.Clamp(Math.Round(most * (1.0 - less), MidpointRounding.AwayFromZero), 0, 255);
    }
}
