using System.Globalization;

namespace Tutti.Tables;

/// <summary>
/// The classes of a task and their order. Labels are compared as trimmed text, so "1" and "1.0" are two classes; they are ordered as
/// numbers when all of them are numbers, else by ordinal comparison, so the same labels always get the same places.
/// </summary>
public sealed class LabelMap
{
    readonly Dictionary<string, int> index;

    /// <summary>The classes; a class's place is its index everywhere (logits, probabilities, confusion matrix).</summary>
    public IReadOnlyList<string> Names { get; }

    public int Count => Names.Count;

    LabelMap(IReadOnlyList<string> names)
    {
        Names = names;
        index = names.Select((name, i) => (name, i)).ToDictionary(n => n.name, n => n.i, StringComparer.Ordinal);
    }

    /// <summary>The classes among labels in any order and number; fewer than two are a <see cref="DataException"/> naming <paramref name="source"/>.</summary>
    public static LabelMap From(IEnumerable<string> labels, string source = "labels", string? column = null)
    {
        var names = Ordered(labels.Select(l => l.Trim()).Distinct(StringComparer.Ordinal));
        if (names.Count < 2)
            throw new DataException(source, names.Count == 0 ? "there are no labels; expected two classes or more."
                : $"there is only one class, '{names[0]}'; expected two or more to tell apart.", 0, column);
        return new(names);
    }

    /// <summary>The classes of a table's column; every cell must be filled.</summary>
    public static LabelMap From(Table table, string column) => From(Cells(table, column), table.File, column);

    /// <summary>The classes in a stated order, as a trained model keeps them.</summary>
    public static LabelMap InOrder(IReadOnlyList<string> names) => new([.. names.Select(n => n.Trim())]);

    /// <summary>A label's place, or -1 when it is not among the classes.</summary>
    public int IndexOf(string label) => index.GetValueOrDefault(label.Trim(), -1);

    /// <summary>Every row's class; a <see cref="DataException"/> names the first row whose label is none of the classes, and all of them.</summary>
    public int[] IndicesOf(Table table, string column)
    {
        var labels = Cells(table, column);
        var indices = new int[labels.Length];
        for (var row = 0; row < labels.Length; row++)
            if ((indices[row] = IndexOf(labels[row])) < 0)
                throw new DataException(table.File, $"the label '{labels[row]}' is none of the classes of training{Nearest.Hint(labels[row], Names)} "
                    + $"The classes are: {string.Join(", ", Names.Take(20))}{(Count > 20 ? $" and {Count - 20} more" : "")}.", table.LineOf(row), column);
        return indices;
    }

    /// <summary>The trimmed labels of a column; empty cells are a <see cref="DataException"/> naming the first lines and their number.</summary>
    public static string[] Cells(Table table, string column)
    {
        var cells = table.Column(column);
        var empty = Enumerable.Range(0, cells.Count).Where(row => string.IsNullOrWhiteSpace(cells[row])).ToList();
        if (empty.Count > 0)
            throw new DataException(table.File, $"the label is empty in {empty.Count} of {cells.Count} rows "
                + $"(lines {string.Join(", ", empty.Take(3).Select(table.LineOf))}"
                + $"{(empty.Count > 3 ? ", ..." : "")}); fill these cells or remove the rows.", table.LineOf(empty[0]), column);
        return [.. cells.Select(c => c!.Trim())];
    }

    /// <summary>Distinct texts by number when all are numbers (equal numbers by their text), else ordinal.</summary>
    internal static List<string> Ordered(IEnumerable<string> names)
    {
        var all = names.Order(StringComparer.Ordinal).ToList();
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var name in all)
        {
            if (!double.TryParse(name, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || double.IsNaN(number)) return all;
            numbers[name] = number;
        }
        return [.. all.OrderBy(n => numbers[n])];
    }
}
