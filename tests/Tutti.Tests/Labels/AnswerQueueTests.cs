using Tutti.Labels;
using Tutti.Predictions;

namespace Tutti.Tests.Labels;

/// <summary>Label issues of labels, numbers and several targets, on rows that can be followed by hand; classes and labels of which little is known.</summary>
public sealed class AnswerQueueTests
{
    static readonly Answer red = new("red", AnswerKind.Flag, []), large = new("large", AnswerKind.Flag, []), size = new("size", AnswerKind.Number, []), kind = new("kind", AnswerKind.Class, ["a", "b"]);

    static string[] Ids(int count) => [.. Enumerable.Range(0, count).Select(row => $"r{row}")];

    [Fact]
    public void A_label_too_many_and_one_too_few_are_found_with_what_the_row_should_have()
    {
        // red in even rows, large in the first half; row 3 says red, row 0 does not say large.
        var (values, truth) = (new double[40], new double[40]);
        for (var row = 0; row < 20; row++)
        {
            (values[row * 2], values[(row * 2) + 1]) = (row % 2 == 0 ? 0.95 : 0.05, row < 10 ? 0.9 : 0.1);
            (truth[row * 2], truth[(row * 2) + 1]) = (row % 2 == 0 || row == 3 ? 1 : 0, row is > 0 and < 10 ? 1 : 0);
        }
        var target = Assert.Single(AnswerQueue.Of(new(Ids(20), [red, large], values, truth), LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence).Targets);
        Assert.Equal((AnswerQueue.Labels, AnswerKind.Flag, 0.9), (target.Name, target.Kind, target.Health));
        Assert.Equal([("r3", "red, large", "large"), ("r0", "red", "red, large")], target.Issues.Select(issue => (issue.Id, issue.Given, issue.Suggested)));
        Assert.Equal([new FlagIssues("red", 11, 1, 0), new("large", 9, 0, 1)], target.Flags);
    }

    [Theory]
    [InlineData(LabelFilter.LowSelfConfidence)]
    [InlineData(LabelFilter.ConfidentLearning)]
    public void Rows_with_equal_scores_stand_in_their_own_order(LabelFilter filter)
    {
        // Rows 4, 9 and 14 are wrong, and alike.
        double[] values = [.. Enumerable.Range(0, 20).Select(row => row % 5 == 4 && row < 15 ? 0.1 : row % 2 == 0 ? 0.9 : 0.1)];
        double[] truth = [.. Enumerable.Range(0, 20).Select(row => row % 5 == 4 && row < 15 ? 1.0 : row % 2 == 0 ? 1 : 0)];
        var target = Assert.Single(AnswerQueue.Of(new(Ids(20), [red], values, truth), filter, LabelQuality.SelfConfidence).Targets);
        Assert.Equal(["r4", "r9", "r14"], target.Issues.Select(issue => issue.Id));
        Assert.All(target.Issues, issue => Assert.Equal(("red", ""), (issue.Given, issue.Suggested)));
    }

    [Fact]
    public void A_number_far_from_its_prediction_is_an_issue_and_those_off_by_the_usual_are_none()
    {
        double[] predicted = [.. Enumerable.Range(0, 30).Select(row => 100.0 + row)];
        double[] truth = [.. predicted.Select((value, row) => row == 11 ? value * 10 : value + (row % 2 == 0 ? 1 : -1))];
        var target = Assert.Single(AnswerQueue.Of(new(Ids(30), [size], predicted, truth), LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence).Targets);
        var issue = Assert.Single(target.Issues);
        Assert.Equal(("r11", "1110", "111"), (issue.Id, issue.Given, issue.Suggested));
        Assert.Equal(1 - (1 / 30.0), target.Health, 1e-12);
        double[] exact = [.. predicted];
        Assert.Empty(Assert.Single(AnswerQueue.Of(new(Ids(30), [size], predicted, exact), LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence).Targets).Issues);
    }

    [Fact]
    public void Each_target_is_judged_by_its_kind_and_all_are_written()
    {
        using var folder = Shared.Temp();
        double[] values = [.. Enumerable.Range(0, 20).SelectMany(row => (double[])[row < 10 ? 0.9 : 0.1, row < 10 ? 0.1 : 0.9, 5 + (row % 2), 0.8])];
        double[] truth = [.. Enumerable.Range(0, 20).SelectMany(row => (double[])[row is < 10 and not 2 ? 0 : 1, row == 6 ? 100 : 5.5, 1])];
        var queue = AnswerQueue.Of(new(Ids(20), [kind, size, red], values, truth), LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence);
        Assert.Equal(["labels", "kind", "size"], queue.Targets.Select(target => target.Name));
        Assert.NotNull(queue.Targets[1].Classes);
        queue.Write(folder.File("issues.csv"));
        Assert.StartsWith("target,id,given,suggested,quality\nkind,r2,b,a,0.1\nsize,r6,100,5,", File.ReadAllText(folder.File("issues.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_no_row_has_is_said_and_one_that_a_single_fold_holds_too()
    {
        int[] folds = [0, 0, 1, 1];
        Assert.Equal(["no row is labelled 'c'; nothing is confidently of that class", "all 2 rows labelled 'b' are held out by fold 1: the models that judge them never saw the class, and doubt them all"],
            LabelGaps.Of(["a", "b", "c"], [0, 0, 1, 1], folds).Where(gap => !gap.Contains("'a'", StringComparison.Ordinal)));
        Assert.Empty(LabelGaps.Of(["a", "b"], [0, 1, 0, 1], folds));
        Assert.Empty(LabelGaps.Of(["a", "b"], [0, 0, 1, 1], null));
        Assert.Empty(LabelGaps.Of(["a", "b"], [0, 0, 1, 1], [0, 0, 0, 0]));
        Assert.Equal(["no row has the label 'red'; it is never missed"], LabelGaps.OfFlag("red", [0, 0, 0, 0], folds));
        Assert.Contains("fold 0", Assert.Single(LabelGaps.OfFlag("red", [1, 0, 0, 0], folds)), StringComparison.Ordinal);
        Assert.Empty(LabelGaps.OfFlag("red", [1, 0, 1, 0], folds));
    }

    /// <summary>Every fold holds one class out, so that each model says 0 for the class of its own rows: nothing is divided by zero, and all rows are doubted.</summary>
    [Fact]
    public void Folds_of_a_single_class_have_an_answer_of_finite_numbers()
    {
        double[] p = [.. Enumerable.Range(0, 12).SelectMany(row => (double[])(row < 6 ? [0, 1] : [1, 0]))];
        int[] labels = [.. Enumerable.Range(0, 12).Select(row => row < 6 ? 0 : 1)];
        var queue = LabelQueue.Of(ProbabilityRows.Of(p, 2), labels, ["a", "b"], Ids(12), LabelFilter.PredictedNeqGiven, LabelQuality.SelfConfidence);
        Assert.Equal(Ids(12), queue.Issues.Select(issue => issue.Id));
        Assert.All(queue.Issues, issue => Assert.Equal(0, issue.Quality));
        Assert.True(double.IsFinite(queue.Health.Score));
        Assert.All(queue.Health.Classes, one => Assert.True(double.IsFinite(one.Quality)));
        Assert.All(LabelNames.Filters.Values, filter => Assert.Equal(12, LabelAudit.Of(ProbabilityRows.Of(p, 2), labels).Find(new() { Filter = filter }).Length));
    }
}
