using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;

namespace Tutti.Tests.Recipes;

/// <summary>A repeated run does only what is missing or changed.</summary>
[Collection(RunCollection.Name)]
public sealed class RunAgainTests(TinyRun run)
{
    static readonly string[] Results = ["oof.csv", "test.csv", "submission.csv", "blend.json", "metrics.json", "leaderboard.json", "recipe.yaml", "folds.csv", "seen-rows.txt"];

    [Fact]
    public void The_same_recipe_again_trains_nothing_and_changes_nothing()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var cells = Bytes(Path.Combine(folder, "cells"));
        var news = new KeptNews();
        TinyRun.Train(run.Recipe, folder, news);
        Assert.Empty(news.Trained);
        Assert.Equal(TinyRun.Cells, news.Skipped.Length);
        Assert.Empty(news.All.OfType<EncodedNews>());
        Assert.Equal(cells, Bytes(Path.Combine(folder, "cells")));
        Assert.All(Results, name => Assert.Equal(File.ReadAllBytes(Path.Combine(run.Folder, name)), File.ReadAllBytes(Path.Combine(folder, name))));
        Assert.Equal(2, EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(e => e.Kind == "started"));
    }

    [Fact]
    public void A_missing_cell_is_trained_alone_and_comes_out_the_same()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        Directory.Delete(new RunFolder(folder).Cell("deep", 2, 1).Root, recursive: true);
        var news = new KeptNews();
        TinyRun.Train(run.Recipe, folder, news);
        Assert.Equal(["deep seed 2 fold 1"], news.Trained);
        Assert.Equal(TinyRun.Cells - 1, news.Skipped.Length);
        Assert.All(["oof.csv", "test.csv", "submission.csv"], name => Assert.Equal(File.ReadAllBytes(Path.Combine(run.Folder, name)), File.ReadAllBytes(Path.Combine(folder, name))));
    }

    [Theory]
    [InlineData("metrics.json", "")]
    [InlineData("metrics.json", "[]")]
    [InlineData("metrics.json", "{ \"fingerprint\": 7 }")]
    [InlineData("predictions.csv", null)]
    [InlineData("checkpoint/model.safetensors", null)]
    public void A_damaged_cell_is_trained_again(string file, string? content)
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var path = Path.Combine(new RunFolder(folder).Cell("small", 1, 0).Root, file);
        if (content is null) File.Delete(path);
        else File.WriteAllText(path, content);
        var news = new KeptNews();
        TinyRun.Train(run.Recipe, folder, news);
        Assert.Equal(["small seed 1 fold 0"], news.Trained);
    }

    [Fact]
    public void Other_training_settings_train_everything_again_and_say_so()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var news = new KeptNews();
        TinyRun.Train(run.Recipe with { Train = run.Recipe.Train with { Epochs = 1 } }, folder, news);
        Assert.Equal(TinyRun.Cells, news.Trained.Length);
        Assert.Equal("changed: train.epochs: was 2, is 1; 6 of 6 cells were trained before that and are trained again: deep seed 1 fold 0, deep seed 1 fold 1, deep seed 2 fold 0, deep seed 2 fold 1, small seed 1 fold 0 and 1 more",
            Assert.Single(news.Notes, note => note.Contains("changed", StringComparison.Ordinal)));
    }

    [Fact]
    public void One_changed_label_trains_everything_again()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var text = File.ReadAllText(run.Input("train.csv"));
        var data = temp.Write("train.csv", text.TrimEnd()[..^1] + (text.TrimEnd()[^1] == '1' ? "0\n" : "1\n"));
        var news = new KeptNews();
        TinyRun.Train(run.Recipe with { Data = run.Recipe.Data with { Train = data } }, folder, news);
        Assert.Equal(TinyRun.Cells, news.Trained.Length);
        Assert.StartsWith("changed: data.train: the contents of its files are others; 6 of 6 cells", Assert.Single(news.Notes, note => note.Contains("changed", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_moved_training_file_is_the_same_file()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        File.Copy(run.Input("train.csv"), temp.File("elsewhere.csv"));
        var news = new KeptNews();
        TinyRun.Train(run.Recipe with { Data = run.Recipe.Data with { Train = temp.File("elsewhere.csv") } }, folder, news);
        Assert.Empty(news.Trained);
    }

    [Fact]
    public void Another_blend_trains_nothing()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var news = new KeptNews();
        var result = TinyRun.Train(run.Recipe with { Blend = BlendChoice.Geometric }, folder, news);
        Assert.Empty(news.Trained);
        Assert.Contains("geometric", File.ReadAllText(result.Files.Blend), StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(File.ReadAllText(Path.Combine(run.Folder, "oof.csv")), File.ReadAllText(result.Files.OutOfFold));
    }

    [Fact]
    public void Other_test_rows_are_predicted_without_training()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        TinyRun.Rows("test.csv", temp.File("other.csv"), 20, 25);
        var recipe = run.Recipe with { Data = run.Recipe.Data with { Test = temp.File("other.csv"), Sample = null } };
        var news = new KeptNews();
        var result = TinyRun.Train(recipe, folder, news);
        Assert.Empty(news.Trained);
        Assert.Equal(TinyRun.Cells, news.Notes.Count(note => note.Contains("predicted again", StringComparison.Ordinal)));
        var (before, after) = (PredictionFile.Read(Path.Combine(run.Folder, "test.csv")), PredictionFile.Read(result.Files.Test));
        Assert.Equal(25, after.Count);
        // Rows 20 to 29 stand in both files; other rows in the batch may move the last bits of a float32.
        for (var row = 0; row < 10; row++)
        {
            Assert.Equal(before.Ids[20 + row], after.Ids[row]);
            Assert.Equal(before.Row(20 + row)[0], after.Row(row)[0], 1e-5);
        }
        news = new KeptNews();
        TinyRun.Train(recipe, folder, news);
        Assert.Equal(TinyRun.Cells, news.Skipped.Length);
        Assert.Empty(news.Notes);
    }

    [Fact]
    public void Two_fresh_folders_of_one_recipe_have_the_same_bytes_and_another_seed_has_others()
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        var oof = new[] { recipe, recipe, recipe with { Members = [recipe.Members[0] with { Seeds = [5] }] } }
            .Select((r, i) => File.ReadAllText(TinyRun.Train(r, temp.File($"run-{i}")).Files.OutOfFold)).ToArray();
        Assert.Equal(oof[0], oof[1]);
        Assert.NotEqual(oof[0], oof[2]);
    }

    [Fact]
    public void A_cancelled_run_keeps_its_finished_cells_and_goes_on_to_the_same_result()
    {
        using var temp = Shared.Temp();
        using var cancel = new CancellationTokenSource();
        var news = new KeptNews();
        using var thread = new OneThread();
        Assert.Throws<OperationCanceledException>(() => new Run(run.Recipe, temp.File("run")).Train(new After(news, 2, cancel.Cancel), cancel.Token));
        Assert.Equal(2, news.Trained.Length);
        Assert.Throws<DataException>(() => TrainedRun.Open(temp.File("run")));
        news = new KeptNews();
        var result = TinyRun.Train(run.Recipe, temp.File("run"), news);
        Assert.Equal(TinyRun.Cells - 2, news.Trained.Length);
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "oof.csv")), File.ReadAllText(result.Files.OutOfFold));
    }

    static Dictionary<string, (string Hash, DateTime Written)> Bytes(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .ToDictionary(path => path, path => (Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))), File.GetLastWriteTimeUtc(path)));

    /// <summary>Does something in the step after so many cells are done.</summary>
    sealed class After(KeptNews kept, int cells, Action then) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            kept.Report(value);
            if (value is StepNews && kept.Trained.Length == cells) then();
        }
    }
}
