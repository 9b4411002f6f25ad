using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Samples;

/// <summary>The worked example of docs/add-a-model.md is the class that is tested here, and it learns.</summary>
public sealed class AddAModelTests : EngineTest
{
    static ModelConfig Config => new ModelConfig(new JsonObject { ["vocab_size"] = 12, ["hidden_size"] = 8, ["hidden_dropout_prob"] = 0.0 }, "test").WithLabels(["no", "yes"]);

    [Fact]
    public void The_page_shows_the_tested_class()
    {
        var page = File.ReadAllText(Path.Combine(Shared.Root, "docs", "add-a-model.md"));
        var code = File.ReadAllText(Path.Combine(Shared.Root, "tests", "Tutti.Tests", "Samples", "BagOfTokens.cs"));
        Assert.Contains(code[code.IndexOf("sealed class", StringComparison.Ordinal)..].TrimEnd(), page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mean_is_over_a_texts_own_tokens()
    {
        using var model = new BagOfTokens(new Params(seed: 3), Config);
        Example[] texts = [new([4, 5, 6], null, -1, 0), new([7], null, -1, 1), new([5, 4, 6, 6, 5, 4], null, -1, 2)];
        var together = Probabilities(model, texts);
        Assert.Equal(together[0], together[4], 1e-6);                    // the same tokens twice have the same mean
        for (var i = 0; i < texts.Length; i++) Assert.Equal(Probabilities(model, texts[i])[1], together[(2 * i) + 1], 1e-6);
    }

    [Fact]
    public void It_learns_which_token_decides()
    {
        Example[] rows = [.. Enumerable.Range(0, 60).Select(i => new Example([4 + (i % 3), i % 2 == 0 ? 10 : 11, 7], null, i % 2, i))];
        using var model = new BagOfTokens(new Params(seed: 3), Config);
        var fit = new Learner(model, new TrainConfig { Batch = 10, Epochs = 20, LearningRate = 0.05 }, seed: 1).Fit(rows[..40], rows[40..], cancel: TestContext.Current.CancellationToken);
        Assert.Equal(1, fit.Best.Accuracy);
    }

    static double[] Probabilities(TextModel model, params Example[] texts) => Predictor.Probabilities(model, texts, cancel: TestContext.Current.CancellationToken);
}
