using Tutti.Recommend;
using Tutti.Tests.Torch;

namespace Tutti.Tests.Recommend;

/// <summary>What is asked of every recommender that is trained by a kernel.</summary>
public sealed class ArrayModelTests : EngineTest
{
    internal delegate ArrayModel Trainer(RatingRows rows, int threads, IProgress<RatingProgress>? progress, CancellationToken cancel);

    const long Seed = 5;

    internal static readonly Dictionary<string, Trainer> Trainers = new()
    {
        ["baseline"] = (rows, _, progress, cancel) => RatingBaseline.Train(rows, new(), progress, cancel),
        ["biased-factors"] = (rows, threads, progress, cancel) => BiasedFactors.Train(rows, new() { Factors = 5, Epochs = 40, LearningRate = 0.05, Penalty = 0.02, BasePenalty = 0.5 }, Seed, threads, progress, cancel),
        ["svd-plus-plus"] = (rows, _, progress, cancel) => SvdPlusPlus.Train(rows, new() { Factors = 5, LearningRate = 0.03, Penalty = 0.03 }, Seed, progress, cancel),
        ["als"] = (rows, threads, progress, cancel) => AlsFactors.Train(rows, new() { Factors = 3, Penalty = 0.01, BasePenalty = 0.3 }, Seed, threads, progress, cancel),
        ["item-neighbours"] = (rows, threads, progress, cancel) => ItemNeighbours.Train(rows, new() { Neighbours = 20, Shrinkage = 5 }, threads, progress, cancel),
        ["ease"] = (rows, _, _, cancel) => Ease.Train(rows, new() { Penalty = 5, Ratings = true }, cancel),
        ["bayesian-factors"] = (rows, threads, progress, cancel) => BayesianFactors.Train(rows, new() { Factors = 4, BurnIn = 20, Samples = 40, Chains = 2, Keep = 2 }, Seed, threads, progress, cancel),
        ["implicit-als"] = (rows, threads, progress, cancel) => ImplicitAls.Train(rows with { Values = [.. rows.Values.Select(Math.Abs)] }, new() { Factors = 4, Penalty = 1 }, Seed, threads, progress, cancel),
        ["bpr"] = (rows, threads, progress, cancel) => Bpr.Train(rows, new() { Factors = 4, Epochs = 5 }, Seed, threads, progress, cancel),
        ["rating-blend"] = (rows, threads, progress, cancel) => RatingBlend.Train(rows, [new("ALS, größer", (part, stop) => Trainers!["als"](part, 1, null, stop)), new("ease", (part, stop) => Trainers!["ease"](part, 1, null, stop))], new(HeldOut: 0.25), Seed, threads, progress, cancel),
    };

    /// <summary>Models whose answers are ratings.</summary>
    static readonly string[] raters = ["baseline", "biased-factors", "svd-plus-plus", "als", "item-neighbours", "ease", "bayesian-factors", "rating-blend"];

    public static TheoryData<string> Kinds => [.. Trainers.Keys];
    public static TheoryData<string> Raters => [.. raters];
    public static TheoryData<string> Folding => [.. Trainers.Keys.Where(kind => kind != "bpr")];

    static ArrayModel Train(string kind, RatingRows rows, int threads = 1) => Trainers[kind](rows, threads, null, TestContext.Current.CancellationToken);

    static float[] Answers(RatingModel model) => [.. Enumerable.Range(-1, model.UserCount + 1).SelectMany(user => Enumerable.Range(-1, model.ItemCount + 1).Select(item => model.Predict(user, item)))];

