using System.Globalization;

namespace Tutti.App;

/// <summary>Points on paper of characters: each is named where it lies, the line marks where both numbers are equal.</summary>
static class ScatterPlot
{
    const int Width = 56, Height = 14;

    /// <param name="points">Across, up, and a short name.</param>
    /// <param name="across">What is meant by the first number.</param>
    /// <param name="up">What is meant by the second.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<(double X, double Y, string Name)> points, string across, string up)
    {
        // One scale for both, so that the line of equal numbers is the diagonal.
        var (low, high) = (points.Min(point => Math.Min(point.X, point.Y)), points.Max(point => Math.Max(point.X, point.Y)));
        if (high == low) (low, high) = (low - 0.5, high + 0.5);
        var cells = new char[Height, Width];
        int Place(double value, int size) => (int)Math.Round((value - low) / (high - low) * (size - 1));
        for (var y = 0; y < Height; y++)
            for (var x = 0; x < Width; x++) cells[y, x] = (int)Math.Round((double)x / (Width - 1) * (Height - 1)) == y ? '.' : ' ';
        foreach (var (x, y, name) in points)
            for (var (i, at) = (0, Math.Min(Place(x, Width), Width - name.Length)); i < name.Length; i++) cells[Place(y, Height), at + i] = name[i];
        yield return up;
        for (var y = Height - 1; y >= 0; y--)
            yield return $"{(y == Height - 1 ? Number(high) : y == 0 ? Number(low) : ""),8} |{new string([.. Enumerable.Range(0, Width).Select(x => cells[y, x])]).TrimEnd()}";
        yield return $"{"",8} +{new string('-', Width)}";
        yield return $"{"",8}  {Number(low)}{across.PadLeft((Width + across.Length) / 2 - Number(low).Length).PadRight(Width - Number(low).Length - Number(high).Length)}{Number(high)}";
    }

    static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
