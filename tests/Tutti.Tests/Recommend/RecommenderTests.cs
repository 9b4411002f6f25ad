using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Tests.Recommend;

public sealed class RecommenderTests
{
    const int Users = 60, Items = 40, Width = 3;

    // Ratings that follow from factors, without noise: what has to be found again is known.
    static readonly RatingFactors planted = Planted();

    static RatingFactors Planted()
    {
        var stream = RandomStream.Of(1, "planted factors");
        float[] Normal(int from, int count, double deviation) => [.. Enumerable.Range(from, count).Select(i => (float)(deviation * stream.Normal(i)))];
        return new(Width, Normal(0, Users * Width, 0.7), Normal(1000, Items * Width, 0.7), Normal(2000, Users, 0.4), Normal(3000, Items, 0.4), 3.5f);
    }

    static float Truth(int user, int item) => planted.Offset + planted.UserBiases[user] + planted.ItemBiases[item] + Enumerable.Range(0, Width).Sum(f => planted.OfUser(user)[f] * planted.OfItem(item)[f]);

    sealed class Planting(RatingFactors factors) : RatingModel
    {
        public override int UserCount => Users;
        public override int ItemCount => Items;
        public override RatingFactors Factors => factors;
        public override float Predict(int user, int item) => Truth(user, item);
    }

    sealed class Blind : RatingModel
    {
        public override int UserCount => Users;
        public override int ItemCount => Items;
        public override float Predict(int user, int item) => Truth(user, item);
    }

    // Every user has rated every third item.
    static readonly RatingRows seen = Rows((user, item) => (user + item) % 3 == 0);

    static RatingRows Rows(Func<int, int, bool> has)
    {
        var pairs = Enumerable.Range(0, Users).SelectMany(user => Enumerable.Range(0, Items).Where(item => has(user, item)).Select(item => (user, item))).ToArray();
        return new([.. pairs.Select(pair => pair.user)], [.. pairs.Select(pair => pair.item)], [.. pairs.Select(pair => Truth(pair.user, pair.item))], Users, Items);
    }

    [Fact]
    public void A_newcomer_gets_the_factors_that_made_their_ratings()
    {
        int[] items = [.. Enumerable.Range(0, Items).Where(item => item % 2 == 0)];
        var folded = new FoldedUser(planted, items, [.. items.Select(item => Truth(7, item))], 1e-6);
        for (var item = 0; item < Items; item++) Assert.Equal(Truth(7, item), folded.Predict(item), 1e-2);
        Assert.Equal(planted.UserBiases[7], folded.Bias, 1e-2);
    }

    [Fact]
    public void A_newcomer_behind_a_sigmoid_is_taken_in_by_what_it_makes_ratings_of()
    {
        var squeezed = planted with { Offset = 0, Range = (0, 5.5) };
        float Rating(int item) => (float)squeezed.Rating(Truth(7, item) - planted.Offset);
        int[] items = [.. Enumerable.Range(0, Items).Where(item => item % 2 == 0)];
        var folded = new FoldedUser(squeezed, items, [.. items.Select(Rating)], 1e-6);
        for (var item = 0; item < Items; item++) Assert.Equal(Rating(item), folded.Predict(item), 0.05);
        Assert.True(squeezed.Sum(9) is > 4 and < 5 && squeezed.Sum(-1) is < -4 and > -5);
    }

    [Fact]
    public void A_newcomer_with_one_rating_stays_near_what_everybody_thinks()
    {
        var folded = new FoldedUser(planted, [3], [5]);
        Assert.All(Enumerable.Range(0, Items).Where(item => item != 3), item => Assert.True(Math.Abs(folded.Predict(item) - planted.Offset - planted.ItemBiases[item]) < 2.5));
        Assert.True(folded.Predict(3) > planted.Offset + planted.ItemBiases[3]);
        Assert.True(folded.Vector.Sum(f => f * f) < 4);
    }

