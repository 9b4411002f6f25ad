using CsvHelper;

namespace Tutti.Tables;

/// <summary>
/// Writes a csv file row by row: double quotes where needed (RFC 4180), UTF-8, line feeds, numbers in invariant form that read back
/// exactly. The file appears whole or not at all (<see cref="AtomicFile"/>).
/// </summary>
public sealed class TableWriter
{
    readonly CsvWriter csv;
    readonly int columns;

    TableWriter(CsvWriter csv, int columns) => (this.csv, this.columns) = (csv, columns);

    /// <summary>Writes a file; when <paramref name="rows"/> throws, the old file stays as it was.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The header.</param>
    /// <param name="rows">Adds the rows, as many as there are, one after the other.</param>
    /// <param name="delimiter">What stands between cells.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<string> columns, Action<TableWriter> rows, char delimiter = ',')
    {
        if (columns.Count == 0 || columns.Any(string.IsNullOrWhiteSpace))
            throw new ArgumentException("a table needs columns and each of them a name", nameof(columns));
        if (columns.Select(c => c.Trim()).Distinct().Count() < columns.Count)
            throw new ArgumentException($"every column needs its own name, got {string.Join(", ", columns)}", nameof(columns));
        AtomicFile.Write(path, stream =>
        {
            var options = new CsvWriterOptions { NewLine = "\n", Separator = delimiter, Quoting = CsvQuoting.WhenNeededOrWhitespace };
            using var csv = CsvWriter.Create(stream, options, leaveOpen: true);
            var writer = new TableWriter(csv, columns.Count);
            writer.Row([.. columns]);
            rows(writer);
            if (csv.FieldCount != 0) throw new ArgumentException($"the last row has {csv.FieldCount} cells, expected {columns.Count}");
        });
    }

    /// <summary>Appends a text cell; null is an empty cell.</summary>
    public TableWriter Add(string? text)
    {
        csv.WriteField(text);
        return this;
    }

    /// <summary>Appends a number in the shortest invariant form that reads back as the same number.</summary>
    public TableWriter Add<T>(T number) where T : struct, IUtf8SpanFormattable
    {
        csv.WriteField(number);
        return this;
    }

    public void EndRow()
    {
        if (csv.FieldCount != columns) throw new ArgumentException($"row {csv.RecordCount} has {csv.FieldCount} cells, expected {columns}");
        csv.EndRecord();
    }

    /// <summary>Writes a whole row of texts.</summary>
    public void Row(params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts) Add(text);
        EndRow();
    }

    /// <summary>Writes a table's rows to a csv file in one step.</summary>
    public static void Save(Table table, string path) => Write(path, table.Columns, writer =>
    {
        for (var row = 0; row < table.Count; row++)
        {
            foreach (var column in table.Columns) writer.Add(table[row, column]);
            writer.EndRow();
        }
    });
}
