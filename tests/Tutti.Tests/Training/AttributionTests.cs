using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>What tokens did to a prediction: gradients beside finite differences, occlusion beside predictions of masked texts.</summary>
public sealed class AttributionTests() : EngineTest(threads: 1)
{
    const int Mask = 4;

    static readonly Example text = new([2, 9, 15, 9, 22, 3], null, -1, 0);

    [Theory]
    [MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Gradient_times_input_equals_finite_differences_along_each_tokens_embedding(string kind)
    {
        using var model = Tiny.Model(kind, classes: 3, dtype: DType.Float64);
        var found = Attribution.GradientTimesInput(model, text, 2, 0);
        const double Step = 1e-5;
        Assert.Equal(text.Ids.Length, found.Length);
        for (var token = 0; token < found.Length; token++)
            // The third derivative times the step squared is far below this.
            Assert.Equal((Score(model, token, 1 + Step) - Score(model, token, 1 - Step)) / (2 * Step), found[token], 1e-7);
        Assert.Contains(found, value => Math.Abs(value) > 1e-4);
    }

    [Fact]
    public void Their_sum_is_the_change_where_all_tokens_are_stretched_together()
    {
        using var model = Tiny.Model(classes: 3, dtype: DType.Float64);
        const double Step = 1e-5;
        Assert.Equal((Score(model, null, 1 + Step) - Score(model, null, 1 - Step)) / (2 * Step), Attribution.GradientTimesInput(model, text, 2, 0).Sum(), 1e-7);
    }

    [Fact]
    public void Asked_the_other_way_round_every_sign_turns()
    {
        using var model = Tiny.Model(classes: 3, dtype: DType.Float64);
        var (one, other) = (Attribution.GradientTimesInput(model, text, 2, 0), Attribution.GradientTimesInput(model, text, 0, 2));
        Assert.All(one.Zip(other), pair => Assert.Equal(-pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void Weights_neither_get_gradients_nor_lose_theirs()
    {
        using var model = Tiny.Model();
        model.Params.Items[0].Freeze();
        model.Params.Run.Training = true;
        _ = Attribution.GradientTimesInput(model, text, 1, 0);
        Assert.All(model.Params.Items, item => Assert.Null(item.Stored.StoredGrad));
        Assert.All(model.Params.Items.Skip(1), item => Assert.True(item.Stored.RequiresGrad, item.Name));
        Assert.False(model.Params.Items[0].Stored.RequiresGrad);
        Assert.True(model.Params.Run.Training);
    }

    [Fact]
    public void Occlusion_is_what_the_prediction_of_the_text_with_that_token_masked_lacks()
    {
        using var model = Tiny.Model(classes: 3);
        var found = Attribution.Occlusion(model, text, 1, Mask, new HashSet<int> { 2, 3 }, cancel: TestContext.Current.CancellationToken);
        double Probability(int[] ids) => Predictor.Probabilities(model, [text with { Ids = ids }], cancel: TestContext.Current.CancellationToken)[1];
        var whole = Probability(text.Ids);
        Assert.Equal((0, 0), (found[0], found[^1]));
        for (var token = 1; token < text.Ids.Length - 1; token++)
        {
            int[] masked = [.. text.Ids];
            masked[token] = Mask;
            Assert.Equal(whole - Probability(masked), found[token], 1e-6);
            Assert.NotEqual(0, found[token]);
        }
    }

    [Fact]
    public void The_same_text_is_explained_the_same_again_although_dropout_was_on()
    {
        using var model = Tiny.Model(dropout: 0.5);
        model.Params.Run.Training = true;
        Assert.Equal(Attribution.GradientTimesInput(model, text, 1, 0), Attribution.GradientTimesInput(model, text, 1, 0));
        double[] Occluded() => Attribution.Occlusion(model, text, 1, Mask, new HashSet<int>(), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(Occluded(), Occluded());
    }

    /// <summary>The logit of class 2 less that of class 0, with the embedding of one token (null: of all) stretched.</summary>
    static double Score(TextModel model, int? token, double factor)
    {
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        model.Params.Run.Training = false;
        var first = true;
        var logits = model.Forward(TextData.Batch([text]), state =>
        {
            if (!first) return;
            first = false;
            (token is { } row ? state.Narrow(0, row, 1) : state).MulInPlace(factor);
        }).ToArray<double>();
        return logits[2] - logits[0];
    }
}
