using FsCheck;
using FsCheck.Fluent;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Evaluation;

public sealed class MetricsTests
{
    [Fact]
    public void Accuracy_of_the_confusion_matrix_is_the_accuracy() => Prop.ForAll<int, byte>((seed, rows) =>
    {
        var set = Some.Predictions(seed, rows + 1, 4);
        return Metrics.Accuracy(set.Labels, set.Predicted()) == Metrics.Accuracy(new ConfusionMatrix(set.Labels, set.Predicted(), 4));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_order_of_the_rows_does_not_matter() => Prop.ForAll<int, byte>((seed, rows) =>
    {
        var set = Some.Predictions(seed, rows + 1, 3);
        var order = Enumerable.Range(0, set.Count).ToArray();
        new Random(seed).Shuffle(order);
        var shuffled = new PredictionSet([.. order.Select(i => set.Ids[i])], set.Classes, [.. order.SelectMany(i => set.Row(i).ToArray())],
            [.. order.Select(i => set.Labels![i])]);
        return All(set).Zip(All(shuffled)).All(pair => double.IsNaN(pair.First) ? double.IsNaN(pair.Second) : Math.Abs(pair.First - pair.Second) < 1e-9);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Matthews_correlation_is_0_where_it_is_undefined() =>
        Assert.Equal(0, Metrics.MatthewsCorrelation(new ConfusionMatrix([0, 1, 1], [0, 0, 0], 2)));

    [Fact]
    public void Zero_division_is_what_the_caller_says()
    {
        var matrix = new ConfusionMatrix([0, 0], [0, 0], 2); // class 1 neither there nor predicted
        Assert.Equal(new(0, 0, 0), new FScores(matrix).PerClass[1]);
        Assert.Equal(new(1, 1, 1), new FScores(matrix, zeroDivision: 1).PerClass[1]);
        Assert.Equal(1, Metrics.F1MacroOfPresent(matrix));
        Assert.Equal(0.5, new FScores(matrix).Macro.F);
    }

    [Fact]
    public void A_sure_mistake_costs_what_the_clipping_allows()
    {
        Assert.Equal(-Math.Log(1e-15), Metrics.LogLoss([1, 0], [1], epsilon: 1e-15), 1e-12);
        Assert.Equal(Math.Log(2), Metrics.LogLoss([0.5, 0.5], [1]), 1e-15);
    }

    [Fact]
    public void No_rows_or_unequal_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Metrics.Accuracy([], []));
        Assert.Throws<ArgumentException>(() => Metrics.Accuracy([1], [1, 0]));
        Assert.Throws<ArgumentException>(() => Metrics.LogLoss([0.5, 0.5], [2]));
        Assert.Throws<ArgumentException>(() => new ConfusionMatrix([0], [3], 2));
        Assert.Throws<ArgumentException>(() => Ranking.RocAuc([], []));
    }

    [Fact]
    public void The_area_under_the_curve_counts_ties_as_one_half()
    {
        // Pairs (positive, negative): (0.8, 0.8) tie, (0.8, 0.1) won, (0.3, 0.8) lost, (0.3, 0.1) won.
        Assert.Equal(2.5 / 4, Ranking.RocAuc([0.8, 0.8, 0.3, 0.1], [true, false, true, false]));
        Assert.True(double.IsNaN(Ranking.RocAuc([0.1, 0.2], [true, true])));
        Assert.True(double.IsNaN(Ranking.AveragePrecision([0.1, 0.2], [false, false])));
    }

    [Fact]
    public void A_confidence_on_an_edge_belongs_to_the_bin_below()
    {
        var bins = Calibration.Bins([0.6, 0.4, 0.61, 0.39], [0, 0], bins: 5);
        Assert.Equal([0, 0, 1, 1, 0], bins.Select(bin => bin.Count));
    }

    [Fact]
    public void Kendall_equals_counting_all_pairs() => Prop.ForAll<int, byte>((seed, rows) =>
    {
        var random = new Random(seed);
        double[] Values() => [.. Enumerable.Range(0, rows % 40 + 3).Select(_ => (double)random.Next(6))];
        var (x, y) = (Values(), Values());
        var (agree, tiedX, tiedY, pairs) = (0, 0, 0, 0);
        for (var i = 0; i < x.Length; i++)
            for (var j = 0; j < i; j++)
            {
                agree += Math.Sign(x[i] - x[j]) * Math.Sign(y[i] - y[j]);
                if (x[i] == x[j]) tiedX++;
                if (y[i] == y[j]) tiedY++;
                pairs++;
            }
        var expected = agree / Math.Sqrt((double)(pairs - tiedX) * (pairs - tiedY));
        var actual = Regression.KendallTauB(x, y);
        return double.IsNaN(expected) ? double.IsNaN(actual) : Math.Abs(expected - actual) < 1e-12;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_confusion_matrix_prints_as_a_table() => Assert.Equal(
        """
        true \ predicted  no  maybe
        no                 2      0
        maybe              1     10

        """, new ConfusionMatrix([0, 0, .. Enumerable.Repeat(1, 11)], [0, 0, 0, .. Enumerable.Repeat(1, 10)], 2).ToText(["no", "maybe"]));

    [Fact]
    public void The_class_report_is_plain_data_and_a_table()
    {
        var report = ClassReport.Of(new ConfusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], 2), ["no", "yes"]);
        Assert.Equal(new("no", 1, 0.5, 2.0 / 3, 2), report.Lines[0]);
        Assert.Equal(
            """
            class  precision  recall      F1  rows
            no        1.0000  0.5000  0.6667     2
            yes       0.7500  1.0000  0.8571     3

            """, report.ToText());
    }

    static double[] All(PredictionSet set)
    {
        var (truth, p, matrix) = (set.Labels!, set.Probabilities, new ConfusionMatrix(set.Labels, set.Predicted(), set.K));
        return
        [
            Metrics.Accuracy(truth, set.Predicted()), Metrics.BalancedAccuracy(matrix), Metrics.F1MacroOfPresent(matrix), Metrics.MatthewsCorrelation(matrix),
            Metrics.CohenKappa(matrix, KappaWeights.Quadratic), Metrics.LogLoss(p, truth), Metrics.Brier(p, truth), Metrics.TopAccuracy(p, truth, 2),
            Calibration.Error(p, truth), Calibration.MaximumError(p, truth), Calibration.AdaptiveError(p, truth),
            Ranking.RocAucOneVersusOne(p, truth), .. Ranking.RocAucPerClass(p, truth), .. Ranking.AveragePrecisionPerClass(p, truth),
        ];
    }
}
