using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>Adapting an encoder to texts, and fine-tuning what came out.</summary>
[Collection(RunCollection.Name)]
public sealed class LanguageRunTests : IDisposable
{
    const string Texts = """
        task: language-model
        data: { train: train.csv, text: "{text}", validation: 0.25 }
        train: { batch: 16, epochs: 2, learning-rate: 3e-3, max-length: 40, whole-words: true }
        members:
          - { model: { kind: electra, layers: 1, hidden: 32, heads: 2, vocabulary: 300 }, seeds: [1, 2] }
          - { model: { kind: modernbert, layers: 2, hidden: 16, heads: 2, vocabulary: 300 } }
        """;

    readonly TempFolder temp = Shared.Temp();

    public LanguageRunTests() => TinyRun.Rows("train.csv", temp.File("train.csv"), 0, 96);

    public void Dispose() => temp.Dispose();

    IReadOnlyList<LanguageRow> Train(string recipe, string folder, KeptNews? news = null)
    {
        using var thread = new OneThread();
        return new LanguageRun(Recipe.Parse(recipe, temp.Path), temp.File(folder)).Train(news, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void An_encoder_is_adapted_scored_on_texts_that_were_held_out_and_fine_tuned()
    {
        var rows = Train(Texts, "texts");
        Assert.Equal(3, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.Equal(24, row.Perplexity.N);
            Assert.InRange(row.Perplexity.Value, row.Perplexity.Low, row.Perplexity.High);
            Assert.InRange(row.Perplexity.Value, 2, 400);
            Assert.True(row.Tokens > 24);
        });
        Assert.Equal(rows.OrderBy(row => row.Perplexity.Value), rows);
        var leaderboard = JsonNode.Parse(File.ReadAllText(Path.Combine(temp.File("texts"), "leaderboard.json")))!.AsArray();
        Assert.Equal(rows[0].Perplexity.Value, leaderboard[0]!["perplexity"]!["value"]!.GetValue<double>());
        var report = RunReportTests.Document(Path.Combine(temp.File("texts"), "report.html"));
        Assert.Equal(("perplexity", rows[0].Cell), ((string)report["headline"]!["metric"]!, (string)report["headline"]!["name"]!));
        Assert.Equal(rows[0].Perplexity.Value, (double)report["headline"]!["score"]!["value"]!, 1e-3);
        Assert.All(report["cells"]!.AsArray(), cell => Assert.NotEmpty(cell!["curve"]!["loss"]!.AsArray()));

        var adapted = rows.First(row => row.Cell.StartsWith("electra", StringComparison.Ordinal)).Folder;
        var recipe = Recipe.Parse($$"""
            data: { train: train.csv, text: "{text}", label: target, validation: 0.25 }
            train: { batch: 16, epochs: 1, max-length: 40 }
            members: [ { model: { folder: "{{adapted}}", pooling: mean, multi-sample-dropout: 2, reinitialize-layers: 1 }, train: { layer-decay: 0.8, freeze: ["embeddings.*"] } } ]
            """, temp.Path);
        var result = TinyRun.Train(recipe, temp.File("classes"));
        Assert.Contains(result.Leaderboard.Rows, row => row.Cells == 1);
        using var classifier = TextClassifier.Load(temp.File("classes"));
        Assert.Equal(2, classifier.Predict("Forest fire near La Ronge").Count);
    }

    [Fact]
    public void A_finished_run_is_not_trained_again_and_a_changed_one_is()
    {
        var single = Texts.Replace(", seeds: [1, 2]", "", StringComparison.Ordinal);
        var first = Train(single, "texts");
        var news = new KeptNews();
        Assert.Equal(first, Train(single, "texts", news));
        Assert.Equal(2, news.Skipped.Length);
        Assert.Empty(news.Trained);
        Assert.NotEqual(first, Train(single.Replace("epochs: 2", "epochs: 1", StringComparison.Ordinal), "texts"));
    }

    [Fact]
    public void Memory_predicts_what_an_update_of_masked_tokens_takes_with_its_head_over_the_vocabulary()
    {
        // A vocabulary that weighs more than the layers, so that the head decides the peak.
        temp.Write("texts.yaml", Texts.Replace("vocabulary: 300", "vocabulary: 900", StringComparison.Ordinal).Replace("batch: 16", "batch: 64", StringComparison.Ordinal));
        var outcome = CommandLine.Run("memory", temp.File("texts.yaml"), "--measure", "--json");
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        var members = JsonNode.Parse(outcome.Out)!.AsArray();
        Assert.Equal(2, members.Count);
        Assert.All(members, member =>
        {
            var (predicted, measured) = ((double)member!["plan"]!["predictedPeak"]!, (double)member["measuredPeak"]!);
            Assert.InRange(predicted, 0.9 * measured, 1.1 * measured);
            Assert.Equal(4 * (long)member["parameters"]!, (long)member["weights"]!);
            var options = member["options"]!.AsArray().ToDictionary(option => (string)option!["change"]!, option => (double?)option!["peak"]);
            Assert.True(options[FormattableString.Invariant($"train.micro-tokens: {(int)member["plan"]!["microTokens"]! / 2}")] < predicted);
        });
        Assert.False(Directory.Exists("runs"));
        CommandLine.Run("memory", temp.File("texts.yaml"), "--set", "memory=100 kB").IsWrongInput("memory: got 0.1 MB", "needs at least about");
    }

    [Fact]
    public void Runs_of_masked_tokens_predict_no_classes_and_say_so()
    {
        Train(Texts.Replace("epochs: 2", "epochs: 1", StringComparison.Ordinal), "texts");
        Assert.Contains("task language-model", Assert.Throws<DataException>(() => TrainedRun.Open(temp.File("texts"))).Message, StringComparison.Ordinal);
        Assert.Equal("task", Assert.Throws<ConfigException>(() => new Run(Recipe.Parse(Texts, temp.Path), temp.File("other")).Train(cancel: TestContext.Current.CancellationToken)).Path);
    }
}
