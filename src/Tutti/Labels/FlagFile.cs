using System.Globalization;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Labels;

/// <summary>
/// Probabilities and labels of rows that may have several, from a CSV file of anybody's: for each label NAME the columns <c>p_NAME</c> (a probability of its own) and <c>label_NAME</c> (1 or 0), and
/// <c>id</c> if there is one. The out-of-fold predictions of a run of labels are such a file.
/// </summary>
public static class FlagFile
{
    const string P = "p_", Given = "label_";

    /// <summary>Whether the columns are those of such a file: every <c>p_NAME</c> has its <c>label_NAME</c>.</summary>
    public static bool Is(IReadOnlyList<string> columns) => Names(columns) is { Length: > 0 } names && names.All(name => columns.Contains(Given + name));

    /// <exception cref="DataException">A cell is no probability, or neither 1 nor 0: names line and column.</exception>
    public static AnswerSet Read(string path)
    {
        var table = Table.Read(path);
        var names = Names(table.Columns);
        if (!Is(table.Columns)) throw new DataException(path, $"has the columns {string.Join(", ", table.Columns.Take(8))}; expected p_NAME and label_NAME for each label", 1);
        if (table.Count == 0) throw new DataException(path, "has no rows");
        var (values, truth) = (new double[table.Count * names.Length], new double[table.Count * names.Length]);
        for (var row = 0; row < table.Count; row++)
            for (var i = 0; i < names.Length; i++)
            {
                values[(row * names.Length) + i] = Number(table, row, P + names[i], p => p is >= 0 and <= 1, "a probability from 0 to 1");
                truth[(row * names.Length) + i] = Number(table, row, Given + names[i], given => given is 0 or 1, "1 or 0");
            }
        IReadOnlyList<string> ids = table.Has("id") ? table.Ids("id") : ProbabilityFile.Numbered(table.Count);
        return new(ids, [.. names.Select(name => new Answer(name, AnswerKind.Flag, []))], values, truth);
    }

    static string[] Names(IReadOnlyList<string> columns) => [.. columns.Where(name => name.StartsWith(P, StringComparison.Ordinal)).Select(name => name[P.Length..])];

    static double Number(Table table, int row, string column, Func<double, bool> allowed, string expected) =>
        double.TryParse(table[row, column], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && allowed(value) ? value
            : throw new DataException(table.File, $"got '{table[row, column]}', expected {expected}", table.LineOf(row), column);
}
