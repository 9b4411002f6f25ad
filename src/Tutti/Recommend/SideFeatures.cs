namespace Tutti.Recommend;

/// <summary>What is known of users, or of items, beside the ratings: a few columns of many, such as genres, age groups, occupations.</summary>
/// <param name="Columns">Of every user (or item), the columns that apply to it; empty where nothing is known.</param>
/// <param name="ColumnCount">Columns that exist.</param>
public sealed record SideFeatures(IReadOnlyList<int[]> Columns, int ColumnCount)
{
    /// <summary>Entries by column: each row's have the same value, whose squares add up to 1.</summary>
    internal (int[] Starts, int[] Rows, float[] Values) ByColumn()
    {
        var starts = new int[ColumnCount + 1];
        foreach (var columns in Columns)
            foreach (var column in columns) starts[column + 1]++;
        for (var c = 0; c < ColumnCount; c++) starts[c + 1] += starts[c];
        var next = starts.AsSpan(0, ColumnCount).ToArray();
        var (rows, values) = (new int[starts[^1]], new float[starts[^1]]);
        for (var row = 0; row < Columns.Count; row++)
            foreach (var column in Columns[row])
            {
                var at = next[column]++;
                (rows[at], values[at]) = (row, 1 / MathF.Sqrt(Columns[row].Length));
            }
        return (starts, rows, values);
    }

    /// <exception cref="DataException">Not one list per row, or a column outside.</exception>
    internal void Check(string what, int count)
    {
        if (Columns.Count != count) throw new DataException("ratings", $"features of {Columns.Count} {what}s are given; expected those of all {count}");
        for (var row = 0; row < count; row++)
            foreach (var column in Columns[row])
                if ((uint)column >= (uint)ColumnCount) throw new DataException("ratings", $"{what} {row} has feature {column}; expected 0 to {ColumnCount - 1}");
    }
}
