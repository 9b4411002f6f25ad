using System.Globalization;
using Spectre.Console;
using Tutti.Evaluation;
using Tutti.Reports;
using Tutti.Torch;

namespace Tutti.App;

/// <summary>Prints what became of labels, numbers and several targets.</summary>
static class ShowAnswers
{
    public static void Board(AnswerBoard board)
    {
        var columns = board.Rows[0].Answers.Select(answer => $"{answer.Name}: {answer.Scores[0].Name}");
        var table = Show.Table(["", "loss", .. columns, "cells", "time", "memory"]);
        foreach (var row in board.Sorted)
            table.AddRow(Show.Cells([row.Name, Interval(row.Loss), .. row.Answers.Select(answer => Interval(answer.Scores[0].Score)), row.Cells == 0 ? "" : FormattableString.Invariant($"{row.Cells}"),
                row.Cells == 0 ? "" : FormattableString.Invariant($"{row.Seconds:0.0} s"), row.Cells == 0 ? "" : MemoryStats.Text(row.PeakBytes)]));
        Show.Line(FormattableString.Invariant($"Leaderboard: {board.Rows[0].Loss.N} held-out rows, 95 % intervals"));
        Show.Out.Write(table);
    }

    public static void Scores(IReadOnlyList<AnswerSummary> answers)
    {
        foreach (var answer in answers)
        {
            if (answer.Classes is { } classes)
            {
                Show.Line($"{answer.Name}:");
                ShowScores.Summary(classes, [.. classes.Classes.Lines.Select(line => line.Name)]);
                continue;
            }
            var scores = Show.Table("score", "value", "95 % interval");
            foreach (var (name, score) in answer.Scores) scores.AddRow(Show.Cells(name, Number(score.Value), $"{Number(score.Low)} to {Number(score.High)}"));
            Show.Line(FormattableString.Invariant($"{answer.Name}: scores of {answer.Scores[0].Score.N} rows"));
            Show.Out.Write(scores);
            if (answer.Labels.Count == 0) continue;
            if (answer.LabelScores.Count > 0)
            {
                ShowScores.Classes("label", answer.LabelScores, [.. answer.Labels.Select(line => line.Support)]);
                continue;
            }
            var labels = Show.Table("label", "precision", "recall", "F1", "rows", "share", "ROC-AUC");
            foreach (var line in answer.Labels)
                labels.AddRow(Show.Cells(line.Name, Number(line.Precision), Number(line.Recall), Number(line.F1), FormattableString.Invariant($"{line.Support}"), FormattableString.Invariant($"{100 * line.Share:0.0} %"), Number(line.RocAuc)));
            Show.Line("Per label, from a probability of 0.5 on");
            Show.Out.Write(labels);
        }
    }

    static string Interval(Score score) => $"{Number(score.Value)} ({Number(score.Low)} to {Number(score.High)})";

    // Three digits behind the point say nothing of a mean absolute error of 12,000.
    static string Number(double value) => value.ToString(Math.Abs(value) < 10 ? "0.000" : "0.0", CultureInfo.InvariantCulture);
}
