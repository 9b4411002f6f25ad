using System.Globalization;
using Tutti.Tables;

namespace Tutti.Predictions;

/// <summary>
/// The CSV form of a <see cref="PredictionSet"/>: columns <c>id</c>, <c>fold</c> (if there are folds), <c>label</c> (if labels are
/// known), <c>prediction</c> and <c>p_CLASS</c> per class, in the order of the classes. Numbers are written so that they read back
/// exactly. An empty label or fold means unknown. A column <c>hash</c> of the rows' texts is passed over.
/// </summary>
public static class PredictionFile
{
    /// <summary>The column of the hashes of the rows' texts.</summary>
    public const string Hash = "hash";

    const string Id = "id", Fold = "fold", Label = "label", Prediction = "prediction", Prefix = "p_";

    static readonly TableFormat format = new() { Kind = "csv", Delimiter = ",", Quote = '"', Header = true };

    /// <summary>The columns of a file of predictions.</summary>
    public static IReadOnlyList<string> Columns(IReadOnlyList<string> classes, bool folds = false, bool labels = false, bool hashes = false) =>
        [Id, .. folds ? [Fold] : (string[])[], .. hashes ? [Hash] : (string[])[], .. labels ? [Label] : (string[])[], Prediction, .. classes.Select(name => Prefix + name)];

    /// <summary>Writes the file in one step: a reader sees the old file or the whole new one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="set">What it is to hold.</param>
    /// <param name="hash">The hash of a row's text, by its id; null: there is no such column.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, PredictionSet set, Func<string, string>? hash = null) => TableWriter.Write(path, Columns(set.Classes, set.Folds is not null, set.Labels is not null, hash is not null), writer =>
    {
        for (var i = 0; i < set.Count; i++)
        {
            writer.Add(set.Ids[i]);
            if (set.Folds is { } folds) writer.Add(folds[i] < 0 ? null : folds[i].ToString(CultureInfo.InvariantCulture));
            if (hash is not null) writer.Add(hash(set.Ids[i]));
            if (set.Labels is { } labels) writer.Add(labels[i] < 0 ? null : set.Classes[labels[i]]);
            Add(writer, set.Classes, set.Row(i));
        }
    });

    /// <summary>Writes predictions that come one after the other, without labels and folds; any number in constant memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classes">Class names.</param>
    /// <param name="rows">Hands each row's id and probabilities to the function it gets.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<string> classes, Action<Action<string, double[]>> rows) => TableWriter.Write(path, Columns(classes), writer =>
        rows((id, row) => Add(writer.Add(id), classes, row)));

    static void Add(TableWriter writer, IReadOnlyList<string> classes, ReadOnlySpan<double> row)
    {
        writer.Add(classes[PredictionSet.ArgMax(row)]);
        foreach (var p in row) writer.Add(p);
        writer.EndRow();
    }

    /// <summary>Reads a file of that form, also one made elsewhere: only <c>id</c> and the <c>p_CLASS</c> columns are required.</summary>
    /// <exception cref="DataException">The file is missing or malformed; names line and column.</exception>
    public static PredictionSet Read(string path)
    {
        var table = Table.Read(path, format);
        var classes = ClassesOf(table);
        var classIndex = classes.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        var probabilities = Probabilities(table, classes);
        if (table.Has(Prediction)) CheckPredicted(table, classes, classIndex, probabilities);
        return new(table.Ids(Id), classes, probabilities,
            table.Has(Label) ? [.. Enumerable.Range(0, table.Count).Select(row => table[row, Label] is null ? -1 : ClassOf(table, row, Label, classIndex))] : null,
            table.Has(Fold) ? [.. Enumerable.Range(0, table.Count).Select(row => FoldOf(table, row))] : null);
    }

    static string[] ClassesOf(Table table)
    {
        if (!table.Has(Id)) throw new DataException(table.File, $"there is no column '{Id}' but {string.Join(", ", table.Columns.Take(5))}; is this a file of predictions?", 1);
        string[] classes = [.. table.Columns.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..])];
        if (classes.Length < 2)
            throw new DataException(table.File, $"has {classes.Length} probability columns; expected {Prefix}CLASS for each of at least two classes", 1);
        if (table.Columns.FirstOrDefault(name => name is not (Id or Fold or Hash or Label or Prediction) && !name.StartsWith(Prefix, StringComparison.Ordinal)) is { } odd)
            throw new DataException(table.File, $"is not known; expected {Id}, {Fold}, {Label}, {Prediction} and {Prefix}CLASS; remove it", 1, odd);
        return classes;
    }

    static double[] Probabilities(Table table, string[] classes)
    {
        var probabilities = new double[table.Count * classes.Length];
        for (var k = 0; k < classes.Length; k++)
        {
            var cells = table.Column(Prefix + classes[k]);
            for (var row = 0; row < cells.Count; row++)
                if (!double.TryParse(cells[row], NumberStyles.Float, CultureInfo.InvariantCulture, out probabilities[(row * classes.Length) + k]))
                    throw new DataException(table.File, $"'{cells[row]}' is not a number", table.LineOf(row), Prefix + classes[k]);
        }
        for (var row = 0; row < table.Count; row++)
            if (PredictionSet.FaultOf(probabilities.AsSpan(row * classes.Length, classes.Length)) is { } fault)
                throw new DataException(table.File, fault, table.LineOf(row));
        return probabilities;
    }

    static void CheckPredicted(Table table, string[] classes, Dictionary<string, int> classIndex, double[] probabilities)
    {
        for (var row = 0; row < table.Count; row++)
        {
            var values = probabilities.AsSpan(row * classes.Length, classes.Length);
            var best = PredictionSet.ArgMax(values);
            if (values[ClassOf(table, row, Prediction, classIndex)] < values[best])
                throw new DataException(table.File, $"'{table[row, Prediction]}' is not the most probable class, '{classes[best]}' is; "
                    + "correct the row or remove the column", table.LineOf(row), Prediction);
        }
    }

    static int ClassOf(Table table, int row, string column, Dictionary<string, int> classes) =>
        classes.TryGetValue(table[row, column] ?? "", out var index) ? index
            : throw new DataException(table.File, $"'{table[row, column]}' is not one of the {classes.Count} classes of the {Prefix} columns: "
                + string.Join(", ", classes.Keys.Take(5)) + (classes.Count > 5 ? ", ..." : ""), table.LineOf(row), column);

    static int FoldOf(Table table, int row)
    {
        if (table[row, Fold] is not { } cell) return -1;
        return int.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out var fold) ? fold
            : throw new DataException(table.File, $"'{cell}' is not a fold number 0, 1, 2, ...", table.LineOf(row), Fold);
    }
}
