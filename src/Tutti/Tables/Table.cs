using System.Globalization;

namespace Tutti.Tables;

/// <summary>Rows of text cells under named columns, as read from a csv, tsv or jsonl file. Immutable; safe to read from many threads.</summary>
public sealed class Table
{
    readonly string?[][] cells;   // [column][row]
    readonly long[] lines;
    readonly Dictionary<string, int> index;

    /// <summary>The file's path as the caller named it.</summary>
    public string File { get; }

    /// <summary>The columns' names in the order of the file, surrounding blanks removed; a nameless one is called column1, column2, ... by its place.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The format as stated and found.</summary>
    public TableFormat Detected { get; }

    /// <summary>SHA-256 of the file's bytes in lower-case hexadecimal; null for the parts of <see cref="Stream"/>.</summary>
    public string? ContentHash { get; }

    /// <summary>The number of rows.</summary>
    public int Count => lines.Length;

    Table(RowSource source, string?[][] cells, long[] lines, string? hash)
    {
        (this.cells, this.lines) = (cells, lines);
        (File, Columns, Detected, ContentHash) = (source.Path, source.Columns, source.Format, hash);
        index = Columns.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
    }

    Table(string file, IReadOnlyList<string> columns, string?[][] cells, long[] lines, TableFormat format, string? hash)
    {
        (File, Columns, this.cells, this.lines, Detected, ContentHash) = (file, columns, cells, lines, format, hash);
        index = Columns.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
    }

    /// <summary>Rows that stand in no file of rows, such as the pictures of a folder.</summary>
    /// <param name="file">Where they are from, for messages.</param>
    /// <param name="columns">Their names, and the cells of each.</param>
    internal static Table Of(string file, IReadOnlyList<(string Name, string?[] Cells)> columns) =>
        new(file, [.. columns.Select(column => column.Name)], [.. columns.Select(column => column.Cells)], [.. Enumerable.Range(1, columns[0].Cells.Length).Select(i => (long)i)], new(), null);

    /// <summary>Some of the rows, with another hash.</summary>
    internal Table Part(IReadOnlyList<int> rows, string? hash) => new(File, Columns, [.. cells.Select(column => rows.Select(row => column[row]).ToArray())], [.. rows.Select(row => lines[row])], Detected, hash);

    /// <summary>Reads a whole file. Throws a <see cref="DataException"/> that names file and line for anything that is not a table.</summary>
    public static Table Read(string path, TableFormat? format = null)
    {
        var source = RowSource.Open(path, format);
        return Collect(source, source.Rows(), TextFile.At(path, null).Hash());
    }

    /// <summary>Reads a file of any size in parts of <paramref name="rowsPerChunk"/> rows (the last may be shorter); only one part is in memory.</summary>
    public static IEnumerable<Table> Stream(string path, TableFormat? format, int rowsPerChunk)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowsPerChunk);
        return Parts(RowSource.Open(path, format), rowsPerChunk);
    }

    static IEnumerable<Table> Parts(RowSource source, int rowsPerChunk)
    {
        foreach (var part in source.Rows().Chunk(rowsPerChunk)) yield return Collect(source, part, hash: null);
    }

    static Table Collect(RowSource source, IEnumerable<FileRow> rows, string? hash)
    {
        var lines = new List<long>();
        var columns = source.Columns.Select(_ => new List<string?>()).ToArray();
        foreach (var row in rows)
        {
            lines.Add(row.Line);
            for (var i = 0; i < columns.Length; i++) columns[i].Add(row.Cells[i].Length == 0 ? null : row.Cells[i]);
        }
        return new(source, [.. columns.Select(c => c.ToArray())], [.. lines], hash);
    }

    /// <summary>A cell's text, or null where the cell is empty.</summary>
    public string? this[int row, string column] => cells[IndexOf(column)][row];

    /// <summary>The 1-based physical line of the file where a row's record starts.</summary>
    public long LineOf(int row) => lines[row];

    public bool Has(string column) => index.ContainsKey(column);

    /// <summary>All cells of a column in row order; null where the cell is empty.</summary>
    public IReadOnlyList<string?> Column(string column) => cells[IndexOf(column)];

    /// <summary>A column that names the rows: every cell filled, none twice; a <see cref="DataException"/> names the first row that breaks this.</summary>
    public IReadOnlyList<string> Ids(string column)
    {
        var cells = Column(column);
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var row = 0; row < cells.Count; row++)
        {
            if (cells[row] is not { } id) throw new DataException(File, "the id is empty; every row needs one.", lines[row], column);
            if (!seen.TryAdd(id, lines[row])) throw new DataException(File, $"the id '{id}' is there twice, first in line {seen[id]}; ids must differ.", lines[row], column);
        }
        return [.. cells.Select(cell => cell!)];
    }

    /// <summary>A column of numbers (invariant: a point for decimals); a <see cref="DataException"/> names the first cell that is none.</summary>
    public double[] Numbers(string column)
    {
        var texts = cells[IndexOf(column)];
        var numbers = new double[texts.Length];
        for (var row = 0; row < texts.Length; row++)
            if (!double.TryParse(texts[row], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[row]) || !double.IsFinite(numbers[row]))
                throw new DataException(File, $"{(texts[row] is null ? "the cell is empty" : $"got '{texts[row]}'")}, expected a number such as 3.5.",
                    lines[row], column);
        return numbers;
    }

    /// <summary>The place of a column, or a <see cref="DataException"/> that names the nearest one and lists all.</summary>
    internal int IndexOf(string column) => index.TryGetValue(column, out var i) ? i
        : throw new DataException(File, $"there is no column '{column}'{Nearest.Hint(column, Columns)} The columns are: {string.Join(", ", Columns)}.");
}
