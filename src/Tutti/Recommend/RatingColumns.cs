using System.Globalization;
using Tutti.Tables;

namespace Tutti.Recommend;

/// <summary>Which columns of a table mean what; each by its name, or by its place from 1 where no column is called so.</summary>
/// <param name="Rating">Null: a row says that the user had to do with the item, which counts as 1.</param>
/// <param name="Time">Null: it is not known when.</param>
public sealed record RatingColumns(string User, string Item, string? Rating, string? Time)
{
    /// <summary>The names of the columns in a table.</summary>
    /// <exception cref="DataException">There is no such column.</exception>
    public RatingColumns In(Table table) => new(Place(table, User), Place(table, Item), Rating is null ? null : Place(table, Rating), Time is null ? null : Place(table, Time));

    /// <summary>The name of a column that is named, or given by its place from 1.</summary>
    /// <exception cref="DataException">There is no such column.</exception>
    public static string Place(Table table, string column)
    {
        if (!table.Has(column) && int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out var place))
            return place >= 1 && place <= table.Columns.Count ? table.Columns[place - 1]
                : throw new DataException(table.File, $"there is no column number {column}; the file has {table.Columns.Count}, counted from 1.");
        _ = table.Column(column);
        return column;
    }
}
