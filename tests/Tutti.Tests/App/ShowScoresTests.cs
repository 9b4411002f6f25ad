using Spectre.Console;
using Tutti.App;
using Tutti.Evaluation;
using Tutti.Reports;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.App;

/// <summary>What a terminal shows: wide, narrow, with many classes.</summary>
public sealed class ShowScoresTests
{
    [Theory]
    [InlineData(80)]
    [InlineData(160)]
    public void No_number_of_a_table_is_cut_however_narrow_the_terminal(int width)
    {
        var summary = EvaluationSummary.Of(Some.Predictions(1, 200, 3), resamples: 20, metrics: MetricChoice.All);
        var (text, lines) = Printed(width, console => ShowScores.Summary(summary, ["red", "green", "blue"], console));
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        foreach (var score in summary.Scores)
        {
            Assert.Contains(score.Name, text, StringComparison.Ordinal);
            Assert.Contains($"{Show.Number(score.Score.Low)} to {Show.Number(score.Score.High)}", text, StringComparison.Ordinal);
        }
        foreach (var one in summary.ClassScores)
            foreach (var score in (Score[])[one.Precision, one.Recall, one.F1, one.RocAuc, one.AveragePrecision])
                Assert.Contains($"({Show.Number(score.Low)} to {Show.Number(score.High)})", text, StringComparison.Ordinal);
        for (var k = 0; k < 3; k++) Assert.Contains(summary.Confusion.ShareOfTrue(k, k).ToString("0.0 %", System.Globalization.CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
        Assert.Equal(summary.Reliability.Count(line => line.Bin.Count > 0), lines.SkipWhile(line => !line.StartsWith("Reliability", StringComparison.Ordinal)).Count(line => line.Contains(" to ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(160)]
    public void A_leaderboard_keeps_its_numbers_whole(int width)
    {
        var (score, other) = (new Score(0.853, 0.824, 0.878, 666), new Score(0.406, 0.347, 0.465, 666));
        var against = new AgainstBest(new(new(-0.048, -0.07, -0.02, 666), 0.006), 0.006, new(other, 0.5));
        var board = new Leaderboard([new("bert-2x128", score, score, other, 2, 12, 1), new("TF-IDF baseline", other, other, other, 0, 0, 0) { AgainstBest = against }]);
        var (text, lines) = Printed(width, console => Show.Leaderboard(board, console));
        Assert.Contains("(0.824 to 0.878)", text, StringComparison.Ordinal);
        Assert.Contains("-0.048", text, StringComparison.Ordinal);
        Assert.Contains("(P 0.006)", text, StringComparison.Ordinal);
        Assert.All(lines.TakeWhile(line => !line.StartsWith("Against", StringComparison.Ordinal)), line => Assert.True(line.Length <= width, line));
    }

    [Fact]
    public void Of_many_classes_the_most_frequent_confusions_stand_in_place_of_the_matrix()
    {
        var set = Some.Predictions(2, 400, 16);
        var summary = EvaluationSummary.Of(set, resamples: 3);
        var (text, lines) = Printed(80, console => ShowScores.Summary(summary, set.Classes, console));
        Assert.DoesNotContain("true \\ predicted", text, StringComparison.Ordinal);
        var most = (from truth in Enumerable.Range(0, 16) from predicted in Enumerable.Range(0, 16) where truth != predicted select summary.Confusion[truth, predicted]).Max();
        var first = lines.SkipWhile(line => !line.StartsWith("The most frequent confusions of 16 classes", StringComparison.Ordinal)).First(line => line.Contains("class ", StringComparison.Ordinal) && line.Contains('%', StringComparison.Ordinal));
        Assert.Contains($" {most} ", first, StringComparison.Ordinal);
    }

    static (string Text, string[] Lines) Printed(int width, Action<IAnsiConsole> print)
    {
        using var writer = new StringWriter();
        var console = Show.Console(writer, redirected: true);
        console.Profile.Width = width;
        print(console);
        return (writer.ToString(), writer.ToString().ReplaceLineEndings("\n").Split('\n'));
    }
}
