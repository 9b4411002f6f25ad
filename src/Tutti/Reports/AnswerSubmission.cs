using System.Globalization;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>Labels of a row in one column.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Separator">What stands between labels.</param>
public sealed record LabelColumn(string Column, string Separator);

/// <summary>
/// The file that a competition asks for where labels, numbers or several targets are predicted: a column for each answer (the class, the label's probability, the number), or the labels of a
/// probability from 0.5 on in one column.
/// </summary>
public static class AnswerSubmission
{
    /// <summary>Writes the submission in one step. With a sample: its ids in its order, its columns in theirs, between its separators.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="set">Predictions.</param>
    /// <param name="id">The id column; in a sample that does not have it, the first one.</param>
    /// <param name="joined">Where all labels stand in one column.</param>
    /// <param name="sample">The sample submission.</param>
    /// <exception cref="DataException">The sample is malformed, or its ids or columns are not those of the predictions.</exception>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, AnswerSet set, string id, LabelColumn? joined = null, string? sample = null)
    {
        var form = sample is null ? new([id, .. Columns(set.Answers, joined)], 0, ',', [.. Enumerable.Range(0, set.Count)]) : SampleForm.Read(sample, set.Ids, id, (columns, at) => CheckColumns(sample, columns, at, set.Answers, joined));
        var (places, index) = (Answer.Places(set.Answers), set.Answers.Index().ToDictionary(pair => pair.Item.Name, pair => pair.Index, StringComparer.Ordinal));
        TableWriter.Write(path, form.Columns, writer =>
        {
            foreach (var row in form.Rows)
            {
                for (var column = 0; column < form.Columns.Count; column++)
                    writer.Add(column == form.Id ? set.Ids[row] : joined is null ? Cell(set, row, index[form.Columns[column]], places) : Labels(set, row, joined));
                writer.EndRow();
            }
        }, form.Delimiter);
    }

    /// <summary>Checks a sample against rows to come, before anything is trained. Errors as <see cref="Write"/>.</summary>
    public static void Check(string sample, IReadOnlyList<string> ids, IReadOnlyList<Answer> answers, string id, LabelColumn? joined = null) =>
        SampleForm.Read(sample, ids, id, (columns, at) => CheckColumns(sample, columns, at, answers, joined));

    static IEnumerable<string> Columns(IReadOnlyList<Answer> answers, LabelColumn? joined) => joined is null ? answers.Select(answer => answer.Name) : [joined.Column];

    static void CheckColumns(string sample, IReadOnlyList<string> columns, int id, IReadOnlyList<Answer> answers, LabelColumn? joined)
    {
        string[] asked = [.. columns.Where((_, column) => column != id)], given = [.. Columns(answers, joined)];
        if (joined is null ? asked.Order(StringComparer.Ordinal).SequenceEqual(given.Order(StringComparer.Ordinal)) : asked.Length == 1) return;
        throw new DataException(sample, $"has the columns {string.Join(", ", asked.Take(5))} beside the id '{columns[id]}'; expected {(joined is null ? string.Join(", ", given.Take(5)) : "one, for the labels")}", 1);
    }

    static string Cell(AnswerSet set, int row, int answer, int[] places)
    {
        var own = set.Row(row).Slice(places[answer], set.Answers[answer].Width);
        return set.Answers[answer].Kind == AnswerKind.Flag ? own[0].ToString(CultureInfo.InvariantCulture) : AnswerFile.Prediction(set.Answers[answer], own);
    }

    static string Labels(AnswerSet set, int row, LabelColumn joined)
    {
        List<string> names = [];
        for (var k = 0; k < set.Answers.Count; k++)
            if (set.Row(row)[k] >= 0.5) names.Add(set.Answers[k].Name);
        return string.Join(joined.Separator, names);
    }
}
