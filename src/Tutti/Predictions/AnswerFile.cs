using System.Globalization;
using Tutti.Tables;

namespace Tutti.Predictions;

/// <summary>
/// The CSV form of an <see cref="AnswerSet"/>: <c>id</c>, <c>fold</c> (if there are folds), then for each answer NAME <c>label_NAME</c> (if the truth is known; empty where a row lacks it),
/// <c>prediction_NAME</c> (the class; 1 or 0, from a probability of 0.5 on; the number) and probabilities: <c>p_NAME=CLASS</c> for every class, <c>p_NAME</c> for a flag.
/// </summary>
public static class AnswerFile
{
    static readonly TableFormat format = new() { Kind = "csv", Delimiter = ",", Quote = '"', Header = true };

    /// <summary>The columns of such a file.</summary>
    public static IReadOnlyList<string> Columns(IReadOnlyList<Answer> answers, bool folds = false, bool labels = false) =>
        ["id", .. folds ? ["fold"] : (string[])[], .. answers.SelectMany(answer => (IEnumerable<string>)[.. labels ? [$"label_{answer.Name}"] : (string[])[], $"prediction_{answer.Name}", .. Probabilities(answer)])];

    /// <summary>Writes the file in one step.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, AnswerSet set) => TableWriter.Write(path, Columns(set.Answers, set.Folds is not null, set.Truth is not null), writer =>
    {
        for (var row = 0; row < set.Count; row++)
            Add(writer, set.Answers, set.Ids[row], set.Row(row), set.Truth is { } truth ? truth.AsSpan(row * set.Answers.Count, set.Answers.Count) : default, set.Folds?[row]);
    });

    /// <summary>Writes rows that come one after the other, without truth and folds; any number in constant memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="answers">What is said of each row.</param>
    /// <param name="rows">Hands each row's id and W values to the function it gets.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<Answer> answers, Action<Action<string, double[]>> rows) => TableWriter.Write(path, Columns(answers), writer =>
        rows((id, row) => Add(writer, answers, id, row, default, null)));

    /// <summary>Reads what was written of the same answers.</summary>
    /// <exception cref="DataException">The file is missing, or is not of these answers; names line and column.</exception>
    public static AnswerSet Read(string path, IReadOnlyList<Answer> answers)
    {
        var table = Table.Read(path, format);
        var (folds, labels) = (table.Has("fold"), table.Has($"label_{answers[0].Name}"));
        if (!table.Columns.SequenceEqual(Columns(answers, folds, labels)))
            throw new DataException(path, $"has the columns {string.Join(", ", table.Columns.Take(6))}; expected {string.Join(", ", Columns(answers, folds, labels).Take(6))}; train the cell again", 1);
        List<double> values = [], truth = [];
        for (var row = 0; row < table.Count; row++)
            foreach (var answer in answers)
            {
                foreach (var column in answer.Kind == AnswerKind.Number ? [$"prediction_{answer.Name}"] : Probabilities(answer)) values.Add(Number(table, row, column));
                if (labels) truth.Add(TruthOf(table, row, answer));
            }
        return new(table.Ids("id"), answers, [.. values], labels ? [.. truth] : null, folds ? [.. Enumerable.Range(0, table.Count).Select(row => (int)Number(table, row, "fold"))] : null);
    }

    /// <summary>What an answer predicts, as a file says it.</summary>
    /// <param name="values">The answer's own numbers.</param>
    public static string Prediction(Answer answer, ReadOnlySpan<double> values) => answer.Kind switch
    {
        AnswerKind.Class or AnswerKind.Ordinal => answer.Classes[PredictionSet.ArgMax(values)],
        AnswerKind.Flag => values[0] >= 0.5 ? "1" : "0",
        _ => values[0].ToString(CultureInfo.InvariantCulture),
    };

    static IEnumerable<string> Probabilities(Answer answer) => answer.Kind == AnswerKind.Number ? [] : answer.Values.Select(name => $"p_{name}");

    static void Add(TableWriter writer, IReadOnlyList<Answer> answers, string id, ReadOnlySpan<double> row, ReadOnlySpan<double> truth, int? fold)
    {
        writer.Add(id);
        if (fold is { } number) writer.Add(number);
        var at = 0;
        for (var i = 0; i < answers.Count; i++)
        {
            var answer = answers[i];
            var own = row.Slice(at, answer.Width);
            at += answer.Width;
            if (!truth.IsEmpty) writer.Add(double.IsNaN(truth[i]) ? "" : answer.HasClasses ? answer.Classes[(int)truth[i]] : truth[i].ToString(CultureInfo.InvariantCulture));
            writer.Add(Prediction(answer, own));
            if (answer.Kind == AnswerKind.Number) continue;
            foreach (var p in own) writer.Add(p);
        }
        writer.EndRow();
    }

    static double TruthOf(Table table, int row, Answer answer)
    {
        var column = $"label_{answer.Name}";
        if (string.IsNullOrEmpty(table[row, column])) return double.NaN;
        if (!answer.HasClasses) return Number(table, row, column);
        for (var k = 0; k < answer.Classes.Count; k++)
            if (answer.Classes[k] == table[row, column]) return k;
        throw new DataException(table.File, $"'{table[row, column]}' is not one of the {answer.Classes.Count} classes", table.LineOf(row), column);
    }

    static double Number(Table table, int row, string column) => double.TryParse(table[row, column], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
        : throw new DataException(table.File, $"'{table[row, column]}' is not a number", table.LineOf(row), column);
}
