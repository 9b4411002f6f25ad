using Tutti.Recommend;

namespace Tutti.Tests.Recommend;

public sealed class ItemNeighboursTests
{
    const double Shrinkage = 4;

    /// <summary>The paper's formulas, pair by pair.</summary>
    [Theory, InlineData(3), InlineData(100)]
    public void Predictions_are_those_of_the_formulas(int neighbours)
    {
        var rows = new MadeRatings(25, 12, 0.5).Rows;
        var model = ItemNeighbours.Train(rows, new() { Neighbours = neighbours, Shrinkage = Shrinkage }, 1, cancel: MadeRatings.Stop);
        var baseline = RatingBaseline.Train(rows, new(), cancel: MadeRatings.Stop);
        var left = new double?[25, 12];
        for (var row = 0; row < rows.Count; row++) left[rows.Users[row], rows.Items[row]] = rows.Values[row] - baseline.Predict(rows.Users[row], rows.Items[row]);
        for (var user = 0; user < 25; user++)
            for (var item = 0; item < 12; item++)
            {
                var speaking = Enumerable.Range(0, 12).Where(other => other != item && left[user, other] is not null).Select(other => (Similarity: Similarity(left, item, other), Left: left[user, other]!.Value))
                    .Where(one => one.Similarity > 0).OrderByDescending(one => one.Similarity).Take(neighbours).ToArray();
                var lean = speaking.Length == 0 ? 0 : speaking.Sum(one => one.Similarity * one.Left) / speaking.Sum(one => one.Similarity);
                Assert.Equal(baseline.Predict(user, item) + lean, model.Predict(user, item), 1e-4);
            }
    }

    static double Similarity(double?[,] left, int item, int other)
    {
        var both = Enumerable.Range(0, 25).Where(user => left[user, item] is not null && left[user, other] is not null).Select(user => (A: left[user, item]!.Value, B: left[user, other]!.Value)).ToArray();
        var scale = Math.Sqrt(both.Sum(pair => pair.A * pair.A) * both.Sum(pair => pair.B * pair.B));
        return scale == 0 ? 0 : both.Sum(pair => pair.A * pair.B) / scale * both.Length / (both.Length + Shrinkage);
    }

    [Fact]
    public void Neighbours_come_by_falling_similarity_and_no_more_are_kept_than_asked_for()
    {
        var model = ItemNeighbours.Train(new MadeRatings().Rows, new() { Kept = 7 }, 1, cancel: MadeRatings.Stop);
        for (var item = 0; item < model.ItemCount; item++)
        {
            var found = model.NeighboursOf(item).ToArray();
            Assert.InRange(found.Length, 1, 7);
            Assert.DoesNotContain(found, one => one.Item == item);
            Assert.Equal(found.OrderByDescending(one => one.Similarity), found);
        }
    }
}
