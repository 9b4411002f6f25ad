using System.Globalization;

namespace Tutti.Tables;

/// <summary>A file whose format is settled and whose columns are known, ready to give its rows once, checked, in constant memory.</summary>
sealed class RowSource
{
    readonly TextFile file;
    readonly bool headerInFile;
    readonly long headerLine;

    public string Path => file.Path;
    public TableFormat Format { get; }
    public IReadOnlyList<string> Columns { get; }

    RowSource(TextFile file, TableFormat format, IReadOnlyList<string> columns, bool headerInFile, long headerLine)
    {
        (this.file, this.headerInFile, this.headerLine) = (file, headerInFile, headerLine);
        Columns = columns;
        Format = format with { Encoding = file.Encoding.WebName };
    }

    /// <summary>Settles the format: what is stated counts, the rest comes from the file's name and first lines.</summary>
    public static RowSource Open(string path, TableFormat? format)
    {
        format ??= new();
        format.Validate();
        var file = TextFile.At(path, format.Encoding);
        var kind = format.Kind ?? System.IO.Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" or ".json" => "jsonl",
            ".tsv" or ".tab" when format.DelimiterCharacter is null or '\t' => "tsv",
            _ => "csv",
        };
        format = format with { Kind = kind };
        format.Validate();
        return kind switch
        {
            "jsonl" => OpenJson(file, format),
            "text" => new(file, format, LineRows.Columns, headerInFile: false, headerLine: 0),
            _ => OpenDelimited(file, format),
        };
    }

    /// <summary>The rows with as many cells as there are columns; at least one, or a <see cref="DataException"/>.</summary>
    public IEnumerable<FileRow> Rows()
    {
        var any = false;
        var rows = Format.Kind == "jsonl" ? JsonRows.Read(file, Columns)
            : Format.Kind == "text" ? LineRows.Read(file)
            : CsvRows.Read(file, Format.DelimiterCharacter!.Value, Format.Quote!.Value).Skip(headerInFile ? 1 : 0);
        foreach (var row in rows)
        {
            if (row.Cells.Length != Columns.Count) throw Uneven(row);
            any = true;
            yield return row;
        }
        if (any) yield break;
        throw headerInFile
            ? new DataException(Path, $"the file holds a header ({string.Join(", ", Columns)}) and no rows. If line {headerLine} is data, state header: false.")
            : new DataException(Path, "the file holds no rows.");
    }

    static RowSource OpenJson(TextFile file, TableFormat format)
    {
        var columns = JsonRows.Columns(file);
        if (columns.Count == 0) throw new DataException(file.Path, "the file holds no cells; expected one JSON object a line.");
        return new(file, format, columns, headerInFile: false, headerLine: 0);
    }

    static RowSource OpenDelimited(TextFile file, TableFormat format)
    {
        var header = format.HasHeader;
        var fit = CsvDetection.Detect(file, format.DelimiterCharacter, format.Quote, header);
        using var rows = CsvRows.Read(file, fit.Delimiter, fit.Quote).GetEnumerator();
        if (!rows.MoveNext()) throw new DataException(file.Path, "the file is empty (blank lines only); expected rows.");
        var first = rows.Current;
        if (format.DelimiterCharacter is { } stated && first.Cells.Length == 1) RefuseWrongDelimiter(file, format, stated, first.Line);
        if (header && first.Cells[0].StartsWith("{\"", StringComparison.Ordinal))
            throw new DataException(file.Path, "the header looks like JSON; if every line is a JSON object, state kind: jsonl.", first.Line);
        if (format.Columns is { } named && named.Count != first.Cells.Length)
            throw new DataException(file.Path, $"got {first.Cells.Length} cells, but {named.Count} columns are named ({string.Join(", ", named)}); "
                + $"the delimiter is {Show(fit.Delimiter)}, the quote {Show(fit.Quote)}.", first.Line);
        var columns = (format.Columns ?? (header ? first.Cells : [.. first.Cells.Select(_ => "")]))
            .Select((name, i) => name.Trim() is { Length: > 0 } trimmed ? trimmed : string.Create(CultureInfo.InvariantCulture, $"column{i + 1}")).ToList();
        if (columns.GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new DataException(file.Path,
                $"the header names '{twice.Key}' {twice.Count()} times; every column needs its own name. "
                + "If this line is data, state header: false.", first.Line);
        format = format with { Delimiter = fit.Delimiter.ToString(), Quote = fit.Quote, Header = header, Columns = columns };
        return new(file, format, columns, header, first.Line);
    }

    static void RefuseWrongDelimiter(TextFile file, TableFormat format, char stated, long line)
    {
        var likely = CsvDetection.Detect(file, null, format.Quote, format.HasHeader);
        if (likely.Columns > 1 && likely.Consistency > 0.5)
            throw new DataException(file.Path, $"the stated delimiter {Show(stated)} gives a single column; "
                + $"{Show(likely.Delimiter)} would give {likely.Columns}. State delimiter: {Show(likely.Delimiter)}, or leave it out.", line);
    }

    DataException Uneven(FileRow row)
    {
        var (delimiter, quote) = (Format.DelimiterCharacter!.Value, Format.Quote!.Value);
        var advice = row.Cells.Length < Columns.Count ? ""
            : row.Cells.Any(c => c.TrimStart() is [var first, ..] trimmed && first == quote && trimmed.Length < c.Length)
                ? $" A quote counts only as the first character of a cell: remove the blanks before {Show(quote)}."
            : $" Enclose cells that hold {Show(delimiter)} in {Show(quote)}.";
        return new(Path, $"this row has {row.Cells.Length} {(row.Cells.Length == 1 ? "cell" : "cells")}, "
            + $"{(headerInFile ? "the header" : "the first row")} has {Columns.Count} (delimiter {Show(delimiter)}, quote {Show(quote)}).{advice}", row.Line);
    }

    static string Show(char character) => character switch { '\t' => "tab", '\0' => "none", '\'' => "\"'\"", _ => $"'{character}'" };
}
