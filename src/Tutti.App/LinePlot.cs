using System.Globalization;

namespace Tutti.App;

/// <summary>Curves on paper of characters, each drawn with a letter of its own; where several pass, the last one is seen.</summary>
static class LinePlot
{
    /// <summary>A curve.</summary>
    /// <param name="Mark">Its character.</param>
    /// <param name="Points">From left to right; NaN where it is not drawn.</param>
    public sealed record Curve(char Mark, IReadOnlyList<(double X, double Y)> Points);

    /// <param name="curves">The later are drawn over the earlier.</param>
    /// <param name="across">What is meant by the first number.</param>
    /// <param name="up">What is meant by the second.</param>
    /// <param name="logarithmic">Equal ratios of the first number are equal distances.</param>
    /// <param name="width">In characters, without the numbers on the left.</param>
    /// <param name="height">In lines, without the numbers below.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<Curve> curves, string across, string up, bool logarithmic = false, int width = 68, int height = 14)
    {
        var points = curves.SelectMany(curve => curve.Points).Where(point => double.IsFinite(point.Y)).ToArray();
        if (points.Length == 0) yield break;
        double Scaled(double x) => logarithmic ? Math.Log(x) : x;
        var (left, right) = (points.Min(point => point.X), points.Max(point => point.X));
        var (low, high) = (points.Min(point => point.Y), points.Max(point => point.Y));
        if (high == low) (low, high) = (low - (Math.Abs(low) / 2) - 1e-9, high + (Math.Abs(high) / 2) + 1e-9);
        int Column(double x) => right == left ? 0 : (int)Math.Round((Scaled(x) - Scaled(left)) / (Scaled(right) - Scaled(left)) * (width - 1));
        int Row(double y) => (int)Math.Round((y - low) / (high - low) * (height - 1));
        var cells = new char[height, width];
        foreach (var curve in curves)
        {
            (int Column, int Row)? before = null;
            foreach (var (x, y) in curve.Points)
            {
                if (!double.IsFinite(y))
                {
                    before = null;
                    continue;
                }
                var at = (Column: Column(x), Row: Row(y));
                Draw(cells, before ?? at, at, curve.Mark);
                before = at;
            }
        }
        yield return up;
        for (var row = height - 1; row >= 0; row--)
            yield return $"{(row == height - 1 ? Number(high) : row == 0 ? Number(low) : ""),9} |{new string([.. Enumerable.Range(0, width).Select(x => cells[row, x] == 0 ? ' ' : cells[row, x])]).TrimEnd()}";
        yield return $"{"",9} +{new string('-', width)}";
        var (first, last) = (Number(left), Number(right));
        yield return $"{"",9}  {first}{across.PadLeft(((width + across.Length) / 2) - first.Length).PadRight(width - first.Length - last.Length)}{last}";
    }

    /// <summary>A straight line between two cells, without gaps.</summary>
    static void Draw(char[,] cells, (int Column, int Row) from, (int Column, int Row) to, char mark)
    {
        var steps = Math.Max(1, Math.Max(Math.Abs(to.Column - from.Column), Math.Abs(to.Row - from.Row)));
        for (var i = 0; i <= steps; i++)
            cells[(int)Math.Round(from.Row + ((to.Row - from.Row) * (double)i / steps)), (int)Math.Round(from.Column + ((to.Column - from.Column) * (double)i / steps))] = mark;
    }

    /// <summary>A number in few characters.</summary>
    public static string Number(double value) => Math.Abs(value) is >= 1e6 or (> 0 and < 1e-2) ? value.ToString("0.##e0", CultureInfo.InvariantCulture) : value.ToString("0.####", CultureInfo.InvariantCulture);
}
