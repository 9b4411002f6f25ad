using System.Globalization;

namespace Tutti.Bench;

/// <summary>How measured numbers are put together and written.</summary>
static class Figures
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>"12.3 (11.9..12.8)": the median, the least and the most.</summary>
    public static string Spread(IReadOnlyCollection<double> values) => $"{Number(Median(values))} ({Number(values.Min())}..{Number(values.Max())})";

    /// <summary>Three digits that count, or all before the point.</summary>
    public static string Number(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);

    /// <summary>A number as a command line or a file takes it.</summary>
    public static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>"71 %" of a share of 0.71.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");

    /// <summary>Four digits that count, for JSON.</summary>
    public static double Rounded(double value) => double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
