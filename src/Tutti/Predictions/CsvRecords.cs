using CsvHelper;

namespace Tutti.Predictions;

/// <summary>The records of a CSV file one after the other, each with the line on which it starts, all as wide as the header.</summary>
sealed class CsvRecords : IDisposable
{
    readonly string file;
    readonly CsvReader reader;

    /// <param name="file">The file as the user named it.</param>
    /// <param name="separator">What stands between cells; null finds it out from the first lines.</param>
    /// <exception cref="DataException">The file does not exist, has no header, or has a column twice.</exception>
    public CsvRecords(string file, char? separator = ',')
    {
        this.file = file;
        if (!File.Exists(file)) throw new DataException(file, "does not exist");
        try
        {
            reader = CsvReader.FromFile(file, new() { Separator = separator, MalformedData = CsvMalformedDataHandling.Throw, TrackLineNumbers = true });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException(file, $"cannot be read ({error.Message})", inner: error);
        }
        try
        {
            Header = [.. Parsed(() => reader.Headers)];
            if (Header.Count == 0) throw new DataException(file, "is empty; expected a header line");
            if (Header.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw new DataException(file, "the column is there twice; remove or rename one", 1, twice.Key);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Header { get; }

    /// <summary>What stands between cells.</summary>
    public char Separator => reader.Separator;

    /// <summary>The 1-based line on which the current record starts.</summary>
    public long Line => reader.LineNumber;

    /// <summary>A cell of the current record.</summary>
    public string this[int column] => reader.GetString(column);

    /// <summary>Goes to the next record; false at the end.</summary>
    /// <exception cref="DataException">The record has more or fewer cells than the header, or broken quotes.</exception>
    public bool Next()
    {
        if (!Parsed(reader.Read)) return false;
        return reader.FieldCount == Header.Count ? true
            : throw new DataException(file, $"has {reader.FieldCount} cells, the header has {Header.Count}; is a separator unquoted or missing?", Line);
    }

    public void Dispose() => reader.Dispose();

    /// <summary>A writer of the same dialect on a stream that stays open.</summary>
    public static CsvWriter Writer(Stream stream, char separator = ',') =>
        CsvWriter.Create(stream, new() { NewLine = "\n", Separator = separator, Quoting = CsvQuoting.WhenNeededOrWhitespace }, leaveOpen: true);

    T Parsed<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CsvFormatException error)
        {
            throw new DataException(file, "a quote opens or closes in the wrong place; quote a cell as a whole and double the quotes inside",
                error.LineNumber, inner: error);
        }
    }
}
