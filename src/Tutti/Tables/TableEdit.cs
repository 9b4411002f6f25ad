using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tutti.Tables;

/// <summary>
/// A copy of a file in which some cells of a column are others and some rows are left out. All else keeps its bytes: delimiter, quotes, encoding, line ends, blank lines,
/// the order of columns and the way other cells are written.
/// </summary>
public static class TableEdit
{
    static readonly JsonSerializerOptions readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes of the copy. They were read again, and every cell is what it should be.</summary>
    /// <param name="table">As it was read from its file.</param>
    /// <param name="format">As it was stated then.</param>
    /// <param name="column">Whose cells change.</param>
    /// <param name="cells">The new ones by row.</param>
    /// <param name="left">Rows that the copy does not have.</param>
    /// <exception cref="DataException">The file is another one by now, or cannot hold such a cell.</exception>
    public static byte[] Of(Table table, TableFormat? format, string column, IReadOnlyDictionary<int, string> cells, IReadOnlySet<int> left)
    {
        var file = TextFile.At(table.File, table.Detected.Encoding);
        if (file.Hash() != table.ContentHash) throw new DataException(table.File, "the file changed while it was read; try again");
        using var reader = file.Reader();
        var (text, into, place) = (reader.ReadToEnd(), new StringBuilder(), table.IndexOf(column));
        if (table.Detected.Kind == "jsonl") Lines(table, text, into, column, cells, left);
        else Records(table, file, text, into, place, cells, left);
        try
        {
            byte[] bytes = [.. file.Mark(), .. file.Encoding.GetBytes(into.ToString())];
            Check(table, format, column, bytes, cells, left);
            return bytes;
        }
        catch (EncoderFallbackException e)
        {
            throw new DataException(table.File, $"its encoding, {file.Encoding.WebName}, cannot write the new labels; save the file as UTF-8", 0, column, e);
        }
    }

    static void Records(Table table, TextFile file, string text, StringBuilder into, int place, IReadOnlyDictionary<int, string> cells, IReadOnlySet<int> left)
    {
        var (delimiter, quote) = (table.Detected.DelimiterCharacter!.Value, table.Detected.Quote!.Value);
        var (at, row) = (0, table.Detected.Header == true ? -1 : 0);
        foreach (var raw in CsvRows.Raw(file, delimiter, quote))
        {
            var record = string.Join(delimiter, raw);
            var begin = at;
            while (!text.AsSpan(at).StartsWith(record, StringComparison.Ordinal))
                if (at >= text.Length || text[at++] is not ('\r' or '\n')) throw new DataException(table.File, "the rows cannot be found again in the file's text, so that it cannot be copied exactly", row < 0 ? 1 : table.LineOf(row));
            into.Append(text, begin, at - begin);
            at += record.Length;
            if (!left.Contains(row))
            {
                if (row >= 0 && cells.TryGetValue(row, out var cell)) raw[place] = Cell(table, row, cell, raw[place], delimiter, quote);
                into.AppendJoin(delimiter, raw);
            }
            var end = at;
            if (at < text.Length && text[at] == '\r') at++;
            if (at < text.Length && text[at] == '\n') at++;
            if (!left.Contains(row)) into.Append(text, end, at - end);
            row++;
        }
        into.Append(text, at, text.Length - at);
    }

    static string Cell(Table table, int row, string cell, string before, char delimiter, char quote)
    {
        var needed = cell.AsSpan().IndexOfAny([delimiter, '\r', '\n']) >= 0 || (quote != '\0' && cell.Contains(quote, StringComparison.Ordinal));
        if (quote == '\0') return !needed ? cell : throw new DataException(table.File, $"the label '{cell}' holds what divides cells, and the file has no quotes", table.LineOf(row));
        return needed || before.StartsWith(quote) ? $"{quote}{cell.Replace($"{quote}", $"{quote}{quote}", StringComparison.Ordinal)}{quote}" : cell;
    }

    static void Lines(Table table, string text, StringBuilder into, string column, IReadOnlyDictionary<int, string> cells, IReadOnlySet<int> left)
    {
        for (var (at, row) = (0, 0); at < text.Length;)
        {
            var end = text.AsSpan(at).IndexOfAny('\r', '\n') is >= 0 and var length ? at + length : text.Length;
            var line = text[at..end];
            if (end < text.Length && text[end] == '\r') end++;
            if (end < text.Length && text[end] == '\n' && (end == at + line.Length || text[end - 1] == '\r')) end++;
            var filled = !string.IsNullOrWhiteSpace(line);
            if (filled && cells.TryGetValue(row, out var cell)) into.Append(Changed(table, row, line, column, cell)).Append(text, at + line.Length, end - at - line.Length);
            else if (!filled || !left.Contains(row)) into.Append(text, at, end - at);
            if (filled) row++;
            at = end;
        }
    }

    // Only the value's own characters are replaced.
    static string Changed(Table table, int row, string line, string column, string cell)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var reader = new Utf8JsonReader(bytes);
        while (reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals(column)) continue;
            reader.Read();
            var value = reader.TokenType == JsonTokenType.String || !IsJson(cell) ? JsonSerializer.Serialize(cell, readable) : cell;
            return Encoding.UTF8.GetString(bytes.AsSpan(0, (int)reader.TokenStartIndex)) + value + Encoding.UTF8.GetString(bytes.AsSpan((int)reader.BytesConsumed));
        }
        throw new DataException(table.File, "the line has no such key", table.LineOf(row), column);
    }

    // A number or a truth value, which stays one where the label was one.
    static bool IsJson(string cell)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(cell));
            return reader.Read() && reader.TokenType is JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static void Check(Table table, TableFormat? format, string column, byte[] bytes, IReadOnlyDictionary<int, string> cells, IReadOnlySet<int> left)
    {
        using var folder = new TemporaryFolder("tutti-edit-");
        var path = folder.File(Path.GetFileName(table.File));
        TemporaryFolder.OnDisk(() => File.WriteAllBytes(path, bytes));
        var copy = Table.Read(path, format);
        int[] rows = [.. Enumerable.Range(0, table.Count).Where(row => !left.Contains(row))];
        var same = copy.Columns.SequenceEqual(table.Columns) && copy.Count == rows.Length
            && table.Columns.All(name => rows.Index().All(item => copy[item.Index, name] == (name == column && cells.TryGetValue(item.Item, out var cell) ? cell : table[item.Item, name])));
        if (!same) throw new DataException(table.File, "the file cannot be copied with other labels: what was written does not read back the same. State its format (data.format in the recipe), or save it as plain CSV");
    }
}
