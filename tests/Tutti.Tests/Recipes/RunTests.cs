using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Text;

namespace Tutti.Tests.Recipes;

/// <summary>What a finished run leaves: the files of the run folder and what stands in them.</summary>
[Collection(RunCollection.Name)]
public sealed class RunTests(TinyRun run)
{
    [Fact]
    public void The_folder_holds_the_files_of_a_run_and_no_others()
    {
        string[] expected = ["blend.json", "cells", "events.jsonl", "folds.csv", "leaderboard.json", "locks", "metrics.json", "oof", "oof.csv", "recipe.yaml", "report.html", "seen-rows.txt", "similar.json", "submission.csv", "submissions.jsonl", "test.csv"];
        Assert.Equal(expected, Directory.EnumerateFileSystemEntries(run.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal(["deep-s1-f0", "deep-s1-f1", "deep-s2-f0", "deep-s2-f1", "small-s1-f0", "small-s1-f1"],
            Directory.EnumerateDirectories(Path.Combine(run.Folder, "cells")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        foreach (var cell in TinyRun.CellsOf(run.Folder))
        {
            Assert.Equal(["checkpoint", "metrics.json", "predictions.csv", "test.csv"],
                Directory.EnumerateFileSystemEntries(cell.Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
            Assert.True(File.Exists(Path.Combine(cell.Checkpoint, "model.safetensors")));
            Assert.True(File.Exists(Path.Combine(cell.Checkpoint, "config.json")));
            Assert.True(File.Exists(Path.Combine(cell.Checkpoint, "tokenizer.json")));
        }
    }

    [Fact]
    public void The_recipe_in_effect_loads_back_equal_with_hashes_and_versions_above_it()
    {
        var text = File.ReadAllText(Path.Combine(run.Folder, "recipe.yaml"));
        Assert.Equal(run.Recipe, Recipe.Load(Path.Combine(run.Folder, "recipe.yaml")));
        var comments = text.Split('\n').TakeWhile(line => line.StartsWith('#')).ToArray();
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(run.Input("train.csv"))));
        Assert.Contains($"# train: {hash}", comments);
        Assert.Contains(comments, line => line.StartsWith("# libtorch: ", StringComparison.Ordinal));
        Assert.Contains(comments, line => line.StartsWith("# tutti: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Events_tell_the_run_from_started_to_finished()
    {
        var events = EventLog.Read(Path.Combine(run.Folder, "events.jsonl"));
        Assert.Equal("started", events[0].Kind);
        Assert.Equal(TinyRun.Cells, events[0].Fields["cells"]!.GetValue<int>());
        Assert.Equal("finished", events[^1].Kind);
        Assert.Equal(TinyRun.Cells, events.Count(e => e.Kind == "cell started"));
        Assert.Equal(TinyRun.Cells, events.Count(e => e.Kind == "cell finished"));
        Assert.Equal(2 * TinyRun.Cells, events.Count(e => e.Kind == "evaluated"));         // two epochs each
        Assert.Equal(2 * 3 * TinyRun.Cells, events.Count(e => e.Kind == "step"));          // 48 rows in batches of 16
        Assert.All(events.Where(e => e.Kind == "step"), step => Assert.InRange((double)step.Fields["dataSeconds"]!, 1e-9, (double)step.Fields["seconds"]!));
    }

    [Fact]
    public void Every_training_row_is_predicted_once_in_the_fold_that_held_it_out()
    {
        var oof = PredictionFile.Read(Path.Combine(run.Folder, "oof.csv"));
        var train = Table.Read(run.Input("train.csv"));
        Assert.Equal(train.Ids("id"), oof.Ids);
        Assert.Equal(train.Column("target"), oof.Labels!.Select(label => oof.Classes[label]));
        var folds = Table.Read(Path.Combine(run.Folder, "folds.csv"));
        Assert.Equal(folds.Ids("id"), oof.Ids);
        Assert.Equal(folds.Column("fold"), oof.Folds!.Select(fold => $"{fold}"));
        Assert.Equal(["0", "1"], folds.Column("fold").Distinct().Order());
    }

    [Fact]
    public void Every_test_row_is_predicted_and_the_submission_follows_the_sample()
    {
        var test = PredictionFile.Read(Path.Combine(run.Folder, "test.csv"));
        Assert.Equal(Table.Read(run.Input("test.csv")).Ids("id"), test.Ids);
        var (sample, submission) = (Table.Read(run.Input("sample.csv")), Table.Read(Path.Combine(run.Folder, "submission.csv")));
        Assert.Equal(sample.Columns, submission.Columns);
        Assert.Equal(sample.Ids("id"), submission.Ids("id"));
        Assert.NotEqual(test.Ids, submission.Ids("id"));
        var predicted = test.Ids.Index().ToDictionary(pair => pair.Item, pair => test.Classes[test.Predicted(pair.Index)]);
        Assert.Equal(sample.Ids("id").Select(id => predicted[id]), submission.Column("target"));
    }

    [Fact]
    public void Scores_and_leaderboard_are_of_the_held_out_rows()
    {
        var metrics = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, "metrics.json")))!;
        Assert.Equal(TinyRun.TrainRows, metrics["rows"]!.GetValue<int>());
        var oof = PredictionFile.Read(Path.Combine(run.Folder, "oof.csv"));
        var right = Enumerable.Range(0, oof.Count).Count(row => oof.Predicted(row) == oof.Labels![row]);
        Assert.Equal((double)right / TinyRun.TrainRows, metrics["scores"]!["accuracy"]!["value"]!.GetValue<double>(), 12);
        var rows = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, "leaderboard.json")))!.AsArray();
        Assert.Equal(["TF-IDF baseline", "always '0'", "blend (mean)", "deep", "small"], rows.Select(row => (string)row!["name"]!).Select(name => name.Replace("'1'", "'0'", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal([0, 0, 2, 4, 6], rows.Select(row => (int)row!["cells"]!).Order());
        Assert.All(rows, row => Assert.Equal(TinyRun.TrainRows, (int)row!["accuracy"]!["n"]!));
        Assert.Equal("mean", (string)JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, "blend.json")))!["kind"]!, ignoreCase: true);
    }

    [Fact]
    public void After_each_cell_no_tensor_is_left_and_memory_is_back_to_its_base_line()
    {
        _ = run.Result;
        foreach (var cell in TinyRun.CellsOf(run.Folder))
        {
            var metrics = JsonNode.Parse(File.ReadAllText(cell.Metrics))!;
            Assert.Equal(0, metrics["tensorsLeft"]!.GetValue<long>());
            Assert.InRange(metrics["bytesLeft"]!.GetValue<long>(), -(1 << 20), 1 << 20);
            Assert.True(metrics["peakBytes"]!.GetValue<long>() > 0);
        }
    }

    [Fact]
    public void A_holdout_predicts_its_fifth_only()
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        recipe = recipe with { Data = recipe.Data with { Folds = null, Test = null, Sample = null }, Submission = null };
        var result = TinyRun.Train(recipe, temp.File("run"));
        Assert.Equal(19, PredictionFile.Read(result.Files.OutOfFold).Count);              // 0.2 x 96, rounded
        Assert.False(File.Exists(result.Files.Test) || File.Exists(result.Files.Submission));
        Assert.Null(result.Test);
        Assert.Null(result.Submission);
    }

