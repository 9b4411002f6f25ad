using Tutti.Evaluation;
using Tutti.Reports;

namespace Tutti.Tests.Reports;

/// <summary>What was submitted, from what, and what came of it.</summary>
public sealed class SubmissionLedgerTests
{
    static readonly EvaluationSummary Summary = EvaluationSummary.Of(new(["1", "2", "3"], ["no", "yes"], [0.9, 0.1, 0.25, 0.75, 0.5, 0.5], [0, 1, 1]));
    static readonly SubmittedCell[] Cells = [new("deep", 1, 0, "aa"), new("deep", 1, 1, "bb")];

    static void Note(TempFolder temp, string content, string name = "s.csv") => SubmissionLedger.Note(temp.File("l.jsonl"), temp.Write(name, content), Cells, Summary.Scores, temp.Write("blend.json", """{"kind":"Mean"}"""));

    static IReadOnlyList<SubmissionEntry> Read(TempFolder temp) => SubmissionLedger.Read(temp.File("l.jsonl"));

    [Fact]
    public void A_submission_is_noted_when_its_content_changes()
    {
        using var temp = Shared.Temp();
        Note(temp, "id,label\n1,no\n");
        Note(temp, "id,label\n1,no\n");
        Note(temp, "id,label\n1,yes\n");
        Note(temp, "id,label\n1,yes\n", "other.csv");
        Note(temp, "id,label\n1,no\n");
        var entries = Read(temp);
        Assert.Equal(["1 s.csv", "2 s.csv", "3 other.csv", "4 s.csv"], entries.Select(entry => $"{entry.Number} {entry.File}"));
        Assert.Equal((entries[0].Sha256, entries[1].Sha256), (entries[3].Sha256, entries[2].Sha256));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("id,label\n1,no\n"u8)), entries[0].Sha256);
        Assert.Equal(Cells, entries[0].Cells);
        Assert.Equal(Summary.Scores, entries[0].Scores);
        Assert.Equal(("Mean", true), ((string)entries[0].Blend!["kind"]!, entries[0].By.StartsWith("tutti ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Outside_scores_are_appended_and_the_newest_counts()
    {
        using var temp = Shared.Temp();
        Note(temp, "a");
        Note(temp, "b");
        var before = File.ReadAllText(temp.File("l.jsonl"));
        SubmissionLedger.AddScore(temp.File("l.jsonl"), 1, 0.7, "public");
        SubmissionLedger.AddScore(temp.File("l.jsonl"), 1, 0.65, null);
        Assert.StartsWith(before, File.ReadAllText(temp.File("l.jsonl")), StringComparison.Ordinal);
        var entries = Read(temp);
        Assert.Equal([(0.7, "public"), (0.65, null)], entries[0].Outside.Select(outside => (outside.Value, outside.Note)));
        Assert.Empty(entries[1].Outside);
        var point = Assert.Single(OutsideScores.Of(entries, "accuracy").Points);
        Assert.Equal((1, 0.65, 0.65 - Summary.Scores[0].Score.Value), (point.Number, point.Outside, point.Difference));
    }

    [Fact]
    public void A_line_that_a_crash_cut_is_left_out_and_then_gone()
    {
        using var temp = Shared.Temp();
        Note(temp, "a");
        File.AppendAllText(temp.File("l.jsonl"), """{"time":"2026-01-01T00:00:00Z","kind":"sco""");
        Assert.Single(Read(temp));
        SubmissionLedger.AddScore(temp.File("l.jsonl"), 1, 0.5, null);
        Assert.Equal(2, File.ReadAllLines(temp.File("l.jsonl")).Length);
        Assert.Equal(0.5, Read(temp)[0].Outside[0].Value);
    }

    [Theory]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","kind":"scored","number":3,"score":0.5}""", "no entry 3 before it")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","kind":"scored","number":1}""", "'score' is missing")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","kind":"written","by":"x"}""", "'file' is missing")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","kind":"lost"}""", "'lost' is not known")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","kind":"scored","number":"1","score":0.5}""", "is no entry of a ledger")]
    public void A_foreign_line_is_named(string line, string message)
    {
        using var temp = Shared.Temp();
        Note(temp, "a");
        File.AppendAllText(temp.File("l.jsonl"), line + "\n");
        Assert.Contains(message, Assert.Throws<DataException>(() => Read(temp)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_ledger_the_message_says_how_one_comes_about()
    {
        using var temp = Shared.Temp();
        Assert.Contains("data.test and submission", Assert.Throws<DataException>(() => Read(temp)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Outside_scores_are_compared_with_ours()
    {
        SubmissionEntry Entry(int number, double ours, params double[] outside) =>
            new(number, default, "", "s.csv", "", null, [], [new("accuracy", new(ours, ours - 0.02, ours + 0.02, 100))], [.. outside.Select(value => new OutsideScore(default, value, null))]);
        var scores = OutsideScores.Of([Entry(1, 0.8, 0.79), Entry(2, 0.81), Entry(3, 0.82, 0.5, 0.8), Entry(4, 0.84, 0.81)], "accuracy");
        Assert.Equal([1, 3, 4], scores.Points.Select(point => point.Number));
        Assert.Equal([true, true, false], scores.Points.Select(point => point.Within));
        Assert.Equal((-0.01 - 0.02 - 0.03) / 3, scores.MeanDifference, 1e-12);
        Assert.Equal((1, 1), (scores.Pearson, scores.Spearman), new Near());
        Assert.True(double.IsNaN(OutsideScores.Of([Entry(1, 0.8, 0.79), Entry(2, 0.9, 0.79)], "accuracy").Pearson));
        Assert.Contains("did you mean 'accuracy'", Assert.Throws<ConfigException>(() => OutsideScores.Of([Entry(1, 0.8)], "acuracy")).Message, StringComparison.Ordinal);
    }

    sealed class Near : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) x, (double, double) y) => Math.Abs(x.Item1 - y.Item1) < 1e-9 && Math.Abs(x.Item2 - y.Item2) < 1e-9;
        public int GetHashCode((double, double) obj) => 0;
    }
}
