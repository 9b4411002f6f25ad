using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Evaluation;

/// <summary>All scores at once, of rows that are held and of rows that are not.</summary>
public sealed class AllScoresTests
{
    static readonly string[] ordered = ["kappa linear", "kappa quadratic"];

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    public void Every_value_equals_the_metric_alone(int classes)
    {
        var set = RunningScoresTests.Tied(RunningScoresTests.Skewed(classes, 400, classes));
        var (truth, p, matrix) = (set.Labels!, set.Probabilities, new ConfusionMatrix(set.Labels, set.Predicted(), classes));
        var (f, areas, averages) = (new FScores(matrix), Ranking.RocAucPerClass(p, truth), Ranking.AveragePrecisionPerClass(p, truth));
        var summary = EvaluationSummary.Of(set, resamples: 5, metrics: MetricChoice.All);
        foreach (var (name, score) in summary.Scores)
            Assert.Equal(name switch
            {
                "accuracy" => Metrics.Accuracy(matrix),
                "balanced accuracy" => Metrics.BalancedAccuracy(matrix),
                "F1 macro" => f.Macro.F,
                "MCC" => Metrics.MatthewsCorrelation(matrix),
                "F1" => f.PerClass[1].F,
                "precision" => f.PerClass[1].Precision,
                "recall" => f.PerClass[1].Recall,
                "log-loss" => Metrics.LogLoss(p, truth),
                "Brier" => Metrics.Brier(p, truth),
                "calibration error" => Calibration.Error(p, truth),
                "largest calibration gap" => Calibration.MaximumError(p, truth),
                "Cohen's kappa" => Metrics.CohenKappa(matrix),
                "kappa linear" => Metrics.CohenKappa(matrix, KappaWeights.Linear),
                "kappa quadratic" => Metrics.CohenKappa(matrix, KappaWeights.Quadratic),
                "precision macro" => f.Macro.Precision,
                "recall macro" => f.Macro.Recall,
                "precision micro" => f.Micro.Precision,
                "recall micro" => f.Micro.Recall,
                "F1 micro" => f.Micro.F,
                "precision weighted" => f.Weighted.Precision,
                "recall weighted" => f.Weighted.Recall,
                "F1 weighted" => f.Weighted.F,
                "top-2 accuracy" => Metrics.TopAccuracy(p, truth, 2),
                "top-3 accuracy" => Metrics.TopAccuracy(p, truth, 3),
                "top-5 accuracy" => Metrics.TopAccuracy(p, truth, 5),
                "ROC-AUC" => areas[1],
                "ROC-AUC one-vs-rest macro" => Ranking.MeanOverClasses(areas, truth, weighted: false),
                "ROC-AUC one-vs-rest weighted" => Ranking.MeanOverClasses(areas, truth, weighted: true),
                "ROC-AUC one-vs-one macro" => Ranking.RocAucOneVersusOne(p, truth),
                "ROC-AUC one-vs-one weighted" => Ranking.RocAucOneVersusOne(p, truth, weighted: true),
                "average precision" => averages[1],
                "average precision macro" => Ranking.MeanOverClasses(averages, truth, weighted: false),
                "average precision weighted" => Ranking.MeanOverClasses(averages, truth, weighted: true),
                _ => double.NegativeInfinity,
            }, score.Value, 1e-12);
        foreach (var (k, one) in summary.ClassScores.Index())
            Assert.All((double[])[one.Precision.Value - f.PerClass[k].Precision, one.Recall.Value - f.PerClass[k].Recall, one.F1.Value - f.PerClass[k].F, one.RocAuc.Value - areas[k], one.AveragePrecision.Value - averages[k]],
                difference => Assert.Equal(0, difference, 1e-12));
        Assert.Equal(Calibration.Bins(p, truth), summary.Reliability.Select(line => line.Bin));
        Assert.Equal(Calibration.Bins(p, truth).Select(bin => bin.Accuracy), summary.Reliability.Select(line => line.Right.Value));
    }

