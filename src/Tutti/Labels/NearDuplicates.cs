namespace Tutti.Labels;

/// <summary>Rows that are the same or nearly so: at most a share of the usual distance between nearest rows apart.</summary>
public static class NearDuplicates
{
    /// <param name="nearest">Neighbours of all rows, without themselves.</param>
    /// <param name="share">Of the median distance to the nearest row.</param>
    /// <returns>Pairs of rows, the lower number first, the nearest pairs first; only among the neighbours that were looked for.</returns>
    public static IReadOnlyList<(int Row, int Other, double Distance)> Find(NearestRows nearest, double share = 0.13)
    {
        double[] closest = [.. nearest.Distances.Where(row => row.Length > 0).Select(row => row[0]).Order()];
        if (closest.Length == 0) return [];
        var radius = share * (closest[(closest.Length - 1) / 2] + closest[closest.Length / 2]) / 2;
        return [.. Enumerable.Range(0, nearest.Rows.Length).SelectMany(row => nearest.Rows[row].Zip(nearest.Distances[row], (other, distance) =>
            (Row: Math.Min(row, other), Other: Math.Max(row, other), Distance: distance)))
            .Where(pair => pair.Distance <= radius).DistinctBy(pair => (pair.Row, pair.Other)).OrderBy(pair => (pair.Distance, pair.Row, pair.Other))];
    }
}
