using System.Globalization;
using Tutti.Tables;

namespace Tutti.Labels;

/// <summary>A row that somebody looked at.</summary>
/// <param name="Id">The row's id.</param>
/// <param name="Given">The label that they saw, where the file has it; else null.</param>
/// <param name="Label">The label that is right, or <see cref="CorrectionFile.Drop"/>.</param>
/// <param name="Line">Of the corrections file.</param>
public sealed record Correction(string Id, string? Given, string Label, string Who, string When, string Why, long Line);

/// <summary>
/// A file of corrections: the queue that <c>tutti labels --out</c> writes, with <c>label</c>, <c>who</c>, <c>when</c> and <c>why</c> filled in. A row whose <c>label</c> is empty was not looked at.
/// </summary>
/// <param name="Path">As it was named.</param>
/// <param name="Hash">SHA-256 of its bytes.</param>
/// <param name="Rows">Those that were looked at, each id once.</param>
/// <param name="Open">How many others there are.</param>
/// <param name="Ignored">Columns that say nothing here.</param>
public sealed record CorrectionFile(string Path, string Hash, IReadOnlyList<Correction> Rows, int Open, IReadOnlyList<string> Ignored)
{
    /// <summary>The word in column <c>label</c> for a row that is to be left out, unless it is a class.</summary>
    public const string Drop = "drop";

    const string Id = "id", Given = "given", Label = "label", Who = "who", When = "when", Why = "why";

    static readonly string[] known = [Id, Given, Label, Who, When, Why, .. LabelQueue.Told];

    // What a date may look like: a spreadsheet's own way of writing depends on where it runs.
    static readonly string[] times = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];

    /// <exception cref="DataException">A column is missing, a row lacks who, when or why, or two rows of one id say different things; names the line.</exception>
    public static CorrectionFile Read(string path)
    {
        var table = Table.Read(path);
        foreach (var column in new[] { Id, Label, Who, When, Why })
            if (!table.Has(column))
                throw new DataException(path, $"there is no column '{column}'; got {string.Join(", ", table.Columns.Take(10))}, expected {Id}, {Label}, {Who}, {When} and {Why}.\nnext: fill in the queue that is written by: tutti labels --run DIR --out queue.csv", 1);
        Dictionary<string, Correction> rows = new(StringComparer.Ordinal);
        var open = 0;
        for (var row = 0; row < table.Count; row++)
        {
            if (Text(table, row, Label) is not { } label)
            {
                open++;
                continue;
            }
            var one = new Correction(Needed(table, row, Id), table.Has(Given) ? Text(table, row, Given) : null, label, Needed(table, row, Who), Time(table, row), Needed(table, row, Why), table.LineOf(row));
            if (rows.TryAdd(one.Id, one)) continue;
            if (rows[one.Id].Label != label)
                throw new DataException(path, $"row '{one.Id}' is '{label}' here and '{rows[one.Id].Label}' in line {rows[one.Id].Line}; expected one answer for a row: delete one of the two lines", one.Line, Label);
        }
        if (rows.Count == 0) throw new DataException(path, $"column '{Label}' is empty in all {table.Count} rows, so that there is nothing to apply; fill in the label that is right, with {Who}, {When} and {Why}", 0, Label);
        return new(path, table.ContentHash!, [.. rows.Values], open, [.. table.Columns.Where(column => !known.Contains(column))]);
    }

    static string? Text(Table table, int row, string column) => string.IsNullOrWhiteSpace(table[row, column]) ? null : table[row, column]!.Trim();

    static string Needed(Table table, int row, string column) => Text(table, row, column)
        ?? throw new DataException(table.File, $"the cell is empty; a row with a label needs {Id}, {Who}, {When} and {Why} (or empty its label to leave the row as it is)", table.LineOf(row), column);

    static string Time(Table table, int row)
    {
        var text = Needed(table, row, When);
        return DateTimeOffset.TryParseExact(text, times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _) ? text
            : throw new DataException(table.File, $"got '{text}', expected a date such as 2026-11-21, or with a time, such as 2026-11-21T14:30:00Z", table.LineOf(row), When);
    }
}
