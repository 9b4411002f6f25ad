using FsCheck;
using FsCheck.Fluent;
using Tutti.Evaluation;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Evaluation;

public sealed class BootstrapTests
{
    static RowMetric ShareBelow(int limit) => rows =>
    {
        var below = 0;
        foreach (var row in rows)
            if (row < limit) below++;
        return (double)below / rows.Length;
    };

    [Fact]
    public void The_interval_contains_the_value() => Prop.ForAll<int, byte>((seed, rows) =>
    {
        var set = Some.Predictions(seed, rows + 1, 2);
        var (truth, predicted) = (set.Labels!, set.Predicted());
        var score = Bootstrap.Interval(set.Count, picked => Metrics.Accuracy([.. picked.ToArray().Select(i => truth[i])],
            [.. picked.ToArray().Select(i => predicted[i])]), (ulong)seed, 200);
        return score.Low <= score.Value && score.Value <= score.High && score.N == set.Count && score.Value == Metrics.Accuracy(truth, predicted);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_width_is_that_of_the_normal_approximation()
    {
        var score = Bootstrap.Interval(1000, ShareBelow(800), seed: 1);
        var half = 1.96 * Math.Sqrt(0.8 * 0.2 / 1000); // 0.0248
        Assert.Equal(0.8 - half, score.Low, 0.004);
        Assert.Equal(0.8 + half, score.High, 0.004);
    }

    [Fact]
    public void The_interval_covers_the_truth_about_95_times_in_100()
    {
        var random = new Random(5);
        var covered = 0;
        for (var t = 0; t < 400; t++)
        {
            var hits = Enumerable.Range(0, 200).Count(_ => random.NextDouble() < 0.7);
            var score = Bootstrap.Interval(200, ShareBelow(hits), (ulong)t, 300);
            if (score.Low <= 0.7 && 0.7 <= score.High) covered++;
        }
        Assert.InRange(covered / 400.0, 0.91, 0.985);
    }

    [Fact]
    public void The_same_seed_gives_the_same_interval_and_another_seed_another()
    {
        var first = Bootstrap.Interval(500, ShareBelow(123), seed: 3);
        Assert.Equal(first, Bootstrap.Interval(500, ShareBelow(123), seed: 3));
        Assert.NotEqual(first, Bootstrap.Interval(500, ShareBelow(123), seed: 4));
    }

    [Fact]
    public void Resamples_draw_every_row_equally_often()
    {
        var drawn = new int[10];
        Bootstrap.Interval(10, rows =>
        {
            foreach (var row in rows) Interlocked.Increment(ref drawn[row]);
            return 0;
        }, seed: 9, resamples: 10_000);
        Assert.All(drawn, count => Assert.Equal(10_001, count, 500.0)); // 10,000 each expected (spread 95) and once for the value
    }

    [Fact]
    public void Resamples_without_a_value_are_left_out()
    {
        var score = Bootstrap.Interval(3, rows => rows.Contains(0) ? 1 : double.NaN);
        Assert.Equal(new(1, 1, 1, 3), score);
        Assert.True(double.IsNaN(Bootstrap.Interval(3, _ => double.NaN).Low));
    }

    [Fact]
    public void A_score_prints_with_interval_and_rows() => Assert.Equal("0.8123 [0.8000, 0.8200] n=1234", new Score(0.81234, 0.8, 0.82, 1234).ToString());
}
