using System.Globalization;

namespace Tutti.Predictions;

/// <summary>
/// The CSV form of a <see cref="PredictionSet"/>: columns <c>id</c>, <c>fold</c> (if there are folds), <c>label</c> (if labels are
/// known), <c>prediction</c> and <c>p_CLASS</c> per class, in the order of the classes. Numbers are written so that they read back
/// exactly. An empty label or fold means unknown.
/// </summary>
public static class PredictionFile
{
    const string Prefix = "p_";

    /// <summary>Writes the file in one step: a reader sees the old file or the whole new one.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, PredictionSet set) => AtomicFile.Write(path, stream =>
    {
        using var csv = CsvRecords.Writer(stream);
        csv.WriteField("id");
        if (set.Folds is not null) csv.WriteField("fold");
        if (set.Labels is not null) csv.WriteField("label");
        csv.WriteField("prediction");
        foreach (var name in set.Classes) csv.WriteField(Prefix + name);
        csv.EndRecord();
        for (var i = 0; i < set.Count; i++)
        {
            csv.WriteField(set.Ids[i]);
            if (set.Folds is { } folds) csv.WriteField(folds[i] < 0 ? "" : folds[i].ToString(CultureInfo.InvariantCulture));
            if (set.Labels is { } labels) csv.WriteField(labels[i] < 0 ? "" : set.Classes[labels[i]]);
            csv.WriteField(set.Classes[set.Predicted(i)]);
            foreach (var p in set.Row(i)) csv.WriteField(p.ToString("R", CultureInfo.InvariantCulture));
            csv.EndRecord();
        }
    });

    /// <summary>Reads a file of that form, also one made elsewhere: only <c>id</c> and the <c>p_CLASS</c> columns are required.</summary>
    /// <exception cref="DataException">The file is missing or malformed; names line and column.</exception>
    public static PredictionSet Read(string path)
    {
        using var csv = new CsvRecords(path);
        var columns = new Columns(path, csv.Header);
        var classIndex = columns.Classes.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        Dictionary<string, long> lines = [];
        List<string> ids = [];
        List<double> probabilities = [];
        List<int> labels = [];
        List<int> folds = [];
        while (csv.Next())
        {
            var id = csv[columns.Id];
            if (id.Length == 0) throw new DataException(path, "the id is empty", csv.Line, "id");
            if (!lines.TryAdd(id, csv.Line)) throw new DataException(path, $"id '{id}' is there twice, first on line {lines[id]}; remove one", csv.Line, "id");
            ids.Add(id);
            foreach (var column in columns.Probabilities) probabilities.Add(Number(path, csv, column));
            var row = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(probabilities)[^columns.Classes.Length..];
            if (PredictionSet.FaultOf(row) is { } fault) throw new DataException(path, fault, csv.Line);
            if (columns.Label is { } label) labels.Add(csv[label].Length == 0 ? -1 : ClassOf(path, csv, label, classIndex));
            if (columns.Fold is { } fold) folds.Add(FoldOf(path, csv, fold));
            if (columns.Prediction is { } prediction && row[ClassOf(path, csv, prediction, classIndex)] < row[PredictionSet.ArgMax(row)])
                throw new DataException(path, $"'{csv[prediction]}' is not the most probable class, '{columns.Classes[PredictionSet.ArgMax(row)]}' is; "
                    + "correct the row or remove the column", csv.Line, "prediction");
        }
        return new(ids, columns.Classes, [.. probabilities], columns.Label is null ? null : [.. labels], columns.Fold is null ? null : [.. folds]);
    }

    static double Number(string path, CsvRecords csv, int column) =>
        double.TryParse(csv[column], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
            : throw new DataException(path, $"'{csv[column]}' is not a number", csv.Line, csv.Header[column]);

    static int ClassOf(string path, CsvRecords csv, int column, Dictionary<string, int> classes) =>
        classes.TryGetValue(csv[column], out var index) ? index
            : throw new DataException(path, $"'{csv[column]}' is not one of the {classes.Count} classes of the {Prefix} columns: "
                + string.Join(", ", classes.Keys.Take(5)) + (classes.Count > 5 ? ", ..." : ""), csv.Line, csv.Header[column]);

    static int FoldOf(string path, CsvRecords csv, int column)
    {
        if (csv[column].Length == 0) return -1;
        return int.TryParse(csv[column], NumberStyles.None, CultureInfo.InvariantCulture, out var fold) ? fold
            : throw new DataException(path, $"'{csv[column]}' is not a fold number 0, 1, 2, ...", csv.Line, csv.Header[column]);
    }

    // Where each column stands; null for an optional one that is absent.
    sealed class Columns
    {
        public Columns(string path, IReadOnlyList<string> header)
        {
            int? Find(string name) => header.Index().Where(pair => pair.Item == name).Select(pair => (int?)pair.Index).FirstOrDefault();
            Id = Find("id") ?? throw new DataException(path, $"has no column 'id' but {string.Join(", ", header.Take(5))}; is this a file of predictions?", 1);
            (Fold, Label, Prediction) = (Find("fold"), Find("label"), Find("prediction"));
            Probabilities = [.. Enumerable.Range(0, header.Count).Where(i => header[i].StartsWith(Prefix, StringComparison.Ordinal))];
            Classes = [.. Probabilities.Select(i => header[i][Prefix.Length..])];
            if (Classes.Length < 2)
                throw new DataException(path, $"has {Classes.Length} probability columns; expected {Prefix}CLASS for each of at least two classes", 1);
            if (header.FirstOrDefault(name => name is not ("id" or "fold" or "label" or "prediction")
                && !name.StartsWith(Prefix, StringComparison.Ordinal)) is { } odd)
                throw new DataException(path, $"is not known; expected id, fold, label, prediction and {Prefix}CLASS; remove it", 1, odd);
        }

        public int Id { get; }
        public int? Fold { get; }
        public int? Label { get; }
        public int? Prediction { get; }
        public int[] Probabilities { get; }
        public string[] Classes { get; }
    }
}