    [Fact]
    public void Recommended_is_the_best_of_what_a_user_has_not_rated_with_their_own_items_like_it()
    {
        var found = new Recommender(new Planting(planted), seen).For(4, 5);
        int[] free = [.. Enumerable.Range(0, Items).Where(item => (4 + item) % 3 != 0)];
        Assert.Equal(free.OrderByDescending(item => Truth(4, item)).Take(5), found.Select(one => one.Item));
        var own = Enumerable.Range(0, Items).Except(free).ToArray();
        var liked = own.Average(item => Truth(4, item));
        Assert.All(found, one => Assert.Equal(one.Rating, Truth(4, one.Item), 1e-5));
        Assert.All(found.SelectMany(one => one.Near), near => Assert.True(own.Contains(near.Item) && near.Rating >= liked && near.Similarity is > 0 and <= 1.0001));
        Assert.Contains(found, one => one.Near.Count > 0);
        // The nearest by hand: the cosine of the two rows of factors.
        var first = found.First(one => one.Near.Count > 0);
        double Cosine(int a, int b) => Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b));
        double Dot(int a, int b) => Enumerable.Range(0, Width).Sum(f => (double)planted.OfItem(a)[f] * planted.OfItem(b)[f]);
        Assert.Equal(own.Where(item => Truth(4, item) >= liked).MaxBy(item => Cosine(first.Item, item)), first.Near[0].Item);
    }

    [Fact]
    public void Axes_speak_for_an_item_and_are_named_by_their_ends()
    {
        var recommender = new Recommender(new Planting(planted), seen);
        var axes = recommender.ItemAxes!;
        Assert.Equal((Width, 10), (axes.Count, axes.WellKnown.Length));
        Assert.Equal(1, axes.Shares.Sum(), 1e-6);
        var reasons = recommender.For(4, 5).SelectMany(one => one.Because.Select(because => (one.Item, because))).ToArray();
        Assert.NotEmpty(reasons);
        foreach (var (item, because) in reasons)
        {
            Assert.True(because.Adds > 0);
            var high = axes.Along(item, because.Axis) > 0;
            Assert.Equal(axes.WellKnown.OrderBy(other => (high ? -1 : 1) * axes.Along(other, because.Axis)).Take(3).Where(other => other != item), because.Towards);
            Assert.Equal(high ? axes.Ends(because.Axis).Low : axes.Ends(because.Axis).High, because.Away);
        }
    }

    [Fact]
    public void Without_factors_items_are_like_each_other_by_who_rated_them_and_newcomers_are_refused()
    {
        var recommender = new Recommender(new Blind(), seen);
        var found = recommender.For(4, 3);
        Assert.All(found, one => Assert.Empty(one.Because));
        // Items of another remainder of three share no rater.
        Assert.All(found, one => Assert.Empty(one.Near));
        Assert.Null(recommender.ForNew([1], [5], 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => recommender.For(Users, 3));
        var shared = new Recommender(new Blind(), Rows((user, item) => item < 20 || user % 2 == 0)).For(1, 1);
        Assert.Equal(Math.Sqrt(0.5), shared[0].Near[0].Similarity, 1e-6);
    }

    [Fact]
    public void A_newcomer_is_not_recommended_what_they_rated()
    {
        int[] own = [1, 5, 9, 13, 17];
        var found = new Recommender(new Planting(planted), seen).ForNew(own, [.. own.Select(item => Truth(4, item))], 40)!;
        Assert.Equal(Items - own.Length, found.Count);
        Assert.Empty(found.Select(one => one.Item).Intersect(own));
    }

    // scikit-learn 1.2.1, PCA(2) of these rows.
    [Fact]
    public void Principal_axes_are_those_of_scikit_learn_but_for_their_sign()
    {
        float[] rows = [2.5f, 2.4f, 0.5f, 0.5f, 0.7f, 1.5f, 2.2f, 2.9f, 0.1f, 1.9f, 2.2f, 0.9f, 3.1f, 3.0f, 0.2f, 2.3f, 2.7f, 1.1f];
        var axes = PrincipalAxes.Of(rows, 3, 2);
        double[][] expected = [[0.6669177881829981, 0.6484592526734402, -0.36704395026658726], [0.37255298281765714, 0.1364133223825353, 0.9179301065278469]];
        for (var axis = 0; axis < 2; axis++)
            for (var c = 0; c < 3; c++) Assert.Equal(expected[axis][c], axes.Axes[axis][c], 1e-6);
        Assert.Equal(0.9237981871713725, axes.Shares[0], 1e-6);
        Assert.Equal(0.05040419931805608, axes.Shares[1], 1e-6);
        Assert.Equal(0.41144691775671755, axes.Along([2.5f, 2.4f, 0.5f], 0), 1e-6);
        Assert.Equal(-0.032286656548023866, axes.Along([2.5f, 2.4f, 0.5f], 1), 1e-6);
    }

    [Fact]
    public void Rows_that_are_all_the_same_have_no_axis()
    {
        var axes = PrincipalAxes.Of([1, 2, 1, 2, 1, 2], 2, 2);
        Assert.Equal([0.0, 0.0], axes.Shares);
        Assert.Equal(0, axes.Along([1, 2], 0));
    }

    [Fact]
    public void A_linear_blend_finds_the_weights_and_judges_itself_on_rows_it_did_not_learn_from()
    {
        var stream = RandomStream.Of(2, "blend");
        float[] truth = [.. Enumerable.Range(0, 2000).Select(i => 3 + (float)stream.Normal(i))];
        // One member halves deviations and is 0.3 too high, the other is noise.
        float[] half = [.. truth.Select(value => 3.3f + (0.5f * (value - 3)))], noise = [.. Enumerable.Range(5000, 2000).Select(i => 3 + (float)stream.Normal(i))];
        var blend = HeldOutBlend.Of(RatingBlendMethod.Linear, [half, noise], truth);
        Assert.Equal(2, blend.Weights[0], 0.03);
        Assert.Equal(0, blend.Weights[1], 0.03);
        Assert.True(ErrorScores.Of(truth, blend.Held).Rmse.Value < 0.05);
        var mean = HeldOutBlend.Of(RatingBlendMethod.Mean, [half, noise], truth);
        Assert.Equal([0.5, 0.5], mean.Weights);
        Assert.Equal(0, mean.Constant);
        Assert.Equal((half[7] + noise[7]) / 2, mean.Held[7], 1e-5);
        Assert.Equal(RatingBlendMethod.Mean, HeldOutBlend.Of(RatingBlendMethod.Linear, [half[..5], noise[..5]], truth[..5]).Method);
        // Pure noise, judged on other rows than it was fitted to, is no better than the mean of the ratings.
        float[][] noises = [.. Enumerable.Range(0, 30).Select(m => Enumerable.Range(0, 100).Select(i => (float)stream.Normal(10_000 + (m * 100) + i)).ToArray())];
        Assert.True(ErrorScores.Of(truth[..100], HeldOutBlend.Of(RatingBlendMethod.Linear, noises, truth[..100]).Held).Rmse.Value > 0.95);
    }

    [Fact]
    public void A_blended_model_weighs_its_models()
    {
        var blended = new BlendedModel([new Planting(planted), new Averages(3, new float[Users], new float[Items])], [0.5, 2], 1);
        var scores = new float[Items];
        blended.Scores(3, scores);
        Assert.Equal((0.5f * Truth(3, 8)) + 7, blended.Predict(3, 8), 1e-5f);
        Assert.Equal(blended.Predict(3, 8), scores[8], 1e-5f);
        // One that cannot take newcomers in leaves its weight to those that can.
        float[] planting = new Planting(planted).FoldIn([1, 2], [5, 1])!, folded = new BlendedModel([new Planting(planted), new Blind()], [0.25, 0.75], 1).FoldIn([1, 2], [5, 1])!;
        Assert.Equal(planting[8] + 1, folded[8], 1e-5f);
        Assert.Null(new BlendedModel([new Blind(), new Blind()], [0.5, 0.5], 0).FoldIn([1], [5]));
    }

    // Two users, two items: mean 3; item 0 is (1 + 1) / 12 above it; user 0 rates 4 and 2.
    [Fact]
    public void Averages_are_those_computed_by_hand()
    {
        var model = Averages.Train(new([0, 1, 0, 1], [0, 0, 1, 1], [4, 4, 2, 2], 2, 2));
        Assert.Equal(3 + (2 / 12f), model.Predict(RatingModel.Unknown, 0), 1e-6f);
        Assert.Equal(3, model.Predict(RatingModel.Unknown, RatingModel.Unknown), 1e-6f);
        Assert.Equal(3 - (2 / 12f), model.Predict(0, 1), 1e-6f);
        // A newcomer with a 5 for item 0 rates 2 - 2 / 12 above it, damped by fifteen ratings of nothing.
        Assert.Equal(3 - (2 / 12f) + ((2 - (2 / 12f)) / 16), model.FoldIn([0], [5])[1], 1e-6f);
    }
}