    [Theory]
    [InlineData(EncoderKind.Roberta, null, 300)]
    [InlineData(EncoderKind.Bert, VocabularyKind.Bpe, 300)]
    [InlineData(EncoderKind.Bert, VocabularyKind.Unigram, 200)]
    public void A_member_learns_the_kind_of_vocabulary_that_it_is_told_to(EncoderKind encoder, VocabularyKind? kind, int size)
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        var model = recipe.Members[0].Model with { Kind = encoder, Vocabulary = new() { Kind = kind, Size = size } };
        recipe = recipe with { Members = [recipe.Members[0] with { Model = model }] };
        TinyRun.Train(recipe, temp.File("run"));
        var tokenizer = Tokenizer.Load(Path.GetDirectoryName(Directory.GetFiles(temp.File("run"), "tokenizer.json", SearchOption.AllDirectories)[0])!);
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.Equal(encoder == EncoderKind.Bert, tokenizer.UsesTokenTypes);
        Assert.Equal("fire near the river", tokenizer.Decode(tokenizer.Encode("fire near the river").Ids));
        using var classifier = TextClassifier.Load(temp.File("run"));
        Assert.Equal(2, classifier.Predict("fire near the river").Count);
    }

    [Theory]
    [InlineData(VocabularyKind.Words, 200)]
    [InlineData(VocabularyKind.Subwords, 120)]
    public void A_member_learns_words_behind_the_rules_of_fastai(VocabularyKind kind, int size)
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        var model = recipe.Members[0].Model with { Vocabulary = new() { Kind = kind, Size = size, MinFrequency = kind == VocabularyKind.Words ? 1 : null } };
        recipe = recipe with { Members = [recipe.Members[0] with { Model = model }] };
        TinyRun.Train(recipe, temp.File("run"));
        var tokenizer = Tokenizer.Load(Path.GetDirectoryName(Directory.GetFiles(temp.File("run"), "tokenizer.json", SearchOption.AllDirectories)[0])!);
        Assert.Equal(kind == VocabularyKind.Words ? 208 : size, tokenizer.VocabularySize);
        Assert.Equal(UlmfitTokenizer.ClassName, tokenizer.Kind);
        Assert.Equal(["xxbos", "xxup"], tokenizer.Tokens(tokenizer.Encode("FIRE near the river").Ids).Take(2));
        using var classifier = TextClassifier.Load(temp.File("run"));
        Assert.Equal(2, classifier.Predict("fire near the river").Count);
    }

    [Theory]
    [InlineData(30522, 30522, true)]
    [InlineData(30000, 30522, false)]           // cut short by 1.7 %
    [InlineData(30521, 30522, false)]           // a line is missing, and nobody pads to 30522
    [InlineData(128001, 128100, true)]          // DeBERTa-v3
    [InlineData(127001, 128100, false)]
    [InlineData(32100, 32128, true)]            // T5
    [InlineData(50280, 50368, true)]            // ModernBERT
    [InlineData(30527, 30526, false)]
    public void An_embedding_may_be_padded_as_published_ones_are(int ids, int rows, bool expected) => Assert.Equal(expected, MemberModel.IsPadding(ids, rows));

    [Fact]
    public void Rows_without_any_text_are_trained_on_and_predicted()
    {
        using var temp = Shared.Temp();
        temp.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"{(i % 3 == 0 ? "" : $"word {i}")},{(i % 2 == 0 ? "a" : "b")}\n")));
        temp.Write("test.csv", "text,more\n,x\n ,x\nword,x\n");
        var recipe = TinyRun.Single(run.Recipe) with { Data = new() { Train = temp.File("train.csv"), Test = temp.File("test.csv"), Text = "{text}", Label = "label" }, Submission = "s.csv" };
        recipe = recipe with { Members = [recipe.Members[0] with { Model = recipe.Members[0].Model with { Vocabulary = 60 } }] };
        var result = TinyRun.Train(recipe, temp.File("run"));
        var test = PredictionFile.Read(result.Files.Test);
        Assert.Equal(["0", "1", "2"], test.Ids);
        Assert.Equal(test.Row(0).ToArray(), test.Row(1).ToArray());
        using var classifier = TextClassifier.Load(temp.File("run"));
        Assert.Equal(2, classifier.Predict("").Count);
    }
}
