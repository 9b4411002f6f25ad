namespace Tutti.Vision;

/// <summary>What lies beyond the edges of a picture.</summary>
public enum Edges
{
    /// <summary>The picture, mirrored.</summary>
    Reflection,

    /// <summary>The last pixel again.</summary>
    Border,

    /// <summary>Black.</summary>
    Zeros,
}

/// <summary>Takes a picture anew through a <see cref="Homography"/>: one interpolation, whatever the map is made of.</summary>
public static class Sampler
{
    /// <param name="picture">The source.</param>
    /// <param name="map">Where each place of the result is taken from.</param>
    /// <param name="width">Of the result.</param>
    /// <param name="height">Of the result.</param>
    /// <param name="edges">What lies beyond the source's edges.</param>
    /// <param name="nearest">The nearest pixel instead of four weighed ones.</param>
    public static Picture Take(Picture picture, Homography map, int width, int height, Edges edges = Edges.Reflection, bool nearest = false)
    {
        if (!nearest) picture = Reduced(picture, map, width, height);
        var to = new byte[3 * width * height];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var (u, v) = map.Map((((2 * x) + 1.0) / width) - 1, (((2 * y) + 1.0) / height) - 1);
                // In pixels of the source, whose middles are whole numbers; what is infinitely far is taken from the corner.
                var (px, py) = (Finite(((u + 1) * picture.Width - 1) / 2), Finite(((v + 1) * picture.Height - 1) / 2));
                var pixel = to.AsSpan(3 * ((y * width) + x), 3);
                if (nearest) Nearest(picture, px, py, edges, pixel);
                else Bilinear(picture, px, py, edges, pixel);
            }
        return new(width, height, to);
    }

    // Where two pixels or more fall on one of the result, four neighbours are too few: averaged first.
    static Picture Reduced(Picture picture, Homography map, int width, int height)
    {
        var factor = (int)Math.Sqrt(map.AreaShare * picture.Width * picture.Height / ((double)width * height));
        return factor < 2 ? picture : Resize.To(picture, Math.Max(1, picture.Width / factor), Math.Max(1, picture.Height / factor), ResizeFilter.Box);
    }

    static void Bilinear(Picture picture, double x, double y, Edges edges, Span<byte> to)
    {
        if (edges != Edges.Zeros) (x, y) = (Inside(x, picture.Width, edges), Inside(y, picture.Height, edges));
        else if (x <= -1 || y <= -1 || x >= picture.Width || y >= picture.Height) return;
        var (left, top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        var (dx, dy) = (x - left, y - top);
        for (var c = 0; c < 3; c++)
        {
            var upper = (At(left, top) * (1 - dx)) + (At(left + 1, top) * dx);
            var lower = (At(left, top + 1) * (1 - dx)) + (At(left + 1, top + 1) * dx);
            to[c] = (byte)((upper * (1 - dy)) + (lower * dy) + 0.5);

            double At(int column, int row)
            {
                if (edges == Edges.Zeros && (column < 0 || row < 0 || column >= picture.Width || row >= picture.Height)) return 0;
                return picture.Pixels[(3 * ((Math.Clamp(row, 0, picture.Height - 1) * picture.Width) + Math.Clamp(column, 0, picture.Width - 1))) + c];
            }
        }
    }

    static void Nearest(Picture picture, double x, double y, Edges edges, Span<byte> to)
    {
        if (edges != Edges.Zeros) (x, y) = (Inside(x, picture.Width, edges), Inside(y, picture.Height, edges));
        var (column, row) = (Math.Floor(x + 0.5), Math.Floor(y + 0.5));
        if (column < 0 || row < 0 || column >= picture.Width || row >= picture.Height) return;
        picture.Row((int)row).Slice(3 * (int)column, 3).CopyTo(to);
    }

    // Mirrored at the outer edges of the first and the last pixel.
    static double Inside(double at, int size, Edges edges)
    {
        if (edges == Edges.Reflection)
        {
            at = (at + 0.5) % (2.0 * size);
            if (at < 0) at += 2.0 * size;
            at = (at > size ? (2.0 * size) - at : at) - 0.5;
        }
        return Math.Clamp(at, 0, size - 1);
    }

    static double Finite(double value) => double.IsFinite(value) ? Math.Clamp(value, -1e9, 1e9) : -1e9;
}
