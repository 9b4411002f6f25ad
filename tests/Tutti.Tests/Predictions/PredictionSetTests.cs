using Tutti.Predictions;

namespace Tutti.Tests.Predictions;

public sealed class PredictionSetTests
{
    static readonly string[] Classes = ["x", "y", "z"];

    [Fact]
    public void Ties_go_to_the_lowest_class()
    {
        var set = new PredictionSet(["a", "b", "c"], Classes, [0.4, 0.4, 0.2, 0.2, 0.4, 0.4, 0, 0, 1]);
        Assert.Equal([0, 1, 2], set.Predicted());
    }

    [Fact]
    public void Labelled_keeps_the_rows_whose_label_is_known()
    {
        var set = new PredictionSet(["a", "b", "c"], ["x", "y"], [0.1, 0.9, 0.2, 0.8, 0.3, 0.7], [1, -1, 0], [0, 1, 2]).Labelled();
        Assert.Equal(["a", "c"], set.Ids);
        Assert.Equal([0.1, 0.9, 0.3, 0.7], set.Probabilities);
        Assert.Equal([1, 0], set.Labels!);
        Assert.Equal([0, 2], set.Folds!);
        Assert.Equal(0, new PredictionSet(["a"], ["x", "y"], [0.5, 0.5]).Labelled().Count);
    }

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a"], ["x"], [1]));
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a"], ["x", "x"], [0.5, 0.5]));
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a", "a"], ["x", "y"], [0.5, 0.5, 0.5, 0.5]));
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a"], ["x", "y"], [0.5, 0.5, 0.5, 0.5]));
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a"], ["x", "y"], [0.5, 0.5], labels: [2]));
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a"], ["x", "y"], [0.5, 0.5], labels: [0, 0]));
        Assert.Throws<ArgumentException>(() => new PredictionSet(["a"], ["x", "y"], [0.5, 0.5], folds: [-2]));
    }

    [Theory]
    [InlineData(double.NaN, 0.5, "diverge")]
    [InlineData(0.5, 0.4, "sum to 0.9")]
    [InlineData(1.5, -0.5, "softmax")]
    public void A_row_that_is_no_distribution_is_refused_with_its_id(double first, double second, string why)
    {
        var error = Assert.Throws<ArgumentException>(() => new PredictionSet(["a", "b"], ["x", "y"], [1, 0, first, second]));
        Assert.Contains("'b'", error.Message);
        Assert.Contains(why, error.Message);
    }
}
