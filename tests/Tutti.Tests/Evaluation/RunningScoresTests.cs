using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Evaluation;

/// <summary>Scores of rows that are not kept.</summary>
public sealed class RunningScoresTests
{
    [Theory]
    [InlineData(1, 500, 2)]
    [InlineData(2, 3_000, 3)]
    [InlineData(3, 1_025, 7)]
    public void Values_equal_those_of_all_rows_at_once(int seed, int rows, int classes) => SameValues(Some.Predictions(seed, rows, classes));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Values_with_ties_and_classes_that_never_occur_equal_those_of_all_rows_at_once(int classes)
    {
        SameValues(Tied(Some.Predictions(4, 2_000, classes)));
        var drawn = Some.Predictions(5, 400, classes);
        SameValues(new(drawn.Ids, drawn.Classes, drawn.Probabilities, [.. drawn.Labels!.Select(_ => 1)]));      // one class of truth: no area under the curve
        var sure = Enumerable.Range(0, 50).SelectMany(_ => Enumerable.Range(0, classes).Select(k => k == 0 ? 1.0 : 0.0)).ToArray();
        SameValues(new([.. Enumerable.Range(0, 50).Select(i => $"{i}")], drawn.Classes, sure, [.. Enumerable.Range(0, 50).Select(i => i % 2)]));
    }

