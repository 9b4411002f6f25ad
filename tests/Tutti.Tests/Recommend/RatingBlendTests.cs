using Tutti.Recommend;

namespace Tutti.Tests.Recommend;

public sealed class RatingBlendTests
{
    [Fact]
    public void Weights_are_those_that_the_truth_was_made_with()
    {
        var random = Tutti.Torch.RandomStream.Of(1, "blend");
        float[][] predicted = [.. Enumerable.Range(0, 3).Select(member => Enumerable.Range(0, 5000).Select(row => (float)random.Normal((member * 5000) + row)).ToArray())];
        float[] truth = [.. Enumerable.Range(0, 5000).Select(row => 2 + (0.7f * predicted[0][row]) + (0.3f * predicted[1][row]) - (0.1f * predicted[2][row]))];
        var (weights, intercept) = RatingBlend.Weigh(predicted, truth, penalty: 0);
        Assert.All(weights.Zip((float[])[0.7f, 0.3f, -0.1f]), pair => Assert.Equal(pair.Second, pair.First, 1e-3));
        Assert.Equal(2, intercept, 1e-3);
    }

    [Fact]
    public void A_great_penalty_leaves_equal_weights()
    {
        var (weights, _) = RatingBlend.Weigh([[1, 2, 3, 4], [4, 1, 3, 2]], [1, 2, 3, 4], penalty: 1e9);
        Assert.All(weights, weight => Assert.Equal(0.5, weight, 1e-3));
    }

    [Fact]
    public void A_member_that_knows_nothing_is_left_out()
    {
        var made = new MadeRatings();
        var blend = RatingBlend.Train(made.Rows,
        [
            new("als", (rows, cancel) => ArrayModelTests.Trainers["als"](rows, 1, null, cancel)),
            new("baseline", (rows, _) => RatingBaseline.Train(rows with { Values = [.. rows.Values.Reverse()] }, new(), cancel: MadeRatings.Stop)),
        ], new(), 1, 1, cancel: MadeRatings.Stop);
        Assert.Equal(["als", "baseline"], blend.Names);
        Assert.InRange(blend.Weights[0], 0.85, 1.15);
        Assert.InRange(blend.Weights[1], -0.3, 0.3);
        var (together, alone) = (made.Recovered(blend).Error, made.Recovered(blend.Members[0]).Error);
        // The weights come from a tenth of few rows; what they miss costs a little.
        Assert.True(together < 1.15 * alone, $"blend {together}, its better member alone {alone}, weights {string.Join(", ", blend.Weights)}");
    }

    [Fact]
    public void Members_are_weighed_on_rows_that_they_were_not_trained_on()
    {
        var made = new MadeRatings();
        var counts = new List<int>();
        RatingBlend.Train(made.Rows, [new("baseline", (rows, _) =>
        {
            lock (counts) counts.Add(rows.Count);
            return RatingBaseline.Train(rows, new(), cancel: MadeRatings.Stop);
        })], new(HeldOut: 0.25), 1, 1, cancel: MadeRatings.Stop);
        Assert.Equal([made.Rows.Count - (made.Rows.Count / 4), made.Rows.Count], counts.Order());
    }

    [Fact]
    public void Too_few_rows_to_hold_any_out_are_refused() => Assert.Contains("leaves 0 to weigh members by",
        Assert.Throws<DataException>(() => RatingBlend.Train(MadeRatings.Few, [new("baseline", (rows, _) => RatingBaseline.Train(rows, new(), cancel: MadeRatings.Stop))], new(), 1, 1, cancel: MadeRatings.Stop)).Message, StringComparison.Ordinal);
}
