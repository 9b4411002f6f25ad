namespace Tutti.Reports.Plots;

/// <summary>Items by two numbers each, named, as an SVG file.</summary>
public static class ItemPlot
{
    const int LongestName = 28;

    /// <param name="path">The file.</param>
    /// <param name="items">Across, up, and what it is called.</param>
    public static void Write(string path, IReadOnlyList<(double X, double Y, string Name)> items)
    {
        static (double, double) Range(IEnumerable<double> values) => (values.Min(), values.Max()) is var (low, high) && high > low ? (low - (0.08 * (high - low)), high + (0.2 * (high - low))) : (low - 1, low + 1);
        var plot = new SvgPlot("Items by their first two principal axes", 900, 640) { X = Range(items.Select(item => item.X)), Y = Range(items.Select(item => item.Y)) };
        plot.Axes("first axis", "second axis");
        foreach (var (x, y, name) in items)
        {
            plot.Circle(plot.AtX(x), plot.AtY(y), 3, SvgPlot.Colour(0));
            plot.Text(plot.AtX(x) + 5, plot.AtY(y) + 4, name.Length <= LongestName ? name : $"{name[..(LongestName - 1)]}\u2026", size: 10);
        }
        AtomicFile.Write(path, plot.ToString());
    }
}
