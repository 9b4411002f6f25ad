using System.Globalization;
using System.Text.RegularExpressions;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Labels;

/// <summary>
/// Probabilities and labels from a CSV file of anybody's: columns <c>p_CLASS</c> (or <c>p0</c>, <c>p1</c>, ...), <c>id</c> if there is one (else rows are
/// numbered from 1), and the labels in a column or in a file beside it. A label is a class name, or a class number from 0 where it is no name.
/// </summary>
/// <param name="Ids">Of the rows.</param>
/// <param name="Classes">Class names.</param>
/// <param name="Probabilities">n*K numbers.</param>
/// <param name="Labels">Given labels.</param>
/// <param name="Ignored">Columns that were not read.</param>
public sealed partial record ProbabilityFile(IReadOnlyList<string> Ids, IReadOnlyList<string> Classes, double[] Probabilities, int[] Labels, IReadOnlyList<string> Ignored)
{
    const string Id = "id", Label = "label";

    /// <param name="path">The file of probabilities.</param>
    /// <param name="labels">A column of it, or another file: with a column of labels alone or with <c>id</c>, by which its rows are then found.</param>
    /// <exception cref="InputException">Something cannot be used: names file, line and column.</exception>
    public static ProbabilityFile Read(string path, string labels = Label)
    {
        var table = Table.Read(path);
        var (columns, classes) = ClassesOf(table);
        var probabilities = Numbers(table, columns);
        string[] ids = table.Has(Id) ? [.. table.Ids(Id)] : Numbered(table.Count);
        var own = table.Has(labels);
        if (!own && !File.Exists(labels))
            throw new ConfigException("--labels", $"'{labels}' is neither a column of {path} nor a file{Nearest.Hint(labels, table.Columns, "")}\nits columns: {string.Join(", ", table.Columns.Take(12))}");
        var given = own ? Places(table, labels, Enumerable.Range(0, table.Count), classes) : Beside(labels, path, table.Has(Id) ? ids : null, table.Count, classes);
        return new(ids, classes, probabilities, given, [.. table.Columns.Where(name => name != Id && name != labels && name is not (Label or "fold" or "prediction") && !columns.Contains(name))]);
    }

    /// <summary>Labels of so many rows, from a file that has them in the rows' order.</summary>
    /// <exception cref="DataException">A label is no class number, or there are not so many.</exception>
    public static int[] ReadLabels(string path, int count, string of, IReadOnlyList<string> classes) => Beside(path, of, null, count, classes);

    /// <summary>1, 2, 3, ...: ids of rows that have none.</summary>
    public static string[] Numbered(int count) => [.. Enumerable.Range(1, count).Select(row => row.ToString(CultureInfo.InvariantCulture))];

    static (string[] Columns, string[] Classes) ClassesOf(Table table)
    {
        string[] columns = [.. table.Columns.Where(name => name.StartsWith("p_", StringComparison.Ordinal))];
        if (columns.Length == 0) columns = [.. table.Columns.Where(name => NumberedColumn().IsMatch(name))];
        if (columns.Length >= 2) return (columns, [.. columns.Select(name => name.StartsWith("p_", StringComparison.Ordinal) ? name[2..] : name[1..])]);
        throw new DataException(table.File, $"has {columns.Length} columns of probabilities; expected p_CLASS (or p0, p1, ...) for each of at least two classes", 1);
    }

    static double[] Numbers(Table table, string[] columns)
    {
        var values = new double[table.Count * columns.Length];
        for (var k = 0; k < columns.Length; k++)
        {
            var cells = table.Column(columns[k]);
            for (var row = 0; row < cells.Count; row++)
                if (!double.TryParse(cells[row], NumberStyles.Float, CultureInfo.InvariantCulture, out values[(row * columns.Length) + k]))
                    throw new DataException(table.File, $"'{cells[row]}' is not a number", table.LineOf(row), columns[k]);
        }
        for (var row = 0; row < table.Count; row++)
            if (PredictionSet.FaultOf(values.AsSpan(row * columns.Length, columns.Length)) is { } fault) throw new DataException(table.File, fault, table.LineOf(row));
        return table.Count > 0 ? values : throw new DataException(table.File, "has no rows");
    }

    static int[] Beside(string file, string of, string[]? ids, int count, IReadOnlyList<string> classes)
    {
        var table = Table.Read(file);
        string[] others = [.. table.Columns.Where(name => name != Id)];
        var column = others.Contains(Label) ? Label : others.Length == 1 ? others[0]
            : throw new DataException(file, $"has the columns {string.Join(", ", table.Columns.Take(8))}; expected '{Label}', or one column of labels beside '{Id}'", 1);
        if (table.Count != count) throw new DataException(file, $"has {table.Count} labels; expected one for each of the {count} rows of {of}");
        if (ids is null || !table.Has(Id)) return Places(table, column, Enumerable.Range(0, count), classes);
        var places = table.Ids(Id).Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        return Places(table, column, ids.Select(id => places.TryGetValue(id, out var row) ? row : throw new DataException(file, $"has no row '{id}', which {of} has", 0, Id)), classes);
    }

    static int[] Places(Table table, string column, IEnumerable<int> rows, IReadOnlyList<string> classes)
    {
        var names = classes.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        return [.. rows.Select(row =>
        {
            var cell = table[row, column]?.Trim() ?? "";
            if (names.TryGetValue(cell, out var place) || (int.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out place) && place < classes.Count)) return place;
            throw new DataException(table.File, $"the label '{cell}' is neither a class ({string.Join(", ", classes.Take(5))}{(classes.Count > 5 ? ", ..." : "")}) nor a number 0 to {classes.Count - 1}",
                table.LineOf(row), column);
        })];
    }

    [GeneratedRegex(@"^p\d+\z")]
    private static partial Regex NumberedColumn();
}
