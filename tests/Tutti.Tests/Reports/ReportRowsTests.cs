using Tutti.Reports;

namespace Tutti.Tests.Reports;

/// <summary>Which rows a report embeds.</summary>
public sealed class ReportRowsTests : IDisposable
{
    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void All_rows_of_a_small_run_are_embedded_each_once()
    {
        var report = MadeReport.Of(folder, 200, ["a", "b"], row => $"text {row}");
        Assert.Equal(Enumerable.Range(0, 200), report.Rows.Embedded.Order());
        Assert.Equal(200, report.Rows.Confusion.Sum(cell => cell.Rows.Count));
        Assert.All(report.Rows.Embedded.Index(), item => Assert.Equal(item.Index, report.Rows.PlaceOf(item.Item)));
    }

    [Fact]
    public void Of_a_large_run_each_cell_has_the_surest_errors_and_the_least_sure_hits()
    {
        var report = MadeReport.Of(folder, 20_000, ["a", "b"], _ => "text");
        var set = report.Set;
        Assert.Equal(4, report.Rows.Confusion.Count);
        foreach (var (truth, predicted, rows) in report.Rows.Confusion)
        {
            double[] all = [.. Enumerable.Range(0, set.Count).Where(row => set.Labels![row] == truth && set.Predicted(row) == predicted).Select(row => set.Row(row)[predicted]).Order()];
            double[] shown = [.. rows.Select(row => set.Row(row)[predicted])];
            Assert.Equal(1000, shown.Length);
            Assert.Equal(truth == predicted ? all[..1000] : all.Reverse().Take(1000), shown);
        }
    }

    [Fact]
    public void Top_losses_and_label_issues_are_always_embedded_and_explained_in_turn()
    {
        var report = MadeReport.Of(folder, 20_000, ["a", "b"], _ => "text");
        var set = report.Set;
        double Own(int row) => set.Row(row)[set.Labels![row]];
        Assert.Equal(Enumerable.Range(0, set.Count).OrderBy(Own).Take(ReportRows.MostLosses), report.Rows.TopLosses);
        Assert.Equal(ReportRows.MostIssues, report.Rows.Issues.Count);
        Assert.Subset(report.Rows.Embedded.ToHashSet(), report.Rows.TopLosses.Concat(report.Rows.Issues.Select(issue => issue.Row)).ToHashSet());
        var explained = report.Rows.ToExplain(5);
        Assert.Equal(5, explained.Distinct().Count());
        Assert.Equal(report.Rows.TopLosses[0], explained[0]);
        Assert.Empty(report.Rows.ToExplain(0));
    }

    [Fact]
    public void With_many_classes_no_cell_that_has_rows_is_left_out()
    {
        var report = MadeReport.Of(folder, 30_000, [.. Enumerable.Range(0, 60).Select(k => $"class {k}")], _ => "text");
        var cells = Enumerable.Range(0, report.Set.Count).Select(row => (report.Set.Labels![row], report.Set.Predicted(row))).ToHashSet();
        Assert.Equal(cells, report.Rows.Confusion.Select(cell => (cell.Truth, cell.Predicted)).ToHashSet());
        Assert.InRange(report.Rows.Embedded.Count(), cells.Count, 3 * cells.Count + ReportRows.MostLosses + ReportRows.MostIssues);
    }
}
