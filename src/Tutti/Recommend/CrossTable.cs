namespace Tutti.Recommend;

/// <summary>What the users with the most ratings say of the items with the most ratings.</summary>
/// <param name="Users">By number, the busiest first.</param>
/// <param name="Items">By number, the busiest first.</param>
/// <param name="Ratings">A row for every user, a column for every item; NaN where the user has not rated the item.</param>
public sealed record CrossTable(int[] Users, int[] Items, float[,] Ratings)
{
    /// <param name="count">The most users, and the most items.</param>
    public static CrossTable Of(RatingRows rows, int count = 10)
    {
        var (users, items) = (Busiest(rows.Users, rows.UserCount, count), Busiest(rows.Items, rows.ItemCount, count));
        var (across, down) = (Places(items), Places(users));
        var ratings = new float[users.Length, items.Length];
        for (var u = 0; u < users.Length; u++)
            for (var i = 0; i < items.Length; i++) ratings[u, i] = float.NaN;
        for (var row = 0; row < rows.Count; row++)
            if (down.TryGetValue(rows.Users[row], out var u) && across.TryGetValue(rows.Items[row], out var i)) ratings[u, i] = rows.Values[row];
        return new(users, items, ratings);
    }

    /// <summary>Rows of each user or item.</summary>
    public static int[] Counts(int[] of, int all)
    {
        var counts = new int[all];
        foreach (var number in of)
            if (number >= 0) counts[number]++;
        return counts;
    }

    static int[] Busiest(int[] of, int all, int count)
    {
        var counts = Counts(of, all);
        return [.. Enumerable.Range(0, all).Where(number => counts[number] > 0).OrderByDescending(number => counts[number]).ThenBy(number => number).Take(count)];
    }

    static Dictionary<int, int> Places(int[] numbers) => numbers.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
}
