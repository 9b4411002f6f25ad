using System.Text;
using CsvHelper;

namespace Tutti.Tables;

/// <summary>One record of a file and the 1-based physical line where it starts.</summary>
readonly record struct FileRow(long Line, string[] Cells);

/// <summary>
/// The records of a delimited file, parsed by CsvHelper by RFC 4180. CsvHelper recovers from broken quoting; here it is an error, save
/// for a quote in the middle of an unquoted cell (<c>5" disk</c>), which is that character, as other readers take it.
/// </summary>
static class CsvRows
{
    // Bytes. A quote left open swallows the rest of the file into memory; no row of a real table is longer.
    const int LongestRow = 1 << 28;

    public static IEnumerable<FileRow> Read(TextFile file, char delimiter, char quote)
    {
        CsvMalformedRecord? malformed = null;
        var options = Options(delimiter, quote) with
        {
            TrackLineNumbers = true,
            PoolStrings = true,
            MaxRecordSize = LongestRow,
            OnMalformedRecord = m => malformed = m,
        };
        using var csv = CsvReader.Create(file.Reader(), options);
        while (Next(file, csv))
        {
            if (malformed is { } fault) RefuseBrokenQuotes(file.Path, csv, fault.Reason, quote);
            malformed = null;
            var cells = Cells(csv);
            if (cells.Any(c => c.Contains('\0')))
                throw new DataException(file.Path,
                    "the text holds NUL characters: the file is binary, or of another encoding (if it is text, try to state utf-16).", csv.LineNumber);
            yield return new(csv.LineNumber, cells);
        }
    }

    /// <summary>The cells of a file that was read before, as they stand in it: with their quotes.</summary>
    public static IEnumerable<string[]> Raw(TextFile file, char delimiter, char quote)
    {
        using var csv = CsvReader.Create(file.Reader(), Options(delimiter, quote) with { MaxRecordSize = LongestRow });
        while (Next(file, csv))
        {
            var cells = new string[csv.FieldCount];
            for (var i = 0; i < cells.Length; i++) cells[i] = Encoding.UTF8.GetString(csv.GetRawSpan(i));
            yield return cells;
        }
    }

    /// <summary>
    /// The records of a text in memory, whatever their quoting: what detection compares.
    /// Broken: records whose quoting is broken; Useful: cells that hold a delimiter, a line break or a quote because they are quoted.
    /// </summary>
    public static (List<string[]> Records, int Broken, int Useful) Try(string text, char delimiter, char quote)
    {
        var (malformed, broken, useful, records) = (false, 0, 0, new List<string[]>());
        using var csv = CsvReader.FromText(text, Options(delimiter, quote) with { OnMalformedRecord = _ => malformed = true });
        while (csv.Read())
        {
            var cells = Cells(csv);
            if (malformed && BrokenCell(csv, quote) >= 0) broken++;
            else useful += Enumerable.Range(0, cells.Length).Count(i =>
                IsQuoted(csv, i, quote) && cells[i].AsSpan().IndexOfAny(['\r', '\n', delimiter, quote]) >= 0);
            malformed = false;
            records.Add(cells);
        }
        return (records, broken, useful);
    }

    static CsvReaderOptions Options(char delimiter, char quote) => quote == '\0'
        ? new() { Separator = delimiter, HasHeader = false, Mode = CsvMode.NoEscape }
        : new() { Separator = delimiter, HasHeader = false, Quote = quote };

    static bool Next(TextFile file, CsvReader csv)
    {
        try
        {
            return csv.Read();
        }
        catch (DecoderFallbackException cause)
        {
            throw file.Undecodable(cause);
        }
        catch (CsvFormatException cause)
        {
            throw new DataException(file.Path,
                $"a row is longer than {LongestRow >> 20} MiB; most likely a quote was opened there and never closed.", cause.LineNumber, inner: cause);
        }
    }

    static string[] Cells(CsvReader csv)
    {
        var cells = new string[csv.FieldCount];
        for (var i = 0; i < cells.Length; i++) cells[i] = csv.GetString(i);
        return cells;
    }

    // CsvHelper reports the first fault of a record only, and a harmless one may hide a worse one behind it: so every cell is looked at.
    static void RefuseBrokenQuotes(string path, CsvReader csv, CsvMalformedReason reason, char quote)
    {
        var cell = BrokenCell(csv, quote);
        if (cell < 0) return;
        var text = Encoding.UTF8.GetString(csv.GetRawSpan(cell));
        var open = reason == CsvMalformedReason.UnterminatedQuote
            || reason == CsvMalformedReason.StrayQuote && cell == csv.FieldCount - 1 && text.Count(c => c == quote) % 2 == 1;
        var fault = open ? $"a cell opens with {quote}, which is never closed before the file ends" : $"text follows the closing quote {quote} of a cell";
        throw new DataException(path, $"{fault}: {Excerpt(text)}\nClose the quote, write a quote inside a quoted cell twice ({quote}{quote}), "
            + $"or state another quote if {quote} is plain text in this file.", csv.LineNumber);
    }

    static int BrokenCell(CsvReader csv, char quote)
    {
        for (var i = 0; i < csv.FieldCount; i++)
            if (IsQuoted(csv, i, quote) && !IsWellQuoted(csv.GetRawSpan(i), (byte)quote)) return i;
        return -1;
    }

    static bool IsQuoted(CsvReader csv, int cell, char quote) => csv.GetRawSpan(cell) is [var first, ..] && first == quote;

    static bool IsWellQuoted(ReadOnlySpan<byte> raw, byte quote)
    {
        if (raw.Length < 2 || raw[^1] != quote) return false;
        var inside = raw[1..^1];
        for (int at; (at = inside.IndexOf(quote)) >= 0; inside = inside[(at + 2)..])
            if (at + 1 >= inside.Length || inside[at + 1] != quote) return false;
        return true;
    }

    static string Excerpt(string cell)
    {
        var line = cell.ReplaceLineEndings(" ");
        return line.Length <= 60 ? line : $"{line[..40]} ... {line[^15..]}";
    }
}
