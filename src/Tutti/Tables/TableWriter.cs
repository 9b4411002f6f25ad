using CsvHelper;

namespace Tutti.Tables;

/// <summary>
/// Writes a csv file: commas, double quotes where needed (RFC 4180), UTF-8, line feeds, numbers in invariant form that read back exactly.
/// The file appears under its name only by <see cref="Complete"/> (temporary file beside it, flush to disk, rename); disposing without
/// it leaves what was there before.
/// </summary>
public sealed class TableWriter : IDisposable
{
    readonly string path;
    readonly string temporary;
    readonly FileStream file;
    readonly CsvWriter csv;
    readonly int columns;
    bool closed;

    public TableWriter(string path, params IReadOnlyList<string> columns)
    {
        if (columns.Count == 0 || columns.Any(string.IsNullOrWhiteSpace))
            throw new ArgumentException("a table needs columns and each of them a name", nameof(columns));
        if (columns.Select(c => c.Trim()).Distinct().Count() < columns.Count)
            throw new ArgumentException($"every column needs its own name, got {string.Join(", ", columns)}", nameof(columns));
        (this.path, this.columns) = (Path.GetFullPath(path), columns.Count);
        temporary = $"{this.path}.{Environment.ProcessId}.tmp";
        if (Path.GetDirectoryName(this.path) is { } folder) Directory.CreateDirectory(folder);
        file = new(temporary, FileMode.Create, FileAccess.Write);
        csv = CsvWriter.Create(file, new CsvWriterOptions { NewLine = "\n", Quoting = CsvQuoting.WhenNeededOrWhitespace }, leaveOpen: true);
        Row([.. columns]);
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

    /// <summary>Puts the finished file in place, replacing an older one in one step.</summary>
    public void Complete()
    {
        if (csv.FieldCount != 0) throw new ArgumentException($"the last row has {csv.FieldCount} cells, expected {columns}");
        csv.Flush();
        file.Flush(flushToDisk: true);
        closed = true;
        csv.Dispose();
        file.Dispose();
        File.Move(temporary, path, overwrite: true);
    }

    public void Dispose()
    {
        if (closed) return;
        closed = true;
        try
        {
            csv.Dispose();
            file.Dispose();
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes a table's rows to a csv file in one step.</summary>
    public static void Save(Table table, string path)
    {
        using var writer = new TableWriter(path, table.Columns);
        for (var row = 0; row < table.Count; row++)
        {
            foreach (var column in table.Columns) writer.Add(table[row, column]);
            writer.EndRow();
        }
        writer.Complete();
    }
}
