using System.Globalization;
using Spectre.Console;
using Tutti.Labels;
using Tutti.Predictions;

namespace Tutti.App;

/// <summary>Prints the label issues of labels, numbers and several targets.</summary>
static class ShowAnswerIssues
{
    public static void Queue(AnswerQueue queue, int top)
    {
        foreach (var target in queue.Targets)
        {
            Show.Line(FormattableString.Invariant($"{target.Name}: {target.Issues.Count} issues in {queue.Rows} rows; health {target.Health:0.000}"));
            if (target.Classes is { } classes) Health(classes);
            if (target.Flags.Count > 0)
            {
                var labels = Show.Table("label", "rows", "wrongly given", "wrongly withheld");
                foreach (var one in target.Flags) labels.AddRow(Show.Cells(one.Label, Whole(one.Rows), Whole(one.WronglyGiven), Whole(one.WronglyWithheld)));
                Show.Out.Write(labels);
            }
            if (target.Issues.Count == 0) continue;
            var table = Show.Table("id", "given", target.Kind == AnswerKind.Number ? "predicted" : "suggested", "quality");
            foreach (var issue in target.Issues.Take(top)) table.AddRow(Show.Cells(issue.Id, issue.Given, issue.Suggested, issue.Quality.ToString("0.000", CultureInfo.InvariantCulture)));
            Show.Line(FormattableString.Invariant($"The {Math.Min(top, target.Issues.Count)} least likely"));
            Show.Out.Write(table);
        }
    }

    /// <summary>How good the labels of each class are, and which classes are taken for each other.</summary>
    public static void Health(LabelQueue queue)
    {
        const int MostOverlaps = 5;
        var classes = Show.Table("class", "label quality", "wrongly given", "wrongly withheld");
        foreach (var one in queue.Health.Classes)
            classes.AddRow(Show.Cells(queue.Classes[one.Class], one.Quality.ToString("0.000", CultureInfo.InvariantCulture), Whole(one.Issues), Whole(one.InverseIssues)));
        Show.Out.Write(classes);
        foreach (var pair in queue.Health.Overlaps.Take(MostOverlaps).Where(pair => pair.Rows > 0))
            Show.Line(FormattableString.Invariant($"{queue.Classes[pair.A]} and {queue.Classes[pair.B]} are taken for each other in about {pair.Rows} rows"));
    }

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
