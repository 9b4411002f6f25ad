namespace Tutti.Recommend;

/// <summary>Ratings by columns: the user, the item and the value of every row. Users and items are numbers from 0; their names are kept by whoever read them.</summary>
/// <param name="Users">Of every row, 0 to <paramref name="UserCount"/> - 1.</param>
/// <param name="Items">Of every row, 0 to <paramref name="ItemCount"/> - 1.</param>
/// <param name="Values">Of every row; of rows without a rating (a view, a purchase) 1.</param>
/// <param name="UserCount">Users that exist, also those without a row here.</param>
/// <param name="ItemCount">Items that exist, also those without a row here.</param>
public sealed record RatingRows(int[] Users, int[] Items, float[] Values, int UserCount, int ItemCount)
{
    /// <summary>When the rating was given, of every row, in any unit that grows with time; null where it is not known.</summary>
    public long[]? Times { get; init; }

    /// <summary>The number of rows.</summary>
    public int Count => Users.Length;

    /// <summary>These rows only, with the same users and items.</summary>
    /// <param name="rows">Numbers of rows, in the order wanted.</param>
    public RatingRows Select(IReadOnlyList<int> rows) => new([.. rows.Select(row => Users[row])], [.. rows.Select(row => Items[row])], [.. rows.Select(row => Values[row])], UserCount, ItemCount)
    {
        Times = Times is null ? null : [.. rows.Select(row => Times[row])],
    };
}
