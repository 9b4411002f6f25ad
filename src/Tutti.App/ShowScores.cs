using System.Globalization;
using Spectre.Console;
using Tutti.Evaluation;

namespace Tutti.App;

/// <summary>Prints how good a classifier is: scores, confusion matrix, classes; where all was asked for also shares, each class's intervals and the reliability table.</summary>
static class ShowScores
{
    /// <summary>A matrix of more classes has no room on a terminal.</summary>
    const int MostClasses = 15;

    const int MostConfusions = 20;

    /// <param name="summary">What is printed.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="to">Where; null: standard output.</param>
    public static void Summary(EvaluationSummary summary, IReadOnlyList<string> classes, IAnsiConsole? to = null)
    {
        var console = to ?? Show.Out;
        Table(console, $"Scores of {summary.Rows} rows", ["score", "value", "95 % interval"], summary.Scores.Select(score => (string[])[score.Name, Show.Number(score.Score.Value), Range(score.Score)]));
        if (classes.Count > MostClasses) Confusions(console, summary.Confusion, classes);
        else
        {
            Matrix(console, "Confusion matrix", summary.Confusion, classes, (truth, predicted) => Show.Whole(summary.Confusion[truth, predicted]));
            if (summary.ClassScores.Count > 0)
            {
                Matrix(console, "Shares of the true class", summary.Confusion, classes, (truth, predicted) => Percent(summary.Confusion.ShareOfTrue(truth, predicted)));
                Matrix(console, "Shares of the predicted class", summary.Confusion, classes, (truth, predicted) => Percent(summary.Confusion.ShareOfPredicted(truth, predicted)));
            }
        }
        if (summary.ClassScores.Count == 0)
            Table(console, $"Per class", ["class", "precision", "recall", "F1", "rows"],
                summary.Classes.Lines.Select(line => (string[])[line.Name, Show.Number(line.Precision), Show.Number(line.Recall), Show.Number(line.F1), Show.Whole(line.Support)]));
        else
        {
            Classes("class", summary.ClassScores, [.. summary.Classes.Lines.Select(line => line.Support)], console);
            Table(console, $"Reliability: of the rows whose confidence lies in a range", ["confidence", "rows", "mean", "right"], summary.Reliability.Where(line => line.Bin.Count > 0).Select(line =>
                (string[])[FormattableString.Invariant($"{line.Bin.Low:0.000} to {line.Bin.High:0.000}"), Show.Whole(line.Bin.Count), Show.Number(line.Bin.Confidence), Show.Interval(line.Right)]));
        }
    }

    /// <summary>Each class's, or label's, scores with intervals.</summary>
    /// <param name="what">What one is called.</param>
    /// <param name="rows">Of each.</param>
    /// <param name="to">Where; null: standard output.</param>
    public static void Classes(string what, IReadOnlyList<ClassScores> classes, IReadOnlyList<int> rows, IAnsiConsole? to = null)
    {
        const int Wide = 140;
        var (console, counted) = (to ?? Show.Out, classes.Zip(rows).ToArray());
        var wide = console.Profile.Width >= Wide;
        string Interval(Score score) => double.IsNaN(score.Value) ? "" : wide ? Show.Interval(score) : Show.Interval(score).Replace(" (", "\n(", StringComparison.Ordinal);
        string[] Found(ClassScores one) => [Interval(one.Precision), Interval(one.Recall), Interval(one.F1)];
        string[] Ranked(ClassScores one) => [Interval(one.RocAuc), Interval(one.AveragePrecision)];
        if (wide)
            Table(console, $"Per {what}", [what, "precision", "recall", "F1", "ROC-AUC", "average precision", "rows"], counted.Select(pair => (string[])[pair.First.Name, .. Found(pair.First), .. Ranked(pair.First), Show.Whole(pair.Second)]));
        else
        {
            Table(console, $"Per {what}", [what, "precision", "recall", "F1"], counted.Select(pair => (string[])[pair.First.Name, .. Found(pair.First)]));
            Table(console, $"", [what, "ROC-AUC", "average precision", "rows"], counted.Select(pair => (string[])[pair.First.Name, .. Ranked(pair.First), Show.Whole(pair.Second)]));
        }
    }

    static void Matrix(IAnsiConsole console, string title, ConfusionMatrix matrix, IReadOnlyList<string> classes, Func<int, int, string> cell) => Table(console, $"{title}", ["true \\ predicted", .. classes],
        Enumerable.Range(0, matrix.Classes).Select(truth => (string[])[classes[truth], .. Enumerable.Range(0, matrix.Classes).Select(predicted => cell(truth, predicted))]));

    /// <summary>The cells off the diagonal that hold most rows.</summary>
    static void Confusions(IAnsiConsole console, ConfusionMatrix matrix, IReadOnlyList<string> classes)
    {
        var cells = (from truth in Enumerable.Range(0, matrix.Classes)
                     from predicted in Enumerable.Range(0, matrix.Classes)
                     where truth != predicted && matrix[truth, predicted] > 0
                     orderby matrix[truth, predicted] descending
                     select (Truth: truth, Predicted: predicted)).Take(MostConfusions);
        Table(console, $"The most frequent confusions of {classes.Count} classes", ["true", "predicted", "rows", "of the true class"],
            cells.Select(cell => (string[])[classes[cell.Truth], classes[cell.Predicted], Show.Whole(matrix[cell.Truth, cell.Predicted]), Percent(matrix.ShareOfTrue(cell.Truth, cell.Predicted))]));
    }

    static void Table(IAnsiConsole console, FormattableString title, IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        var table = Show.Table(columns);
        foreach (var row in rows) table.AddRow(Show.Cells(row));
        console.WriteLine(FormattableString.Invariant(title));
        console.Write(table);
    }

    static string Range(Score score) => $"{Show.Number(score.Low)} to {Show.Number(score.High)}";
    static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);
}
