using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>
/// The file that a competition asks for: columns, order of rows and ids of its sample submission, filled with our predictions.
/// </summary>
public static class Submission
{
    const int Shown = 3;

    /// <summary>
    /// Writes the submission in one step. With a sample: exactly its ids in its order, under its columns, between its separators; the
    /// id column is the one named <paramref name="id"/>, else the first. One other column gets the predicted class; several, named as
    /// the classes, get their probabilities. Without a sample: the columns <paramref name="id"/> and <paramref name="label"/>.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="label">The name of the label column; only used without a sample.</param>
    /// <exception cref="DataException">The sample is malformed, or its ids or columns are not those of the predictions; the message counts them. Or what was written does not read back as it should.</exception>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, PredictionSet predictions, string id, string label, string? sample = null)
    {
        var form = FormOf(sample, predictions, id, label);
        TableWriter.Write(path, form.Columns, writer =>
        {
            foreach (var row in form.Rows)
            {
                for (var column = 0; column < form.Columns.Count; column++)
                    if (column == form.Id) writer.Add(predictions.Ids[row]);
                    else if (form.ClassOf is null) writer.Add(predictions.Classes[predictions.Predicted(row)]);
                    else writer.Add(predictions.Row(row)[form.ClassOf[column]]);
                writer.EndRow();
            }
        }, form.Delimiter);
        // What others will read, not what was meant to be written.
        SubmissionCheck.Of(path, form.Columns, form.Id, [.. form.Rows.Select(row => predictions.Ids[row])], predictions.Classes, form.Delimiter);
    }

    /// <summary>Checks a file that was made by any means against the sample submission, or against ids and classes alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="predictions">Of the rows that it should hold: their ids and classes count.</param>
    /// <param name="id">As for <see cref="Write"/>.</param>
    /// <param name="label">As for <see cref="Write"/>.</param>
    /// <param name="sample">The sample submission, or null.</param>
    /// <exception cref="DataException">The first fault, with its line and column.</exception>
    public static void CheckFile(string path, PredictionSet predictions, string id, string label, string? sample = null)
    {
        var form = FormOf(sample, predictions, id, label);
        SubmissionCheck.Of(path, form.Columns, form.Id, [.. form.Rows.Select(row => predictions.Ids[row])], predictions.Classes, form.Delimiter);
    }

    static Form FormOf(string? sample, PredictionSet predictions, string id, string label) => sample is null
        ? new Form([id, label], 0, null, ',', [.. Enumerable.Range(0, predictions.Count)])
        : Form.Read(sample, predictions, id);

    /// <summary>Checks a sample against predictions of the rows to come, before anything is trained. Errors as <see cref="Write"/>.</summary>
    public static void Check(string sample, PredictionSet predictions, string id) => Form.Read(sample, predictions, id);

    /// <param name="Id">The position of the id column.</param>
    /// <param name="ClassOf">Per column, the class whose probability it takes; null: the other column takes the predicted class.</param>
    /// <param name="Rows">The rows of the predictions in the order to write.</param>
    sealed record Form(IReadOnlyList<string> Columns, int Id, int[]? ClassOf, char Delimiter, IReadOnlyList<int> Rows)
    {
        public static Form Read(string sample, PredictionSet predictions, string id)
        {
            var table = Table.Read(sample);
            var columns = table.Columns.ToArray();
            var at = Math.Max(0, Array.IndexOf(columns, id));
            var classOf = Targets(sample, columns, at, predictions);
            var rowOf = predictions.Ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
            var names = table.Column(columns[at]).Select(name => name ?? "").ToArray();
            var twice = names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
            if (twice.Count > 0)
                throw new DataException(sample, $"{twice.Count} ids are there more than once: {Examples(twice)}; is '{columns[at]}' the id column?",
                    column: columns[at]);
            var unknown = names.Where(name => !rowOf.ContainsKey(name)).ToList();
            var asked = names.ToHashSet(StringComparer.Ordinal);
            var extra = predictions.Ids.Where(name => !asked.Contains(name)).ToList();
            if (unknown.Count > 0 || extra.Count > 0)
                throw new DataException(sample, $"{unknown.Count} of its {names.Length} ids have no prediction{Examples(unknown, ": ")}; "
                    + $"{extra.Count} of {predictions.Count} predictions are not asked for{Examples(extra, ": ")}; predict exactly the rows of the sample",
                    column: columns[at]);
            return new(columns, at, classOf, table.Detected.DelimiterCharacter ?? ',', [.. names.Select(name => rowOf[name])]);
        }

        static int[]? Targets(string sample, string[] columns, int id, PredictionSet predictions)
        {
            var targets = columns.Where((_, column) => column != id).ToArray();
            if (targets.Length == 0) throw new DataException(sample, $"has the column '{columns[id]}' only; expected a column to fill", 1);
            if (targets.Length == 1) return null;
            var classOf = predictions.Classes.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
            if (targets.Length == predictions.K && targets.All(classOf.ContainsKey))
                return [.. columns.Select((name, column) => column == id ? -1 : classOf[name])];
            throw new DataException(sample, $"has the columns {Examples(targets)} beside the id '{columns[id]}'; expected one, for the predicted class, "
                + $"or one for each of the {predictions.K} classes: {Examples(predictions.Classes)}", 1);
        }

        static string Examples(IReadOnlyList<string> names, string before = "") =>
            names.Count == 0 ? "" : $"{before}{string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}{(names.Count > Shown ? ", ..." : "")}";
    }
}
