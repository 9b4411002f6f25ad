namespace Tutti.Vision;

/// <summary>
/// A projective map of the plane. It says for a place of the result where in the source it is taken from, both with -1 at the left and top edge and 1 at the right and bottom edge. Several changes
/// of a picture become one product, and one interpolation.
/// </summary>
public readonly record struct Homography(double A, double B, double C, double D, double E, double F, double G, double H, double I)
{
    public static Homography Identity { get; } = new(1, 0, 0, 0, 1, 0, 0, 0, 1);

    /// <summary>First the right map, then the left one, as a product of matrices.</summary>
    public static Homography operator *(Homography left, Homography right) => new(
        (left.A * right.A) + (left.B * right.D) + (left.C * right.G), (left.A * right.B) + (left.B * right.E) + (left.C * right.H), (left.A * right.C) + (left.B * right.F) + (left.C * right.I),
        (left.D * right.A) + (left.E * right.D) + (left.F * right.G), (left.D * right.B) + (left.E * right.E) + (left.F * right.H), (left.D * right.C) + (left.E * right.F) + (left.F * right.I),
        (left.G * right.A) + (left.H * right.D) + (left.I * right.G), (left.G * right.B) + (left.H * right.E) + (left.I * right.H), (left.G * right.C) + (left.H * right.F) + (left.I * right.I));

    /// <summary>Where a place of the result is taken from.</summary>
    public (double X, double Y) Map(double x, double y)
    {
        var w = (G * x) + (H * y) + I;
        return (((A * x) + (B * y) + C) / w, ((D * x) + (E * y) + F) / w);
    }

    /// <summary>One of the eight ways of <see cref="Orientations"/>.</summary>
    public static Homography Dihedral(int way)
    {
        var (x, y) = ((way & 1) != 0 ? -1.0 : 1, (way & 2) != 0 ? -1.0 : 1);
        return (way & 4) == 0 ? new(x, 0, 0, 0, y, 0, 0, 0, 1) : new(0, x, 0, y, 0, 0, 0, 0, 1);
    }

    /// <summary>Turned counter-clockwise about the middle.</summary>
    /// <param name="degrees">The angle.</param>
    /// <param name="aspect">Width by height of the source: circles stay circles.</param>
    public static Homography Rotation(double degrees, double aspect)
    {
        var (sin, cos) = Math.SinCos(degrees * Math.PI / 180);
        return new(cos, -sin / aspect, 0, sin * aspect, cos, 0, 0, 0, 1);
    }

    /// <summary>A window of 1/factor of each side, about a place within the source (0 and 0: its left top corner; 1 and 1: its right bottom corner).</summary>
    public static Homography Zoom(double factor, double x = 0.5, double y = 0.5) =>
        new(1 / factor, 0, (1 - (1 / factor)) * ((2 * x) - 1), 0, 1 / factor, (1 - (1 / factor)) * ((2 * y) - 1), 0, 0, 1);

    /// <summary>A part of the source, in shares of its sides.</summary>
    public static Homography Window(double left, double top, double width, double height) =>
        new(width, 0, (2 * left) + width - 1, 0, height, (2 * top) + height - 1, 0, 0, 1);

    /// <summary>As if seen from the side: fastai's warp, where the corners move by this much, up and down, left and right.</summary>
    public static Homography Warp(double x, double y) => OfCorners((-1 - y, -1 - x), (1 + y, -1 + x), (-1 + y, 1 + x), (1 - y, 1 - x));

    /// <summary>The map by which the corners of the result are taken from four places.</summary>
    public static Homography OfCorners((double X, double Y) leftTop, (double X, double Y) rightTop, (double X, double Y) leftBottom, (double X, double Y) rightBottom)
    {
        // Heckbert 1989, section 2.2.3: from the unit square; then from -1..1 to it.
        var (dx1, dy1) = (rightTop.X - rightBottom.X, rightTop.Y - rightBottom.Y);
        var (dx2, dy2) = (leftBottom.X - rightBottom.X, leftBottom.Y - rightBottom.Y);
        var (sx, sy) = (leftTop.X - rightTop.X + rightBottom.X - leftBottom.X, leftTop.Y - rightTop.Y + rightBottom.Y - leftBottom.Y);
        var area = (dx1 * dy2) - (dx2 * dy1);
        var (g, h) = (((sx * dy2) - (dx2 * sy)) / area, ((dx1 * sy) - (sx * dy1)) / area);
        var square = new Homography(
            rightTop.X - leftTop.X + (g * rightTop.X), leftBottom.X - leftTop.X + (h * leftBottom.X), leftTop.X,
            rightTop.Y - leftTop.Y + (g * rightTop.Y), leftBottom.Y - leftTop.Y + (h * leftBottom.Y), leftTop.Y, g, h, 1);
        return square * new Homography(0.5, 0, 0.5, 0, 0.5, 0.5, 0, 0, 1);
    }

    /// <summary>How much of the source's area falls on the result's, about the middle.</summary>
    internal double AreaShare => Math.Abs((A * E) - (B * D)) / (I * I);
}
