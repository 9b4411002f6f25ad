using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Tests.App;
using Tutti.Text;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

/// <summary>Language model, fine-tune, classifier: one recipe, three runs.</summary>
[Collection(RunCollection.Name)]
public sealed class UlmfitRunTests : IDisposable
{
    const string Model = "{ kind: awd-lstm, layers: 2, embedding: 12, hidden: 16, vocabulary: { size: 200, min-frequency: 1 } }";

    const string Steps = $$"""
        task: ulmfit
        data: { train: train.csv, test: test.csv, text: "{text}", label: target, id: id, validation: 0.25 }
        pretrain: { file: corpus.txt, text: "{text}", format: { kind: text }, validation: 0.2, train: { epochs: 1, batch: 4, bptt: 12, learning-rate: 1e-2 } }
        adapt: { file: more.jsonl, train: { epochs: 2, batch: 4, bptt: 12, learning-rate: 1e-2, schedule: one-cycle } }
        train: { batch: 16, epochs: 2, learning-rate: 1e-2, max-length: 40, label-smoothing: 0.1, schedule: slanted-triangular, unfreeze: gradual, layer-decay: 0.3846, cut-fraction: 0.2 }
        members:
          - { model: {{Model}}, name: forward, seeds: [1, 2] }
          - { model: { kind: awd-lstm, layers: 1, embedding: 12, hidden: 16, backward: true, vocabulary: 60 }, name: backward }
        """;

    static readonly string[] Words = ["the", "fire", "was", "seen", "near", "a", "town", "and", "people", "left", "their", "homes", "at", "night"];

    readonly TempFolder temp = Shared.Temp();

    public UlmfitRunTests()
    {
        TinyRun.Rows("train.csv", temp.File("train.csv"), 0, 96);
        TinyRun.Rows("test.csv", temp.File("test.csv"), 0, 20);
        var draws = RandomStream.Of(1, "a corpus");
        temp.Write("corpus.txt", string.Join("\n\n", Enumerable.Range(0, 60).Select(line => string.Join(' ', Enumerable.Range(0, 6 + draws.Below(line, 12)).Select(word => Words[draws.Below((line * 100) + word + 1000, Words.Length)])))));
        temp.Write("more.jsonl", string.Concat(Enumerable.Range(0, 12).Select(line => $"{{\"text\": \"more about the fire {line}, which nobody labelled\"}}\n")));
    }

    public void Dispose() => temp.Dispose();

    (RunResult Result, UlmfitRun Run, KeptNews News) Train(string recipe, string folder)
    {
        using var thread = new OneThread();
        var (run, news) = (new UlmfitRun(Recipe.Parse(recipe, temp.Path), temp.File(folder)), new KeptNews());
        return (run.Train(news, TestContext.Current.CancellationToken), run, news);
    }

    [Fact]
    public void Three_steps_train_classifiers_that_begin_with_what_was_learnt_before()
    {
        var (result, run, _) = Train(Steps, "run");
        Assert.Equal(["pretrain", "adapt"], run.Steps.Keys);
        Assert.Equal(2, run.Steps["pretrain"].Count);
        Assert.Equal(2, run.Steps["adapt"].Count);
        // 96 rows, 20 of test and 12 more, without repetitions; one in ten is held out.
        Assert.InRange(Table.Read(temp.File("run/adapt/texts.csv")).Count, 100, 128);
        Assert.Contains(result.Leaderboard.Rows, row => row.Cells == 2);
        foreach (var name in (string[])["oof.csv", "test.csv", "report.html", "ulmfit.yaml", "recipe.yaml", "pretrain/report.html", "adapt/leaderboard.json"]) Assert.True(File.Exists(temp.File($"run/{name}")), name);

        // The second step has the vocabulary of this task's texts, and words that both know began with the corpus's rows.
        string[] WordsOf(string cell) => [.. UlmfitTokenizer.Words(Tokenizer.Load(temp.File($"run/{cell}/checkpoint")))!];
        var (before, after) = (WordsOf("pretrain/cells/forward-s1-f0"), WordsOf("adapt/cells/forward-s1-f0"));
        Assert.Contains("homes", before);
        Assert.DoesNotContain("homes", after);
        Assert.Contains("labelled", after);
        Assert.Equal(after, WordsOf("cells/forward-s2-f0"));

        // Both classifiers of a member begin with its one language model; the first ran with what is alone frozen but the head.
        var classes = ModelConfig.Read(temp.File("run/cells/backward-s1-f0/checkpoint/config.json"));
        Assert.True(classes.Flag("backward", false));
        Assert.False(classes.IsLanguageModel);
        var part = Recipe.Load(temp.File("run/recipe.yaml"));
        Assert.Equal(RecipeTask.TextClassification, part.Task);
        Assert.Equal(temp.File("run/adapt/cells/forward-s1-f0/checkpoint"), part.Members[0].Model.Folder);
        Assert.Equal(RecipeTask.Ulmfit, Recipe.Load(temp.File("run/ulmfit.yaml")).Task);

        using var classifier = TextClassifier.Load(temp.File("run"));
        Assert.Equal(2, classifier.Predict("Forest fire near La Ronge").Count);
    }