    [Fact]
    public void The_usual_scores_come_first_with_the_intervals_that_they_have_alone()
    {
        var set = RunningScoresTests.Skewed(1, 300, 3);
        var (usual, all) = (EvaluationSummary.Of(set, seed: 4, resamples: 60), EvaluationSummary.Of(set, seed: 4, resamples: 60, metrics: MetricChoice.All));
        Assert.Equal(usual.Scores, all.Scores.Take(usual.Scores.Count));
        Assert.Empty(usual.ClassScores);
        var (usualStreamed, allStreamed) = (Run(set, MetricChoice.Usual, resamples: 60), Run(set, resamples: 60));
        Assert.Equal(usualStreamed.Scores, allStreamed.Scores.Take(usual.Scores.Count));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Rows_that_are_not_kept_have_the_values_of_those_that_are(int classes)
    {
        SameValues(RunningScoresTests.Skewed(2, 2_500, classes));
        SameValues(RunningScoresTests.Tied(RunningScoresTests.Skewed(3, 1_500, classes)));
        var drawn = Some.Predictions(4, 300, classes);
        SameValues(new(drawn.Ids, drawn.Classes, drawn.Probabilities, [.. drawn.Labels!.Select(label => label == 0 ? 1 : label)]));        // a class that never occurs
        SameValues(new(drawn.Ids, drawn.Classes, drawn.Probabilities, [.. drawn.Labels!.Select(_ => 1)]));                                  // one class of truth
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Their_intervals_agree_with_those_of_the_bootstrap_that_draws_rows(int classes)
    {
        // As in RunningScoresTests: two independent ends differ by 3 % of the width (one standard deviation); 15 % is five of them. The largest of 15 gaps, and bins of
        // few rows, have skewed distributions with wide tails, so their ends are given 30 %.
        foreach (var set in new[] { RunningScoresTests.Skewed(7, 5_000, classes), RunningScoresTests.Tied(RunningScoresTests.Skewed(8, 5_000, classes)) })
        {
            var (whole, running) = (EvaluationSummary.Of(set, metrics: MetricChoice.All), Run(set));
            foreach (var (exact, streamed) in whole.Scores.Zip(running.Scores)) Near(exact.Name, exact.Score, streamed.Score, exact.Name == "largest calibration gap" ? 0.3 : 0.15);
            foreach (var (exact, streamed) in whole.ClassScores.Zip(running.ClassScores))
            {
                Near($"{exact.Name} precision", exact.Precision, streamed.Precision, 0.15);
                Near($"{exact.Name} F1", exact.F1, streamed.F1, 0.15);
                Near($"{exact.Name} area", exact.RocAuc, streamed.RocAuc, 0.15);
                Near($"{exact.Name} average precision", exact.AveragePrecision, streamed.AveragePrecision, 0.15);
            }
            foreach (var (exact, streamed) in whole.Reliability.Zip(running.Reliability).Where(pair => pair.First.Bin.Count > 50)) Near($"{exact.Bin}", exact.Right, streamed.Right, 0.3);
        }
    }

    [Fact]
    public void Up_to_the_limit_running_scores_are_those_of_rows_at_once_bit_for_bit()
    {
        var set = RunningScoresTests.Skewed(6, 300, 3);
        var (whole, running) = (EvaluationSummary.Of(set, seed: 3, resamples: 40, metrics: MetricChoice.All), Run(set, exactRows: 300, seed: 3, resamples: 40));
        Assert.Equal(whole.Scores, running.Scores);
        Assert.Equal(whole.ClassScores, running.ClassScores);
        Assert.Equal(whole.Reliability, running.Reliability);
    }

    [Fact]
    public void The_order_of_the_classes_matters_to_weighted_kappa_alone()
    {
        var set = RunningScoresTests.Skewed(9, 500, 4);
        int[] order = [2, 0, 3, 1];
        var other = new PredictionSet(set.Ids, [.. order.Select(k => set.Classes[k])], [.. Enumerable.Range(0, set.Count).SelectMany(row => order.Select(k => set.Row(row)[k]))], [.. set.Labels!.Select(label => Array.IndexOf(order, label))]);
        var (first, second) = (EvaluationSummary.Of(set, resamples: 20, metrics: MetricChoice.All), EvaluationSummary.Of(other, resamples: 20, metrics: MetricChoice.All));
        foreach (var (a, b) in first.Scores.Zip(second.Scores).Where(pair => !ordered.Contains(pair.First.Name)))
        {
            Assert.Equal(a.Score.Value, b.Score.Value, 1e-12);
            Assert.Equal(a.Score.Low, b.Score.Low, 1e-12);
        }
        Assert.All(ordered, name => Assert.NotEqual(Value(first, name), Value(second, name), 1e-3));
        foreach (var one in first.ClassScores) Assert.Equal(one.AveragePrecision.Value, second.ClassScores.Single(other => other.Name == one.Name).AveragePrecision.Value, 1e-12);
    }

    [Fact]
    public void A_class_that_never_occurs_is_left_out_of_the_mean_areas()
    {
        // Classes a and b are told apart perfectly; c never occurs.
        var set = new PredictionSet(["1", "2", "3"], ["a", "b", "c"], [0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.1, 0.6, 0.3], [0, 1, 1]);
        var summary = EvaluationSummary.Of(set, resamples: 5, metrics: MetricChoice.All);
        Assert.Equal((1, 1, 1), (Value(summary, "ROC-AUC one-vs-rest macro"), Value(summary, "ROC-AUC one-vs-one macro"), Value(summary, "average precision macro")));
        Assert.True(double.IsNaN(summary.ClassScores[2].RocAuc.Value) && double.IsNaN(summary.ClassScores[2].AveragePrecision.Value));
        Assert.Equal((0, 0), (summary.ClassScores[2].Precision.Value, summary.ClassScores[2].Recall.Value));
    }

    [Fact]
    public void Of_more_than_100_classes_nothing_is_ranked()
    {
        var set = Some.Predictions(5, 300, 101);
        foreach (var summary in new[] { EvaluationSummary.Of(set, resamples: 3, metrics: MetricChoice.All), Run(set, resamples: 3) })
        {
            Assert.DoesNotContain(summary.Scores, score => score.Name.StartsWith("ROC-AUC", StringComparison.Ordinal));
            Assert.Equal(101, summary.ClassScores.Count);
            Assert.All(summary.ClassScores, one => Assert.True(double.IsNaN(one.RocAuc.Value)));
        }
    }

    [Fact]
    public void Shares_of_the_matrix_sum_to_one_or_are_zero()
    {
        var matrix = new ConfusionMatrix([0, 0, 0, 1], [0, 1, 1, 1], 3);
        Assert.Equal([1.0 / 3, 2.0 / 3, 0], Enumerable.Range(0, 3).Select(p => matrix.ShareOfTrue(0, p)));
        Assert.Equal([2.0 / 3, 1.0 / 3, 0], Enumerable.Range(0, 3).Select(t => matrix.ShareOfPredicted(t, 1)));
        Assert.Equal((0, 0), (matrix.ShareOfTrue(2, 2), matrix.ShareOfPredicted(2, 2)));
    }

    static void SameValues(PredictionSet set)
    {
        var (whole, running) = (EvaluationSummary.Of(set, resamples: 1, metrics: MetricChoice.All), Run(set, resamples: 3));
        Assert.Equal(whole.Scores.Select(score => score.Name), running.Scores.Select(score => score.Name));
        Assert.All(whole.Scores.Zip(running.Scores), pair => Assert.Equal(pair.First.Score.Value, pair.Second.Score.Value, 1e-12));
        foreach (var (exact, streamed) in whole.ClassScores.Zip(running.ClassScores))
        {
            Assert.Equal(exact.F1.Value, streamed.F1.Value, 1e-12);
            Assert.Equal(exact.RocAuc.Value, streamed.RocAuc.Value, 1e-12);
            Assert.Equal(exact.AveragePrecision.Value, streamed.AveragePrecision.Value, 1e-12);
        }
        Assert.Equal(whole.Reliability.Select(line => (line.Bin, line.Right.Value)), running.Reliability.Select(line => (line.Bin, line.Right.Value)));
    }

    static void Near(string what, Score exact, Score streamed, double share)
    {
        Assert.Equal(exact.Value, streamed.Value, 1e-12);
        var width = exact.High - exact.Low;
        Assert.True(width > 0 && Math.Abs(exact.Low - streamed.Low) < share * width && Math.Abs(exact.High - streamed.High) < share * width, $"{what}: {exact} but streamed {streamed}");
    }

    static double Value(EvaluationSummary summary, string name) => summary.Scores.Single(score => score.Name == name).Score.Value;

    static EvaluationSummary Run(PredictionSet set, MetricChoice metrics = MetricChoice.All, int exactRows = 0, ulong seed = 0, int resamples = 1000)
    {
        using var running = new RunningScores(set.Classes, exactRows, seed, resamples, metrics);
        for (var row = 0; row < set.Count; row++) running.Add(set.Row(row), set.Labels![row]);
        return running.Summary();
    }
}
