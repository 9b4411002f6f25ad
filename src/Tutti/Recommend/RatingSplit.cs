using Tutti.Tables;

namespace Tutti.Recommend;

/// <summary>Which ratings are held out to be predicted; the same arguments hold out the same rows on every machine.</summary>
public static class RatingSplit
{
    /// <summary>A share of all rows, drawn at random.</summary>
    /// <returns>The rows, ascending; at least one, and never all.</returns>
    public static int[] Random(int rows, double share, int seed)
    {
        var order = Enumerable.Range(0, rows).ToArray();
        new Shuffle(seed).Order<int>(order);
        return [.. order.Take(Part(rows, share)).Order()];
    }

    /// <summary>So many of every user's rows: the latest where times are known, else drawn at random. A user with no more rows than that keeps one.</summary>
    public static int[] PerUser(RatingRows rows, int count, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var order = Enumerable.Range(0, rows.Count).ToArray();
        new Shuffle(seed).Order<int>(order);
        var latest = rows.Times is { } times ? order.OrderByDescending(row => times[row]) : order.AsEnumerable();
        return [.. latest.GroupBy(row => rows.Users[row]).SelectMany(own => own.Take(Math.Min(count, own.Count() - 1))).Order()];
    }

    /// <summary>The latest share of all rows: what was rated before foretells what came after. Rows of the same time stay on one side.</summary>
    /// <param name="source">The file that errors name.</param>
    /// <exception cref="DataException">Times are not known, or all the same.</exception>
    public static int[] ByTime(RatingRows rows, double share, string source = "data")
    {
        if (rows.Times is not { } times) throw new DataException(source, "a split by time needs to know when a rating was given; name its column as data.time.");
        var sorted = times.Order().ToArray();
        var bound = sorted[rows.Count - Part(rows.Count, share)];
        if (bound == sorted[0]) bound = sorted.FirstOrDefault(time => time > bound, long.MinValue);
        if (bound == long.MinValue) throw new DataException(source, "all ratings are of the same time, so none is later than the others.");
        return [.. Enumerable.Range(0, rows.Count).Where(row => times[row] >= bound)];
    }

    /// <summary>All rows but these, ascending.</summary>
    public static int[] Others(int rows, int[] valid)
    {
        var held = new bool[rows];
        foreach (var row in valid) held[row] = true;
        return [.. Enumerable.Range(0, rows).Where(row => !held[row])];
    }

    static int Part(int rows, double share) => Math.Clamp((int)Math.Round(rows * share), 1, Math.Max(1, rows - 1));
}
