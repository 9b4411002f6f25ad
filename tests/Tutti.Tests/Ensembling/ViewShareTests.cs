using Tutti.Ensembling;
using Tutti.Predictions;

namespace Tutti.Tests.Ensembling;

/// <summary>What the mean over views counts for beside the plain predictions.</summary>
public sealed class ViewShareTests
{
    static readonly string[] classes = ["a", "b"];

    /// <summary>Labels of two classes in two folds, with the probability that each row gives its own label.</summary>
    static PredictionSet Set(Func<int, double> right, int rows = 40) => new([.. Enumerable.Range(0, rows).Select(row => $"{row}")], classes,
        [.. Enumerable.Range(0, rows).SelectMany(row => row % 2 == 0 ? (double[])[right(row), 1 - right(row)] : [1 - right(row), right(row)])],
        [.. Enumerable.Range(0, rows).Select(row => row % 2)], [.. Enumerable.Range(0, rows).Select(row => row / 2 % 2)]);

    [Fact]
    public void The_share_is_where_the_slope_of_the_loss_is_zero()
    {
        // Half of the rows gain and half lose by the views: -log(.5+.4w) -log(.8-.4w), least where .5+.4w = .8-.4w.
        var share = ViewShare.Fit(Set(row => row < 20 ? 0.5 : 0.8), Set(row => row < 20 ? 0.9 : 0.4));
        Assert.Equal(0.375, share.Weight, 1e-5);
        Assert.Equal([0.375, 0.375], share.ByFold.Values.Select(value => Math.Round(value, 5)));
        Assert.Equal((-Math.Log(0.5) - Math.Log(0.8)) / 2 + Math.Log(0.65), share.LogLoss.Difference.Value, 1e-5);
        Assert.True(share.Nested);
    }

    [Fact]
    public void Views_that_are_better_everywhere_replace_the_plain_predictions() =>
        Assert.Equal(1, ViewShare.Fit(Set(_ => 0.6), Set(_ => 0.9)).Weight);

    [Fact]
    public void Views_that_are_worse_or_equal_weigh_nothing_and_leave_the_predictions_as_they_are()
    {
        var plain = Set(row => 0.5 + (row * 0.01));
        foreach (var views in new[] { Set(_ => 0.45), plain })
        {
            var share = ViewShare.Fit(plain, views);
            Assert.Equal((0, 0), (share.Weight, share.LogLoss.Difference.Value));
            Assert.Same(plain, share.Predictions);
        }
    }

    [Fact]
    public void A_gain_on_the_rows_it_is_fitted_to_alone_is_none()
    {
        // In each fold the other way helps, so what one fold teaches harms the other.
        var share = ViewShare.Fit(Set(row => row / 2 % 2 == 0 ? 0.3 : 0.71), Set(row => row / 2 % 2 == 0 ? 0.7 : 0.3));
        Assert.Equal(0, share.Weight);
    }

    [Fact]
    public void With_one_fold_the_share_is_fitted_to_the_rows_it_is_judged_on_and_says_so()
    {
        PredictionSet One(PredictionSet set) => new(set.Ids, set.Classes, set.Probabilities, set.Labels, new int[set.Count]);
        var share = ViewShare.Fit(One(Set(_ => 0.6)), One(Set(_ => 0.9)));
        Assert.Equal((1, false), (share.Weight, share.Nested));
    }

    [Fact]
    public void Other_rows_are_refused() => Assert.Throws<ArgumentException>(() => ViewShare.Fit(Set(_ => 0.5), Set(_ => 0.5, 38)));
}