    [Fact]
    public void Up_to_the_limit_the_summary_is_that_of_all_rows_at_once_bit_for_bit()
    {
        var set = Some.Predictions(6, 300, 2);
        var (whole, running) = (EvaluationSummary.Of(set, seed: 3, resamples: 100), Run(set, exactRows: 300, seed: 3, resamples: 100));
        Assert.Equal(whole.Scores, running.Scores);
        Assert.Equal(whole.Classes.Lines, running.Classes.Lines);
        Assert.NotEqual(whole.Scores, Run(set, exactRows: 299, seed: 3, resamples: 100).Scores);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Intervals_agree_with_those_of_the_bootstrap_that_draws_rows(int classes)
    {
        // An end of a 95 % interval is a quantile of 1,000 values: its standard error is sqrt(0.025 x 0.975 / 1000) / density = 2.1 % of the width for a
        // normal distribution, so two independent ends differ by 3 % of the width (one standard deviation); 15 % is five of them. That the number of rows
        // of a Poisson resample varies (by 1 / sqrt(5000)) changes the width of ratios by far less.
        foreach (var set in new[] { Skewed(7, 5_000, classes), Tied(Skewed(8, 5_000, classes)) })
        {
            var (whole, running) = (EvaluationSummary.Of(set), Run(set));
            foreach (var (exact, streamed) in whole.Scores.Zip(running.Scores))
            {
                var width = exact.Score.High - exact.Score.Low;
                Assert.True(Math.Abs(exact.Score.Low - streamed.Score.Low) < 0.15 * width && Math.Abs(exact.Score.High - streamed.Score.High) < 0.15 * width, $"{exact} but streamed {streamed.Score}");
                Assert.True(width > 0, $"{exact}");
            }
        }
    }

    [Fact]
    public void Every_stage_of_adding_gives_the_same_as_adding_all()
    {
        // Summaries in between cut the rows into blocks of other sizes.
        var set = Some.Predictions(9, 2_500, 2);
        using var running = new RunningScores(set.Classes, 10, 0, 200);
        for (var row = 0; row < set.Count; row++)
        {
            running.Add(set.Row(row), set.Labels![row]);
            if (row is 5 or 700 or 701 or 1023 or 2000) Assert.Equal(row + 1, running.Summary().Rows);
        }
        Assert.Equal(Run(set, 0, 0, 200).Scores, running.Summary().Scores);
    }

    [Fact]
    public void Another_seed_gives_other_intervals_of_the_same_values()
    {
        var set = Some.Predictions(10, 600, 3);
        var (first, second) = (Run(set, seed: 1).Scores, Run(set, seed: 2).Scores);
        Assert.Equal(first, Run(set, seed: 1).Scores);
        Assert.Equal(first.Select(named => named.Score.Value), second.Select(named => named.Score.Value));
        Assert.All(first.Zip(second), pair => Assert.NotEqual(pair.First.Score.Low, pair.Second.Score.Low));
    }

    [Fact]
    public void What_is_no_row_is_refused()
    {
        using var running = new RunningScores(["a", "b"]);
        Assert.Contains("2 classes", Assert.Throws<ArgumentException>(() => running.Add([0.2, 0.3, 0.5], 0)).Message, StringComparison.Ordinal);
        Assert.Contains("label 2", Assert.Throws<ArgumentException>(() => running.Add([0.5, 0.5], 2)).Message, StringComparison.Ordinal);
        Assert.Contains("not a finite number", Assert.Throws<ArgumentException>(() => running.Add([double.NaN, 0.5], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(running.Summary);
    }

    [Fact]
    public void The_area_under_the_curve_of_scores_that_are_nearly_the_same_is_exact()
    {
        // A model that learned little: all probabilities within a thousandth, and most rows of one class.
        var random = new Random(11);
        var positive = Enumerable.Range(0, 4_000).Select(_ => random.Next(50) == 0).ToArray();
        var scores = positive.Select(p => 0.5 + (1e-3 * ((p ? 0.3 : 0) + random.NextDouble()))).ToArray();
        var area = Run(Binary(scores, positive)).Scores[^1].Score;
        Assert.Equal(Ranking.RocAuc(scores, positive), area.Value, 1e-12);
        var exact = EvaluationSummary.Of(Binary(scores, positive)).Scores[^1].Score;
        Assert.Equal(exact.Low, area.Low, 0.15 * (exact.High - exact.Low));
        Assert.Equal(exact.High, area.High, 0.15 * (exact.High - exact.Low));
    }

    static void SameValues(PredictionSet set)
    {
        var (usual, running) = (new UsualScores(set, set.Labels!).Of([.. Enumerable.Range(0, set.Count)]), Run(set, resamples: 20));
        Assert.Equal(UsualScores.Names(set.K), running.Scores.Select(named => named.Name));
        // Sums are taken in the same order; the areas' sums are of whole and half numbers, which are exact.
        Assert.Equal(usual, running.Scores.Select(named => named.Score.Value));
        Assert.Equal((set.Count, 0), (running.Rows, running.Unlabelled));
        Assert.All(running.Scores, named => Assert.Equal(set.Count, named.Score.N));
        var whole = EvaluationSummary.Of(set, resamples: 1);
        Assert.Equal(whole.Classes.Lines, running.Classes.Lines);
        Assert.Equal(whole.Confusion.ToText(set.Classes), running.Confusion.ToText(set.Classes));
    }

    static EvaluationSummary Run(PredictionSet set, int exactRows = 0, ulong seed = 0, int resamples = 1000)
    {
        using var running = new RunningScores(set.Classes, exactRows, seed, resamples);
        for (var row = 0; row < set.Count; row++) running.Add(set.Row(row), set.Labels![row]);
        return running.Summary();
    }

    /// <summary>Predictions that are often right, as a trained model's, with the first class rare.</summary>
    internal static PredictionSet Skewed(int seed, int rows, int classes)
    {
        var random = new Random(seed);
        var drawn = Some.Predictions(seed, rows, classes);
        int[] labels = [.. Enumerable.Range(0, rows).Select(row => random.NextDouble() < 0.6 ? drawn.Predicted(row) : Math.Max(random.Next(classes), random.Next(classes)))];
        return new(drawn.Ids, drawn.Classes, drawn.Probabilities, labels);
    }

    /// <summary>The same with probabilities rounded, so that many rows have the same.</summary>
    internal static PredictionSet Tied(PredictionSet set) => new(set.Ids, set.Classes, [.. Enumerable.Range(0, set.Count).SelectMany(row =>
    {
        double[] rounded = [.. set.Row(row)[1..].ToArray().Select(p => Math.Floor(p * 10) / 10)];
        return (double[])[1 - rounded.Sum(), .. rounded];
    })], set.Labels);

    static PredictionSet Binary(double[] scores, bool[] positive) =>
        new([.. scores.Select((_, i) => $"{i}")], ["no", "yes"], [.. scores.SelectMany(p => new[] { 1 - p, p })], [.. positive.Select(p => p ? 1 : 0)]);
}
