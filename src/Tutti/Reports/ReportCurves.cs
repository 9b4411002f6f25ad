using System.Text.Json.Nodes;

namespace Tutti.Reports;

/// <summary>A cell's updates as columns of numbers, thinned to what can be drawn.</summary>
static class ReportCurves
{
    /// <summary>Points of all cells together, and of one.</summary>
    const int MostPoints = 20_000, MostOfCell = 400, FewestOfCell = 20;

    /// <summary>Points that one of so many cells may have.</summary>
    public static int PointsOf(int cells) => Math.Clamp(MostPoints / Math.Max(1, cells), FewestOfCell, MostOfCell);

    /// <summary>Consecutive updates become one point: the mean of their losses, the last rate, the most memory.</summary>
    /// <param name="steps">Update events in order.</param>
    /// <param name="points">At most so many.</param>
    public static JsonObject Of(IReadOnlyCollection<JsonObject> steps, int points)
    {
        JsonObject[][] parts = [.. Split([.. steps], points)];
        return new()
        {
            ["update"] = Column(parts, part => ReportJson.Number(part[^1]["update"])),
            ["loss"] = Column(parts, part => Mean(part.Select(step => ReportJson.Number(step["loss"])))),
            ["rate"] = Column(parts, part => ReportJson.Number(part[^1]["rate"])),
            ["bytes"] = Column(parts, part => part.Max(step => ReportJson.Number(step["bytes"]))),
        };
    }

    static IEnumerable<JsonObject[]> Split(JsonObject[] steps, int points)
    {
        var count = Math.Min(points, steps.Length);
        for (var i = 0; i < count; i++) yield return steps[(int)((long)steps.Length * i / count)..(int)((long)steps.Length * (i + 1) / count)];
    }

    static double? Mean(IEnumerable<double?> values)
    {
        double[] known = [.. values.OfType<double>()];
        return known.Length == 0 ? null : known.Average();
    }

    static JsonArray Column(JsonObject[][] parts, Func<JsonObject[], double?> value) => [.. parts.Select(part => ReportJson.Rounded(value(part)))];
}
