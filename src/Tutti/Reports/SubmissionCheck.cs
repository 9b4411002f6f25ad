using System.Globalization;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>Whether a file is what a competition asks for, as it stands on the disk: columns, ids and their order, and what the cells may be.</summary>
static class SubmissionCheck
{
    const int Shown = 3;

    /// <param name="path">The file.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="id">The place of the id column.</param>
    /// <param name="ids">The ids, in order.</param>
    /// <param name="classes">What the cells of a single column may say; the columns of several are probabilities.</param>
    /// <param name="delimiter">Between the cells.</param>
    /// <exception cref="DataException">Names the first fault, with its line and column.</exception>
    public static void Of(string path, IReadOnlyList<string> columns, int id, IReadOnlyList<string> ids, IReadOnlyList<string> classes, char delimiter = ',')
    {
        var table = Table.Read(path, new() { Kind = "csv", Delimiter = delimiter.ToString(), Quote = '"', Header = true });
        if (!table.Columns.SequenceEqual(columns)) throw new DataException(path, $"has the columns {Names(table.Columns)}; expected {Names(columns)}, in this order", 1);
        CheckIds(table, columns[id], ids);
        string[] targets = [.. columns.Where((_, column) => column != id)];
        if (targets.Length == 1) CheckLabels(table, targets[0], classes);
        else CheckProbabilities(table, targets);
    }

    static void CheckIds(Table table, string column, IReadOnlyList<string> ids)
    {
        var written = table.Column(column);
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var row = 0; row < table.Count; row++)
        {
            if (written[row] is not { } id) throw new DataException(table.File, "the id is empty", table.LineOf(row), column);
            if (!lines.TryAdd(id, table.LineOf(row))) throw new DataException(table.File, $"the id '{id}' is there twice, first in line {lines[id]}", table.LineOf(row), column);
        }
        var asked = ids.ToHashSet(StringComparer.Ordinal);
        string[] missing = [.. ids.Where(id => !lines.ContainsKey(id))], unknown = [.. lines.Keys.Where(id => !asked.Contains(id))];
        if (missing.Length > 0 || unknown.Length > 0)
            throw new DataException(table.File, FormattableString.Invariant($"{missing.Length} of {ids.Count} ids are missing{Names(missing, ": ")}; {unknown.Length} are not asked for{Names(unknown, ": ")}"), column: column);
        for (var row = 0; row < table.Count; row++)
            if (written[row] != ids[row]) throw new DataException(table.File, $"the id '{written[row]}' stands where '{ids[row]}' is asked for: all are there, in another order", table.LineOf(row), column);
    }

    static void CheckLabels(Table table, string column, IReadOnlyList<string> classes)
    {
        var known = classes.ToHashSet(StringComparer.Ordinal);
        for (var row = 0; row < table.Count; row++)
            if (table[row, column] is not { } label || !known.Contains(label))
                throw new DataException(table.File, $"{(table[row, column] is null ? "the cell is empty" : $"got '{table[row, column]}'")}, expected one of the {classes.Count} classes: {Names(classes)}", table.LineOf(row), column);
    }

    static void CheckProbabilities(Table table, string[] columns)
    {
        for (var row = 0; row < table.Count; row++)
        {
            var sum = 0.0;
            foreach (var column in columns)
            {
                if (!double.TryParse(table[row, column], NumberStyles.Float, CultureInfo.InvariantCulture, out var p) || !(p >= 0 && p <= 1 + PredictionSet.SumTolerance))
                    throw new DataException(table.File, $"{(table[row, column] is null ? "the cell is empty" : $"got '{table[row, column]}'")}, expected a probability from 0 to 1", table.LineOf(row), column);
                sum += p;
            }
            if (Math.Abs(sum - 1) > PredictionSet.SumTolerance) throw new DataException(table.File, FormattableString.Invariant($"the probabilities sum to {sum}, expected 1"), table.LineOf(row));
        }
    }

    static string Names(IReadOnlyList<string> names, string before = "") =>
        names.Count == 0 ? "" : $"{before}{string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}{(names.Count > Shown ? ", ..." : "")}";
}