    [Theory, MemberData(nameof(Kinds))]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads(string kind)
    {
        var rows = new MadeRatings().Rows;
        var one = Answers(Train(kind, rows));
        Assert.Equal(one, Answers(Train(kind, rows)));
        Assert.Equal(one, Answers(Train(kind, rows, threads: 3)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_saved_model_answers_the_same_bits(string kind)
    {
        using var temp = Shared.Temp();
        var model = Train(kind, MadeRatings.Few with { });
        model.Save(temp.File("model.safetensors"));
        var loaded = ArrayModel.Load(temp.File("model.safetensors"));
        Assert.Equal((kind, 4, 4), (loaded.Kind, loaded.UserCount, loaded.ItemCount));
        Assert.Equal(Answers(model), Answers(loaded));
        Assert.Equal(model.FoldIn([0, 2], [5, 1]), loaded.FoldIn([0, 2], [5, 1]));
    }

    [Theory, MemberData(nameof(Raters))]
    public void What_made_the_ratings_is_found_again(string kind)
    {
        var made = new MadeRatings();
        var (error, spread) = made.Recovered(Train(kind, made.Rows));
        // Biases alone leave what the factors make; models of factors must see through the noise.
        var bar = kind switch { "baseline" => 0.95, "item-neighbours" or "ease" => 0.75, _ => 0.35 };
        Assert.True(error < bar * spread, $"error {error:0.000} of a spread of {spread:0.000}");
    }

    [Theory, MemberData(nameof(Folding))]
    public void A_user_folded_in_with_their_own_ratings_gets_about_the_answers_of_the_trained_one(string kind)
    {
        var rows = new MadeRatings().Rows;
        var model = Train(kind, rows);
        var own = Enumerable.Range(0, rows.Count).Where(row => rows.Users[row] == 7).ToArray();
        var folded = model.FoldIn([.. own.Select(row => rows.Items[row])], [.. own.Select(row => rows.Values[row])]);
        Assert.NotNull(folded);
        var trained = new float[model.ItemCount];
        model.Scores(7, trained);
        var (apart, spread) = (Deviation([.. folded.Zip(trained, (a, b) => (double)a - b)]), Deviation([.. trained.Select(score => (double)score)]));
        Assert.True(apart < 0.35 * spread, $"apart {apart:0.000}, spread {spread:0.000}");
    }

    static double Deviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }

    [Fact]
    public void A_model_that_cannot_fold_in_says_so() => Assert.Null(Train("bpr", MadeRatings.Few).FoldIn([0], [1]));

    [Theory, MemberData(nameof(Folding))]
    public void A_new_user_without_ratings_is_answered_with_what_is_known_of_items(string kind)
    {
        if (kind == "rating-blend") return;
        var scores = Train(kind, MadeRatings.Few).FoldIn([], []);
        Assert.Equal(4, scores!.Length);
        Assert.All(scores, score => Assert.True(float.IsFinite(score)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Scores_are_the_predictions_of_every_item(string kind)
    {
        var model = Train(kind, MadeRatings.Few);
        var scores = new float[4];
        foreach (var user in (int[])[RatingModel.Unknown, 0, 3])
        {
            model.Scores(user, scores);
            for (var item = 0; item < 4; item++) Assert.Equal(model.Predict(user, item), scores[item], 4);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void One_user_alone_is_enough_to_train(string kind)
    {
        var model = Train(kind, new([.. new int[12]], [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], 1, 4));
        Assert.All(Answers(model), answer => Assert.True(float.IsFinite(answer), $"{answer}"));
    }

    [Theory, MemberData(nameof(Raters))]
    public void Constant_ratings_are_predicted_as_they_are(string kind)
    {
        var rows = new MadeRatings().Rows;
        var model = Train(kind, rows with { Values = [.. rows.Values.Select(_ => 4f)] });
        Assert.All(Answers(model), answer => Assert.Equal(4, answer, 0.1));
    }

    [Theory, MemberData(nameof(Raters))]
    public void Users_and_items_without_a_rating_are_answered_near_the_mean(string kind)
    {
        var rows = new MadeRatings().Rows;
        var model = Train(kind, rows with { UserCount = rows.UserCount + 1, ItemCount = rows.ItemCount + 1 });
        Assert.Equal(3.5, model.Predict(rows.UserCount, rows.ItemCount), 0.8);
        Assert.True(float.IsFinite(model.Predict(0, rows.ItemCount)) && float.IsFinite(model.Predict(rows.UserCount, 0)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Rows_that_nothing_can_be_learnt_from_are_refused_by_name(string kind)
    {
        Refused(kind, new([], [], [], 3, 3), "there are no rows");
        Refused(kind, MadeRatings.Few with { Values = [5, 3, float.NaN, 4, 2, 1, 3, 5, 2] }, "row 2 (user 0, item 3) has the value NaN");
        Refused(kind, MadeRatings.Few with { Values = [5, 3, 4, 4, 2, 1, 3, 5, float.PositiveInfinity] }, "row 8 (user 3, item 0) has the value Infinity");
        Refused(kind, MadeRatings.Few with { UserCount = 3 }, "row 8 has user 3; expected 0 to 2");
        Refused(kind, MadeRatings.Few with { ItemCount = 3 }, "row 2 has item 3; expected 0 to 2");
        Refused(kind, MadeRatings.Few with { Items = [0, 1] }, "columns have other lengths: 9 users, 2 items, 9 values");
    }

    static void Refused(string kind, RatingRows rows, string text) => Assert.Contains(text, Assert.Throws<DataException>(() => Train(kind, rows)).Message, StringComparison.Ordinal);

    [Theory, MemberData(nameof(Kinds))]
    public void Training_stops_when_it_is_asked_to(string kind)
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Trainers[kind](new MadeRatings().Rows, 2, null, stop.Token));
    }

    [Theory, InlineData("bayesian-factors"), InlineData("biased-factors"), InlineData("svd-plus-plus"), InlineData("als"), InlineData("implicit-als"), InlineData("bpr"), InlineData("baseline")]
    public void Progress_is_reported_epoch_by_epoch_and_training_stops_between_two(string kind)
    {
        using var stop = new CancellationTokenSource();
        var seen = new Stopping(stop, after: 3);
        Assert.ThrowsAny<OperationCanceledException>(() => Trainers[kind](new MadeRatings().Rows, 1, seen, stop.Token));
        Assert.Equal([1, 2, 3], seen.Epochs);
    }

    sealed class Stopping(CancellationTokenSource stop, int after) : IProgress<RatingProgress>
    {
        public List<int> Epochs { get; } = [];

        public void Report(RatingProgress value)
        {
            Epochs.Add(value.Epoch);
            if (value.Epoch == after) stop.Cancel();
        }
    }

    [Fact]
    public void A_file_that_holds_no_recommender_is_refused()
    {
        using var temp = Shared.Temp();
        var arrays = new ModelArrays();
        arrays.Add("weights", [1f, 2f]);
        arrays.Save(temp.File("other.safetensors"), "forest");
        Assert.Contains("a model of kind 'forest'; expected one of als, averages, baseline", Assert.Throws<DataException>(() => ArrayModel.Load(temp.File("other.safetensors"))).Message, StringComparison.Ordinal);
        new ModelArrays().Save(temp.File("empty.safetensors"), "als");
        Assert.Contains("there is no tensor 'numbers'", Assert.Throws<DataException>(() => ArrayModel.Load(temp.File("empty.safetensors"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ratings_to_fold_in_are_checked()
    {
        var model = Train("als", MadeRatings.Few);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.FoldIn([4], [1]));
        Assert.Throws<ArgumentException>(() => model.FoldIn([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => model.FoldIn([1], [float.NaN]));
    }
}
