using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Evaluation;

public sealed class EvaluationSummaryTests
{
    [Fact]
    public void Only_rows_with_a_known_label_are_scored_and_the_others_counted()
    {
        var set = new PredictionSet(["a", "b", "c", "d"], ["no", "yes"], [0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.5, 0.5], [0, 1, 1, -1]);
        var summary = EvaluationSummary.Of(set, resamples: 50);
        Assert.Equal((3, 1), (summary.Rows, summary.Unlabelled));
        Assert.Equal(2.0 / 3, Value(summary, "accuracy"));
        Assert.Equal(2.0 / 3, Value(summary, "F1"), 1e-15); // of 'yes': precision 1, recall 1/2
        Assert.Equal(1, Value(summary, "ROC-AUC"));
        Assert.Equal(-(Math.Log(0.9) + Math.Log(0.8) + Math.Log(0.4)) / 3, Value(summary, "log-loss"), 1e-12);
        Assert.Equal(3, summary.Confusion.Total);
        Assert.Equal(["no", "yes"], summary.Classes.Lines.Select(line => line.Name));
    }

    [Fact]
    public void Every_value_equals_the_metric_of_all_rows()
    {
        var set = Some.Predictions(4, 300, 5);
        var (summary, matrix) = (EvaluationSummary.Of(set, resamples: 50), new ConfusionMatrix(set.Labels, set.Predicted(), 5));
        Assert.Equal(Metrics.BalancedAccuracy(matrix), Value(summary, "balanced accuracy"));
        Assert.Equal(Metrics.MatthewsCorrelation(matrix), Value(summary, "MCC"));
        Assert.Equal(Metrics.LogLoss(set.Probabilities, set.Labels), Value(summary, "log-loss"), 1e-12);
        Assert.Equal(Metrics.Brier(set.Probabilities, set.Labels), Value(summary, "Brier"), 1e-12);
        Assert.Equal(Calibration.Error(set.Probabilities, set.Labels), Value(summary, "calibration error"));
        Assert.All(summary.Scores, named => Assert.Equal(300, named.Score.N));
    }

    [Fact]
    public void Scores_of_two_classes_equal_the_metrics_on_any_resample()
    {
        // Probabilities rounded to tenths make many ties, which the area under the curve counts one half.
        var drawn = Some.Predictions(9, 200, 2);
        var set = new PredictionSet(drawn.Ids, drawn.Classes, [.. Enumerable.Range(0, drawn.Count).Select(row => Math.Round(drawn.Row(row)[0], 1)).SelectMany(p => new[] { p, 1 - p })], drawn.Labels);
        var usual = new UsualScores(set, set.Labels!);
        for (var resample = 0; resample < 20; resample++)
        {
            int[] rows = [.. Enumerable.Range(0, set.Count).Select(i => (i * 7919 * (resample + 1) + resample) % set.Count)];
            var chosen = new PredictionSet([.. rows.Select((_, i) => $"{i}")], set.Classes, [.. rows.SelectMany(row => set.Row(row).ToArray())], [.. rows.Select(row => set.Labels![row])]);
            var scores = UsualScores.Names(2).Zip(usual.Of(rows)).ToDictionary(pair => pair.First, pair => pair.Second);
            var matrix = new ConfusionMatrix(chosen.Labels, chosen.Predicted(), 2);
            Assert.Equal(Ranking.RocAuc([.. Enumerable.Range(0, chosen.Count).Select(row => chosen.Row(row)[1])], [.. chosen.Labels!.Select(label => label == 1)]), scores["ROC-AUC"], 1e-12);
            Assert.Equal(Calibration.Error(chosen.Probabilities, chosen.Labels), scores["calibration error"], 1e-12);
            Assert.Equal(Metrics.LogLoss(chosen.Probabilities, chosen.Labels), scores["log-loss"], 1e-12);
            Assert.Equal(Metrics.Brier(chosen.Probabilities, chosen.Labels), scores["Brier"], 1e-12);
            Assert.Equal(new FScores(matrix).PerClass[1].F, scores["F1"]);
            Assert.Equal(Metrics.Accuracy(matrix), scores["accuracy"]);
        }
    }

    [Fact]
    public void Without_a_known_label_there_is_nothing_to_score() =>
        Assert.Throws<ArgumentException>(() => EvaluationSummary.Of(new(["a"], ["x", "y"], [0.5, 0.5])));

    static double Value(EvaluationSummary summary, string name) => summary.Scores.Single(named => named.Name == name).Score.Value;
}
