using System.Globalization;
using Tutti.Tables;

namespace Tutti.Recommend;

/// <summary>Ratings as a file has them.</summary>
/// <param name="File">The file as the caller named it.</param>
/// <param name="Rows">By number; where names were given, <see cref="RatingModel.Unknown"/> stands for a user or item that is not among them.</param>
/// <param name="Users">Names of users.</param>
/// <param name="Items">Names of items.</param>
/// <param name="Lines">Of every row, its line in the file.</param>
/// <param name="Duplicates">Further ratings of the same item by the same user, which the rule took out.</param>
public sealed record RatingTable(string File, RatingRows Rows, NameIndex Users, NameIndex Items, long[] Lines, int Duplicates)
{
    const int RowsPerPart = 1 << 16;

    /// <summary>Reads a file; only numbers stay in memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">Which of its columns mean what.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="duplicates">What becomes of a user's further ratings of the same item.</param>
    /// <param name="range">The lowest and the highest rating that there is; null: any number.</param>
    /// <param name="known">Names that have numbers already: no others get one, unless <paramref name="adds"/>. Null: all get one.</param>
    /// <param name="adds">Whether names that are not known get the next numbers.</param>
    /// <exception cref="DataException">Names file, line and column of what cannot be used.</exception>
    public static RatingTable Read(string path, RatingColumns columns, TableFormat? format = null, Duplicates duplicates = Recommend.Duplicates.Error, (double Low, double High)? range = null, (NameIndex Users, NameIndex Items)? known = null, bool adds = false)
    {
        adds |= known is null;
        var (users, items) = known ?? (new NameIndex(), new NameIndex());
        List<int> user = [], item = [];
        List<float> value = [];
        List<long> line = [], time = [];
        foreach (var part in Table.Stream(path, format, RowsPerPart))
        {
            var cells = columns.In(part);
            for (var row = 0; row < part.Count; row++)
            {
                var (u, i) = (Name(part, row, cells.User), Name(part, row, cells.Item));
                user.Add(adds ? users.Add(u) : users.Of(u));
                item.Add(adds ? items.Add(i) : items.Of(i));
                value.Add(cells.Rating is null ? 1 : Rating(part, row, cells.Rating, range));
                if (cells.Time is not null) time.Add(Time(part, row, cells.Time));
                line.Add(part.LineOf(row));
            }
        }
        var rows = new RatingRows([.. user], [.. item], [.. value], users.Count, items.Count) { Times = columns.Time is null ? null : [.. time] };
        return new RatingTable(path, rows, users, items, [.. line], 0).Once(duplicates);
    }

    /// <summary>Refuses what nothing can be learnt from: one user or one item alone, ratings that are all the same.</summary>
    /// <param name="rated">Whether the file has a column of ratings.</param>
    /// <exception cref="DataException">Says what is missing.</exception>
    public void CheckLearnable(bool rated)
    {
        if (Rows.Users.Distinct().Take(2).Count() < 2) throw new DataException(File, $"all {Rows.Count} rows are of one user, '{Users[Rows.Users[0]]}'; what others like is learnt from at least two users.");
        if (Rows.Items.Distinct().Take(2).Count() < 2) throw new DataException(File, $"all {Rows.Count} rows are of one item, '{Items[Rows.Items[0]]}'; there is nothing to choose from.");
        if (rated && Rows.Values.All(value => value == Rows.Values[0]))
            throw new DataException(File, string.Create(CultureInfo.InvariantCulture, $"all {Rows.Count} ratings are {Rows.Values[0]}: there is nothing to predict. Leave data.rating out to learn from what was rated alone."));
    }

    /// <summary>These rows only.</summary>
    public RatingTable Select(IReadOnlyList<int> rows) => this with { Rows = Rows.Select(rows), Lines = [.. rows.Select(row => Lines[row])] };

    static string Name(Table table, int row, string column) => table[row, column]?.Trim() is { Length: > 0 } name ? name
        : throw new DataException(table.File, "the cell is empty; every row names a user and an item.", table.LineOf(row), column);

    static float Rating(Table table, int row, string column, (double Low, double High)? range)
    {
        var text = table[row, column];
        if (!float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !float.IsFinite(value))
            throw new DataException(table.File, $"{(text is null ? "the cell is empty" : $"got '{text}'")}, expected a rating such as 4 or 3.5.", table.LineOf(row), column);
        if (range is var (low, high) && (value < low || value > high))
            throw new DataException(table.File, string.Create(CultureInfo.InvariantCulture, $"the rating {value} is outside of data.range, {low} to {high}."), table.LineOf(row), column);
        return value;
    }

    // Seconds since 1970 and the like, or a date.
    static long Time(Table table, int row, string column)
    {
        var text = table[row, column];
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && Math.Abs(real) < 1e18) return (long)real;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)) return date.ToUnixTimeSeconds();
        throw new DataException(table.File, $"{(text is null ? "the cell is empty" : $"got '{text}'")}, expected a number that grows with time, or a date such as 1998-04-22.", table.LineOf(row), column);
    }

    RatingTable Once(Duplicates rule)
    {
        var order = Enumerable.Range(0, Rows.Count).ToArray();
        var keys = Array.ConvertAll(order, row => Rows.Users[row] < 0 || Rows.Items[row] < 0 ? ulong.MaxValue : ((ulong)(uint)Rows.Users[row] << 32) | (uint)Rows.Items[row]);
        Array.Sort(keys, order);
        List<int[]> repeated = [];
        for (int from = 0, to; from < keys.Length; from = to)
        {
            for (to = from + 1; to < keys.Length && keys[to] == keys[from] && keys[from] != ulong.MaxValue;) to++;
            if (to - from > 1) repeated.Add([.. order[from..to].Order()]);
        }
        return repeated.Count == 0 ? this : rule == Recommend.Duplicates.Error ? throw Refused(repeated) : Joined(repeated, rule);
    }

    DataException Refused(List<int[]> repeated)
    {
        var first = repeated.MinBy(rows => rows[1])!;
        return new(File, $"user '{Users[Rows.Users[first[0]]]}' rates item '{Items[Rows.Items[first[0]]]}' again, first in line {Lines[first[0]]}"
            + $"{(repeated.Count > 1 ? $" ({repeated.Count} pairs of user and item are there more than once)" : "")}. State data.duplicates: first, last or mean, or take the rows out.", Lines[first[1]]);
    }

    RatingTable Joined(List<int[]> repeated, Duplicates rule)
    {
        var gone = new bool[Rows.Count];
        var (values, times) = ((float[])Rows.Values.Clone(), (long[]?)Rows.Times?.Clone());
        foreach (var rows in repeated)
        {
            var kept = rule == Recommend.Duplicates.Last ? rows[^1] : rows[0];
            foreach (var row in rows.Where(row => row != kept)) gone[row] = true;
            if (rule != Recommend.Duplicates.Mean) continue;
            values[kept] = rows.Average(row => Rows.Values[row]);
            if (times is not null) times[kept] = rows.Max(row => Rows.Times![row]);
        }
        var joined = this with { Rows = Rows with { Values = values, Times = times }, Duplicates = gone.Count(yes => yes) };
        return joined.Select([.. Enumerable.Range(0, Rows.Count).Where(row => !gone[row])]);
    }
}
