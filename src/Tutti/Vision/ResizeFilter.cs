namespace Tutti.Vision;

/// <summary>How pixels are weighed when a picture changes its size: Pillow's filters.</summary>
public enum ResizeFilter
{
    Nearest,
    Box,
    Bilinear,
    Hamming,
    Bicubic,
    Lanczos,
}

/// <summary>The weights of every filter by distance, and how far they reach at full size.</summary>
static class ResizeFilters
{
    public static double Support(ResizeFilter filter) => filter switch
    {
        ResizeFilter.Box => 0.5,
        ResizeFilter.Bilinear or ResizeFilter.Hamming => 1,
        ResizeFilter.Bicubic => 2,
        ResizeFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "has no weights"),
    };

    public static double Weight(ResizeFilter filter, double x) => filter switch
    {
        ResizeFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResizeFilter.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        ResizeFilter.Hamming => Math.Abs(x) switch
        {
            0 => 1,
            >= 1 => 0,
            var d => Math.Sin(d * Math.PI) / (d * Math.PI) * (0.54 + (0.46 * Math.Cos(d * Math.PI))),
        },
        ResizeFilter.Bicubic => Cubic(Math.Abs(x)),
        ResizeFilter.Lanczos => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "has no weights"),
    };

    // Keys 1981 with a = -0.5.
    static double Cubic(double x)
    {
        const double a = -0.5;
        if (x < 1) return ((((a + 2) * x) - (a + 3)) * x * x) + 1;
        return x < 2 ? ((((x - 5) * x) + 8) * x - 4) * a : 0;
    }

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
