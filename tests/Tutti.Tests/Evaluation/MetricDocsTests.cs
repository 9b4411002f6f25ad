using System.Globalization;
using System.Text.RegularExpressions;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tests.Guards;

namespace Tutti.Tests.Evaluation;

/// <summary>docs/metrics.md names the scores that the code computes, and its example is right.</summary>
public sealed class MetricDocsTests
{
    static readonly string[] lines = Repository.Read("docs/metrics.md").ReplaceLineEndings("\n").Split('\n');

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Scores_of_one_class_are_those_of_the_table(int classes)
    {
        var rows = Table(line => line == "## One class a row").Where(row => For(row[1], classes)).ToArray();
        Assert.Equal(UsualScores.Names(classes).Order(StringComparer.Ordinal), rows.Where(row => row[2] == "usual").Select(row => row[0]).Order(StringComparer.Ordinal));
        Assert.Equal(MoreScores.Names(classes).Order(StringComparer.Ordinal), rows.Where(row => row[2] == "all").Select(row => row[0]).Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.Equal(row[0].StartsWith("ROC-AUC", StringComparison.Ordinal) || row[0].StartsWith("average precision", StringComparison.Ordinal) ? "disk" : "sums", row[5]));
    }

    [Fact]
    public void Scores_of_labels_and_numbers_are_those_of_the_tables()
    {
        Check("## Labels of which a row may have several", LabelSums.Names);
        Check("## Numbers", NumberSums.Names);

        static void Check(string heading, Func<MetricChoice, IReadOnlyList<string>> names)
        {
            var rows = Table(line => line == heading);
            Assert.Equal(names(MetricChoice.Usual), rows.Where(row => row[1] == "usual").Select(row => row[0]));
            Assert.Equal(names(MetricChoice.All), rows.Select(row => row[0]));
        }
    }

    [Fact]
    public void The_example_is_right()
    {
        var rows = Table(line => line == "<!-- example: rows -->");
        string[] classes = ["red", "green", "blue"];
        var set = new PredictionSet([.. rows.Select((_, i) => $"{i}")], classes, [.. rows.SelectMany(row => row[1..].Select(Number))], [.. rows.Select(row => Array.IndexOf(classes, row[0]))]);
        var summary = EvaluationSummary.Of(set, resamples: 10, metrics: MetricChoice.All);
        var scores = Table(line => line == "<!-- example: scores -->");
        Assert.Equal(summary.Scores.Select(score => score.Name), scores.Select(row => row[0]));
        Assert.All(scores.Zip(summary.Scores), pair => Assert.Equal(Number(pair.First[1]), pair.Second.Score.Value, 5.1e-5));
        var own = Table(line => line == "<!-- example: classes -->");
        Assert.Equal(classes, own.Select(row => row[0]));
        foreach (var (row, one) in own.Zip(summary.ClassScores))
            Assert.All(row[1..].Zip([one.Precision, one.Recall, one.F1, one.RocAuc, one.AveragePrecision]), pair => Assert.Equal(Number(pair.First), pair.Second.Value, 5.1e-5));
    }

    [Fact]
    public void Every_member_that_the_page_names_is_there()
    {
        var types = typeof(Metrics).Assembly.GetTypes().Where(type => type.IsPublic).ToLookup(type => type.Name);
        var named = Regex.Matches(string.Join('\n', lines), @"`(\w+)\.(\w+)`").Select(match => (Type: match.Groups[1].Value, Member: match.Groups[2].Value)).Where(pair => char.IsUpper(pair.Type[0])).ToList();
        Assert.True(named.Count > 5);
        Assert.All(named, pair => Assert.NotEmpty(types[pair.Type].SelectMany(type => type.GetMember(pair.Member))));
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    static bool For(string range, int classes) => range.EndsWith('+') ? classes >= (int)Number(range[..^1]) : classes == (int)Number(range);

    /// <summary>The cells of the first table below a line, without its head.</summary>
    static string[][] Table(Func<string, bool> below) => [.. lines.SkipWhile(line => !below(line)).SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|')).Skip(2)
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())];
}
