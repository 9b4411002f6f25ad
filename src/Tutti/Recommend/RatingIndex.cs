using System.Globalization;

namespace Tutti.Recommend;

/// <summary>Ratings grouped by user or by item: those of one lie side by side, in the order of the rows.</summary>
sealed class RatingIndex
{
    RatingIndex(int count, int rows) => (Starts, Others, Values, Rows) = (new int[count + 1], new int[rows], new float[rows], new int[rows]);

    /// <summary>Those of number n are at Starts[n] to Starts[n + 1] - 1.</summary>
    public int[] Starts { get; }

    /// <summary>The items of a user, or the users of an item.</summary>
    public int[] Others { get; }

    public float[] Values { get; }

    /// <summary>Rows of the table that the ratings come from.</summary>
    public int[] Rows { get; }

    public int Count => Starts.Length - 1;

    public static RatingIndex ByUser(RatingRows rows) => Of(rows.Users, rows.Items, rows.Values, rows.UserCount);

    public static RatingIndex ByItem(RatingRows rows) => Of(rows.Items, rows.Users, rows.Values, rows.ItemCount);

    public int CountOf(int number) => Starts[number + 1] - Starts[number];

    public ReadOnlySpan<int> OthersOf(int number) => Others.AsSpan(Starts[number], CountOf(number));

    public ReadOnlySpan<float> ValuesOf(int number) => Values.AsSpan(Starts[number], CountOf(number));

    // A counting sort, which keeps the order of equals.
    static RatingIndex Of(int[] numbers, int[] others, float[] values, int count)
    {
        var index = new RatingIndex(count, numbers.Length);
        foreach (var number in numbers) index.Starts[number + 1]++;
        for (var n = 0; n < count; n++) index.Starts[n + 1] += index.Starts[n];
        var next = index.Starts.AsSpan(0, count).ToArray();
        for (var row = 0; row < numbers.Length; row++)
        {
            var at = next[numbers[row]]++;
            (index.Others[at], index.Values[at], index.Rows[at]) = (others[row], values[row], row);
        }
        return index;
    }

    /// <summary>Refuses ratings that no model can learn from, before anything is computed.</summary>
    /// <exception cref="DataException">There are none, columns of other lengths, a number outside the counts, or a value that is not finite.</exception>
    public static void Check(RatingRows rows)
    {
        if (rows.Count == 0) throw Bad("there are no rows; expected at least one");
        if (rows.Items.Length != rows.Count || rows.Values.Length != rows.Count || (rows.Times is { } times && times.Length != rows.Count))
            throw Bad($"columns have other lengths: {rows.Users.Length} users, {rows.Items.Length} items, {rows.Values.Length} values, {rows.Times?.Length ?? rows.Count} times");
        for (var row = 0; row < rows.Count; row++)
        {
            if ((uint)rows.Users[row] >= (uint)rows.UserCount) throw Bad($"row {row} has user {rows.Users[row]}; expected 0 to {rows.UserCount - 1}");
            if ((uint)rows.Items[row] >= (uint)rows.ItemCount) throw Bad($"row {row} has item {rows.Items[row]}; expected 0 to {rows.ItemCount - 1}");
            if (!float.IsFinite(rows.Values[row]))
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"row {row} (user {rows.Users[row]}, item {rows.Items[row]}) has the value {rows.Values[row]}; expected a finite number"));
        }
    }

    static DataException Bad(string text) => new("ratings", text);
}
