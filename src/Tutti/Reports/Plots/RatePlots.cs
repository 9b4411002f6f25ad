using System.Globalization;

namespace Tutti.Reports.Plots;

/// <summary>A named curve.</summary>
/// <param name="Points">From left to right; NaN where there is none.</param>
public sealed record RateCurve(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Learning rates as SVG files: what a fit would use, and what sweeps found.</summary>
public static class RatePlots
{
    const int MostNamed = 12;

    /// <summary>The rate of every layer group along the updates.</summary>
    public static void WriteSchedule(string path, string title, IReadOnlyList<RateCurve> groups) => Write(path, title, groups, "update", "learning rate", zero: true, [], null);

    /// <summary>Losses along the logarithm of the rate, with marks at suggested rates.</summary>
    public static void WriteSweep(string path, string title, IReadOnlyList<RateCurve> sweeps, IReadOnlyList<(string Name, double Rate)> marks)
    {
        RateCurve[] logarithmic = [.. sweeps.Select(curve => curve with { Points = [.. curve.Points.Select(point => (Math.Log10(point.X), point.Y))] })];
        Write(path, title, logarithmic, "learning rate", "smoothed loss", zero: false, [.. marks.Select(mark => ($"{mark.Name} {mark.Rate.ToString("0.##e0", CultureInfo.InvariantCulture)}", Math.Log10(mark.Rate)))], power => $"1e{power.ToString("0.#", CultureInfo.InvariantCulture)}");
    }

    static void Write(string path, string title, IReadOnlyList<RateCurve> curves, string across, string up, bool zero, IReadOnlyList<(string Name, double At)> marks, Func<double, string>? label)
    {
        var points = curves.SelectMany(curve => curve.Points).Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).ToArray();
        var (left, right) = points.Length == 0 ? (0, 1) : (points.Min(point => point.X), points.Max(point => point.X));
        var (low, high) = points.Length == 0 ? (0, 1) : (zero ? 0 : points.Min(point => point.Y), points.Max(point => point.Y));
        var margin = high > low ? 0.05 * (high - low) : 1e-9;
        var legend = 16 * Math.Ceiling(Math.Min(curves.Count, MostNamed) / 4.0);
        var plot = new SvgPlot(title, 640, 340 + legend) { Top = 40 + legend, X = (left, right > left ? right : left + 1), Y = (zero ? 0 : low - margin, high + margin) };
        plot.Axes(across, up, label);
        foreach (var (i, curve) in curves.Index())
        {
            plot.Path(curve.Points, SvgPlot.Colour(i));
            if (i >= MostNamed) continue;
            var (x, y) = (80 + (i % 4 * 140), 40 + (i / 4 * 16));
            plot.Line(x - 14, y - 4, x - 2, y - 4, SvgPlot.Colour(i), 3);
            plot.Text(x + 2, y, curve.Name, size: 10);
        }
        foreach (var (i, mark) in marks.Index())
        {
            plot.Line(plot.AtX(mark.At), plot.AtY(plot.Y.Low), plot.AtX(mark.At), plot.AtY(plot.Y.High), "#4b5563", 1, "4 4");
            plot.Text(plot.AtX(mark.At) + 4, plot.AtY(plot.Y.High) + 12 + (14 * i), mark.Name, size: 10, colour: "#4b5563");
        }
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        AtomicFile.Write(path, plot.ToString());
    }
}
