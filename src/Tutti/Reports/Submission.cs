using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>
/// The file that a competition asks for: columns, order of rows and ids of its sample submission, filled with our predictions.
/// </summary>
public static class Submission
{
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
        var classOf = sample is null ? null : Targets(sample, form.Columns, form.Id, predictions);
        TableWriter.Write(path, form.Columns, writer =>
        {
            foreach (var row in form.Rows)
            {
                for (var column = 0; column < form.Columns.Count; column++)
                    if (column == form.Id) writer.Add(predictions.Ids[row]);
                    else if (classOf is null) writer.Add(predictions.Classes[predictions.Predicted(row)]);
                    else writer.Add(predictions.Row(row)[classOf[column]]);
                writer.EndRow();
            }
        }, form.Delimiter);
        CheckAgainst(path, form, predictions);                // what others will read, not what was meant to be written
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
        CheckAgainst(path, form, predictions);
    }

    static void CheckAgainst(string path, SampleForm form, PredictionSet predictions) =>
        SubmissionCheck.Of(path, form.Columns, form.Id, [.. form.Rows.Select(row => predictions.Ids[row])], predictions.Classes, form.Delimiter);

    static SampleForm FormOf(string? sample, PredictionSet predictions, string id, string label) =>
        sample is null ? new([id, label], 0, ',', [.. Enumerable.Range(0, predictions.Count)]) : SampleForm.Read(sample, predictions.Ids, id, (columns, at) => Targets(sample, columns, at, predictions));

    /// <summary>Checks a sample against predictions of the rows to come, before anything is trained. Errors as <see cref="Write"/>.</summary>
    public static void Check(string sample, PredictionSet predictions, string id) => FormOf(sample, predictions, id, "");

    // Per column, the class whose probability it takes; null: the other column takes the predicted class.
    static int[]? Targets(string sample, IReadOnlyList<string> columns, int id, PredictionSet predictions)
    {
        var targets = columns.Where((_, column) => column != id).ToArray();
        if (targets.Length == 1) return null;
        var classOf = predictions.Classes.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        if (targets.Length == predictions.K && targets.All(classOf.ContainsKey))
            return [.. columns.Select((name, column) => column == id ? -1 : classOf[name])];
        throw new DataException(sample, $"has the columns {SampleForm.Examples(targets)} beside the id '{columns[id]}'; expected one, for the predicted class, "
            + $"or one for each of the {predictions.K} classes: {SampleForm.Examples(predictions.Classes)}", 1);
    }
}
