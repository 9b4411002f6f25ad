namespace Tutti.Vision;

/// <summary>The eight ways to lay a picture on a grid again: four quarter turns, each also mirrored. A group: see <see cref="After"/>.</summary>
/// <remarks>Numbered as fastai and others number them: bit 0 mirrors left and right, bit 1 top and bottom, bit 2 then swaps rows and columns.</remarks>
public static class Orientations
{
    public const int Count = 8;

    // EXIF 1..8 in these numbers: what brings the stored rows to what was seen.
    static readonly int[] exif = [0, 1, 3, 2, 4, 6, 7, 5];

    /// <summary>The picture as its EXIF orientation (1 to 8) says that it was seen.</summary>
    public static Picture Apply(Picture picture, int orientation) => Turn(picture, orientation is >= 1 and <= 8 ? exif[orientation - 1] : 0);

    /// <summary>One of the eight; 0 leaves the picture as it is.</summary>
    public static Picture Turn(Picture picture, int way)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(way);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(way, Count);
        if (way == 0) return picture;
        var (width, height) = (way & 4) == 0 ? (picture.Width, picture.Height) : (picture.Height, picture.Width);
        var to = new byte[3 * width * height];
        var from = picture.Pixels;
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var (sourceX, sourceY) = (way & 4) == 0 ? (x, y) : (y, x);
                if ((way & 1) != 0) sourceX = picture.Width - 1 - sourceX;
                if ((way & 2) != 0) sourceY = picture.Height - 1 - sourceY;
                var (at, source) = (3 * ((y * width) + x), 3 * ((sourceY * picture.Width) + sourceX));
                (to[at], to[at + 1], to[at + 2]) = (from[source], from[source + 1], from[source + 2]);
            }
        return new(width, height, to);
    }

    /// <summary>The one way that does what two do, first <paramref name="first"/>, then <paramref name="then"/>.</summary>
    public static int After(int first, int then)
    {
        // With T the swap and M mirrors: turning by T after mirrors in x is mirrors in y after T.
        var mirrors = then & 3;
        if ((first & 4) != 0) mirrors = ((mirrors & 1) << 1) | (mirrors >> 1);
        return ((first & 3) ^ mirrors) | ((first ^ then) & 4);
    }

    /// <summary>What undoes one.</summary>
    public static int Inverse(int way) => (way & 4) == 0 ? way : 4 | ((way & 1) << 1) | ((way >> 1) & 1);
}
