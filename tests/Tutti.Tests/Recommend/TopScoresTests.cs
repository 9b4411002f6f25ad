using Tutti.Recommend;

namespace Tutti.Tests.Recommend;

/// <summary>Scores of rankings and errors: values named scikit-learn were computed with scikit-learn 1.2.1, those of the drawn items with SciPy 1.10 (scipy.stats.binom.pmf).</summary>
public sealed class TopScoresTests
{
    /// <summary>Answers that are written down.</summary>
    sealed class Written(float[][] scores) : RatingModel
    {
        public override int UserCount => scores.Length;
        public override int ItemCount => scores[0].Length;
        public override float Predict(int user, int item) => scores[user][item];
    }

    static readonly float[][] scores = [[0.9f, 0.1f, 0.8f, 0.35f, 0.5f, 0.7f, 0.2f, 0.65f], [0.15f, 0.95f, 0.4f, 0.85f, 0.3f, 0.05f, 0.6f, 0.55f]];

    // User 0 likes items 2, 4 and 6, user 1 items 0, 1 and 6; what they rate below 4 is no hit.
    static readonly RatingRows held = new([0, 0, 0, 0, 1, 1, 1], [2, 4, 6, 7, 0, 1, 6], [4, 5, 4, 3, 5, 4, 4], 2, 8);
    static readonly RatingRows nothing = new([], [], [], 2, 8);

    static TopScores? Scored(RatingRows seen, RatingRows rows, int k, double liked = 4) => TopScores.Of(new Written(scores), seen, rows, k, liked, cancel: TestContext.Current.CancellationToken);

    [Theory]
    [InlineData(3, 0.5)]
    [InlineData(5, 0.5907708962686764)]
    [InlineData(8, 0.7471971382762619)]
    public void Ndcg_is_that_of_scikit_learn(int k, double ndcg) => Assert.Equal(ndcg, Scored(nothing, held, k)!.Ndcg.Value, 1e-12);

    [Fact]
    public void Map_over_all_items_is_the_label_ranking_average_precision_of_scikit_learn() =>
        Assert.Equal((0.44285714285714284 + 0.6984126984126984) / 2, Scored(nothing, held, 8)!.Map.Value, 1e-12);

    // Order of user 0: 0 2 5 7 4 3 6 1, of user 1: 1 3 6 7 2 4 0 5.
    [Fact]
    public void Precision_recall_map_and_mrr_are_those_counted_by_hand()
    {
        var top = Scored(nothing, held, 5)!;
        Assert.Equal(((2 / 5.0) + (2 / 5.0)) / 2, top.Precision.Value, 1e-12);
        Assert.Equal(((2 / 3.0) + (2 / 3.0)) / 2, top.Recall.Value, 1e-12);
        Assert.Equal(((((1 / 2.0) + (2 / 5.0)) / 3) + (((1 / 1.0) + (2 / 3.0)) / 3)) / 2, top.Map.Value, 1e-12);
        Assert.Equal((0.5 + 1) / 2, top.Mrr.Value, 1e-12);
        Assert.Equal(2, top.Mrr.N);
        Assert.Equal(8 / 8.0, top.Coverage);                  // 0 2 5 7 4 and 1 3 6 7 2 are all of them
        Assert.Equal(["precision@5", "recall@5", "NDCG@5", "MAP@5", "MRR@5"], top.Named.Select(pair => pair.Name));
    }

    [Fact]
    public void What_somebody_has_is_not_recommended_to_them_and_is_less_new_to_others()
    {
        // User 0 has item 0, user 1 items 0 and 3.
        var seen = new RatingRows([0, 1, 1], [0, 0, 3], [5, 5, 1], 2, 8);
        var top = Scored(seen, held with { Users = [0], Items = [2], Values = [5] }, 3)!;
        Assert.Equal((1.0 / 3, 1.0, 1.0), (top.Precision.Value, top.Recall.Value, top.Mrr.Value));
        // Recommended are 2, 5 and 7, which nobody has: counted as one of two users, a bit each.
        Assert.Equal(1, top.Novelty, 1e-12);
    }

    [Fact]
    public void Nobody_with_a_hit_is_no_score_and_strangers_are_left_out()
    {
        Assert.Null(Scored(nothing, held, 5, liked: 6));
        Assert.Null(Scored(nothing, held with { Users = [.. held.Users.Select(_ => RatingModel.Unknown)] }, 5));
    }

    [Fact]
    public void Of_equal_answers_the_lower_number_comes_first_and_a_nan_never_comes()
    {
        Assert.Equal([1, 3, 0], Ranking.Top([1, 2, float.NaN, 2, 1, 1], 3, new HashSet<int>()));
        Assert.Equal([3, 0, 4, 5], Ranking.Top([1, 2, float.NaN, 2, 1, 1], 9, new HashSet<int> { 1 }));
        Assert.Empty(Ranking.Top([1, 2], 0, new HashSet<int>()));
    }

    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(2, 0.9963210569995122)]
    [InlineData(100, 0.7270109875101696)]
    [InlineData(2000, 0.0006957568698109347)]
    [InlineData(10_001, 0.0)]
    public void The_ndcg_of_drawn_items_is_that_of_the_binomial_distribution(int place, double expected) => Assert.Equal(expected, Ranking.SampledNdcg(place, 10_001, 100, 10), 1e-9);

    // The example of docs/ratings.md.
    [Fact]
    public void Drawn_items_turn_the_order_of_two_models_round()
    {
        int[] steady = [100, 100, 100, 100, 100], sharp = [2, 2000, 2000, 2000, 2000];
        static double Full(int[] places) => places.Average(place => place <= 10 ? 1 / Math.Log2(place + 1) : 0);
        static double Drawn(int[] places) => places.Average(place => Ranking.SampledNdcg(place, 10_001, 100, 10));
        Assert.Equal((0.000, 0.126), (Math.Round(Full(steady), 3), Math.Round(Full(sharp), 3)));
        Assert.Equal((0.727, 0.200), (Math.Round(Drawn(steady), 3), Math.Round(Drawn(sharp), 3)));
        var text = File.ReadAllText(Path.Combine(Shared.Root, "docs", "ratings.md"));
        Assert.Contains("| A | 100, 100, 100, 100, 100 | 0.000 | 0.727 |", text, StringComparison.Ordinal);
        Assert.Contains("| B | 2, 2000, 2000, 2000, 2000 | 0.126 | 0.200 |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_are_those_of_scikit_learn_and_lie_in_their_intervals()
    {
        var errors = ErrorScores.Of([4, 3, 5, 1, 2.5f], [3.5f, 3.25f, 4, 2, 2.5f]);
        Assert.Equal(0.6800735254367721, errors.Rmse.Value, 1e-12);
        Assert.Equal(0.55, errors.Mae.Value, 1e-12);
        Assert.Equal(0.4625, errors.Mse, 1e-12);
        Assert.True(errors.Rmse.Low < errors.Rmse.Value && errors.Rmse.Value < errors.Rmse.High && errors.Rmse.N == 5);
    }
}