    [Fact]
    public void A_step_that_did_not_change_is_not_trained_again_and_what_depends_on_a_changed_one_is()
    {
        Train(Steps, "run");
        Assert.Empty(Train(Steps, "run").News.Trained);
        var changed = Train(Steps.Replace("adapt: { file: more.jsonl, train: { epochs: 2", "adapt: { file: more.jsonl, train: { epochs: 1", StringComparison.Ordinal), "run").News;
        // Both adapted models and the three classifiers, not the pretrained ones.
        Assert.Equal(2 + 3, changed.Trained.Length);
        var last = Train(Steps.Replace("epochs: 2, learning-rate: 1e-2, max-length", "epochs: 1, learning-rate: 1e-2, max-length", StringComparison.Ordinal).Replace("adapt: { file: more.jsonl, train: { epochs: 2", "adapt: { file: more.jsonl, train: { epochs: 1", StringComparison.Ordinal), "run").News;
        Assert.Equal(3, last.Trained.Length);
    }

    [Fact]
    public void Without_a_corpus_fresh_models_learn_the_tasks_own_texts_first()
    {
        var recipe = $$"""
            task: ulmfit
            data: { train: train.csv, text: "{text}", label: target, validation: 0.25 }
            train: { batch: 16, epochs: 1, learning-rate: 1e-2, max-length: 40 }
            members: [ { model: {{Model}} } ]
            """;
        var (_, run, _) = Train(recipe, "plain");
        Assert.Equal(["adapt"], run.Steps.Keys);
        Assert.False(Directory.Exists(temp.File("plain/pretrain")));
        // A language model of another kind goes the same way: its masked tokens are learnt first.
        var masked = Train(recipe.Replace(Model, "{ kind: electra, layers: 1, hidden: 32, heads: 2, vocabulary: 300 }", StringComparison.Ordinal), "masked");
        Assert.Single(masked.Run.Steps["adapt"]);
    }

    [Fact]
    public async Task The_command_trains_each_step_in_processes_of_their_own_and_says_what_came_out()
    {
        temp.Write("recipe.yaml", Steps);
        using var process = CommandLine.Start(1, "train", temp.File("recipe.yaml"), "--run", temp.File("run"));
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("perplexity", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("pretrain", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("Leaderboard: ", outcome.Out, StringComparison.Ordinal);
        var alone = Train(Steps, "alone").Result;
        Assert.Equal(File.ReadAllText(alone.Files.OutOfFold), File.ReadAllText(temp.File("run/oof.csv")));
        Assert.Equal(0, CommandLine.Run("evaluate", "--run", temp.File("run"), "--data", temp.File("train.csv")).Code);

        var texts = CommandLine.Run("generate", "--run", temp.File("run"), "--prompt", "Forest fire", "--count", "2", "--tokens", "8", "--json");
        var made = JsonNode.Parse(texts.Out)!.AsArray().Select(text => (string)text!).ToArray();
        Assert.Equal(2, made.Length);
        Assert.All(made, text => Assert.Contains("fire", text, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(texts.Out, CommandLine.Run("generate", "--run", temp.File("run"), "--prompt", "Forest fire", "--count", "2", "--tokens", "8", "--json").Out);
        Assert.NotEqual(texts.Out, CommandLine.Run("generate", "--run", temp.File("run"), "--prompt", "Forest fire", "--count", "2", "--tokens", "8", "--json", "--seed", "9").Out);
        CommandLine.Run("generate", "--run", temp.File("run"), "--model", "forwards").IsWrongInput("--model: got 'forwards', which is no model of the run");
        CommandLine.Run("generate", "--run", temp.File("run"), "--top-p", "0").IsWrongInput("--top-p: got 0");

        var scores = CommandLine.Run("evaluate", "--run", temp.File("run/pretrain"), "--data", temp.File("corpus.txt"), "--json");
        Assert.Contains("the models learnt from this file", scores.Error, StringComparison.Ordinal);
        Assert.All(JsonNode.Parse(scores.Out)!.AsArray(), row => Assert.InRange((double)row!["perplexity"]!["value"]!, 1.5, 200));
    }

    [Theory]
    [InlineData("pretrain: { file: corpus.txt", "pretrain: { file: none.txt", "none.txt")]
    [InlineData("label: target", "label: topic", "topic")]
    [InlineData("task: ulmfit", "task: text-classification", "pretrain: is a step of task ulmfit, not of text-classification")]
    [InlineData("pretrain: { file: corpus.txt, ", "pretrain: { ", "pretrain.file: is required")]
    [InlineData("adapt: { file: more.jsonl, ", "adapt: { text: \"{text}\", ", "adapt.file: is missing")]
    [InlineData("adapt: { file: more.jsonl, train: { epochs: 2", "adapt: { file: more.jsonl, train: { epochs: 0", "adapt.train.epochs: got 0")]
    [InlineData("batch: 4, bptt: 12, learning-rate: 1e-2 } }\nadapt", "batch: 4000, bptt: 12, learning-rate: 1e-2 } }\nadapt", "train.batch 4000 cuts them into as many streams")]
    public void What_cannot_be_done_is_said_before_anything_is_written(string was, string now, string expected)
    {
        var recipe = Steps.ReplaceLineEndings("\n");
        Assert.Contains(was, recipe, StringComparison.Ordinal);
        var error = Assert.ThrowsAny<InputException>(() => Train(recipe.Replace(was, now, StringComparison.Ordinal), "run"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }
}
