namespace Tutti.Labels;

/// <summary>Rows that are the same or nearly so: at most a share of the usual distance between nearest rows apart.</summary>
public static class NearDuplicates
{
    internal const double UsualShare = 0.13;

    /// <param name="nearest">Neighbours of all rows, without themselves.</param>
    /// <param name="share">Of the median distance to the nearest row.</param>
    /// <returns>Pairs of rows, the lower number first, the nearest pairs first; only among the neighbours that were looked for.</returns>
    public static IReadOnlyList<(int Row, int Other, double Distance)> Find(NearestRows nearest, double share = UsualShare) =>
        [.. Within(nearest, [.. Enumerable.Range(0, nearest.Rows.Length)], share * Usual(nearest)).DistinctBy(pair => (pair.Row, pair.Other)).OrderBy(pair => (pair.Distance, pair.Row, pair.Other))];

    /// <summary>The usual distance to the nearest row: the median; 0 where there is none.</summary>
    internal static double Usual(NearestRows nearest)
    {
        double[] closest = [.. nearest.Distances.Where(row => row.Length > 0).Select(row => row[0])];
        return closest.Length == 0 ? 0 : OutlierScores.Median(closest);
    }

    /// <summary>Pairs that are at most so far apart, the lower number first; some stand there twice.</summary>
    /// <param name="rows">The number of each row whose neighbours these are.</param>
    internal static IEnumerable<(int Row, int Other, double Distance)> Within(NearestRows nearest, int[] rows, double radius) => rows.SelectMany((row, i) => nearest.Rows[i].Zip(nearest.Distances[i], (other, distance) =>
        (Row: Math.Min(row, other), Other: Math.Max(row, other), Distance: distance))).Where(pair => pair.Distance <= radius);
}
