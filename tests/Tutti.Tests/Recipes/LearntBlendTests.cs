using System.Text.Json.Nodes;
using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>Every way to blend, from the recipe to files and texts that are predicted later.</summary>
[Collection(RunCollection.Name)]
public sealed class LearntBlendTests(TinyRun run)
{
    public static TheoryData<string> Blends =>
    [
        "rank", "hill-climb", "stack", "logistic", "best", "auto", "{ method: hill-climb, metric: accuracy, per-class: true }", "{ method: logistic, per-class: true, temperature: true }",
        "{ method: mean, metric: macro-f1, thresholds: true, temperature: true }", "{ method: stack, at-most: 1 }", "{ method: hill-climb, soups: uniform }", "{ method: rank, soups: greedy, metric: accuracy }",
    ];

    Recipe With(string blend) => Recipe.Load(run.Input("recipe.yaml"), $"blend={blend}");

    [Theory, MemberData(nameof(Blends))]
    public void Run_predict_and_classifier_blend_alike(string blend)
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var news = new KeptNews();
        var result = TinyRun.Train(With(blend), folder, news);
        Assert.Empty(news.Trained);
        var test = PredictionFile.Read(Path.Combine(folder, "test.csv"));
        TinyRun.Predict(folder, run.Input("test.csv"), temp.File("p.csv"));
        var predicted = PredictionFile.Read(temp.File("p.csv"));
        Assert.Equal(test.Ids, predicted.Ids);
        // Cells predict in other pieces than they did in training, which moves the last bits.
        for (var i = 0; i < test.Probabilities.Length; i++) Assert.Equal(test.Probabilities[i], predicted.Probabilities[i], 1e-6);
        using var thread = new OneThread();
        using var classifier = TextClassifier.Load(folder);
        var data = RunData.Open(run.Recipe);
        var classified = classifier.Probabilities(TextData.Texts(data.Test!, data.Text));
        for (var i = 0; i < classified.Length; i++) Assert.Equal(test.Probabilities[i], classified[i], 1e-6);
        Assert.Equal(TinyRun.TrainRows, result.Blend.OutOfFold.Count);
        Assert.Equal(test.Predicted().Select(k => test.Classes[k]), test.Ids.Select(id => Submitted(folder)[id]));
    }

    static Dictionary<string, string> Submitted(string folder)
    {
        var table = Table.Read(Path.Combine(folder, "submission.csv"));
        return table.Ids("id").Zip(table.Column("target")).ToDictionary(pair => pair.First, pair => pair.Second!);
    }

    [Fact]
    public void The_files_tell_what_was_gained_and_the_command_warns()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var outcome = App.CommandLine.Run("train", run.Input("recipe.yaml"), "--run", folder, "--set", "blend=hill-climb");
        Assert.Equal(0, outcome.Code);
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "blend.json")))!;
        var gain = json["gains"]![0]!;
        Assert.Equal("hill-climb", (string)json["method"]!);
        Assert.InRange((double)gain["overMean"]!["value"]!, (double)gain["overMean"]!["low"]!, (double)gain["overMean"]!["high"]!);
        // The scores are of rows that the weights were not learnt from.
        var oof = PredictionFile.Read(Path.Combine(folder, "oof.csv"));
        Assert.Equal(BlendMetric.LogLoss.Of(oof.Probabilities, oof.Labels!, 2), (double)gain["score"]!, 1e-12);
        Assert.Equal((double)gain["score"]!, (double)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "metrics.json")))!["scores"]!["log-loss"]!["value"]!, 1e-9);
        Assert.Contains("better than the plain mean by", outcome.Out, StringComparison.Ordinal);
        var sure = (double)gain["overMean"]!["low"]! > 0;
        Assert.Equal(!sure, outcome.Error.Contains("warning: the blend hill-climb is not surely better than the plain mean", StringComparison.Ordinal));
    }

    [Fact]
    public void The_store_has_a_row_for_each_member_and_row_with_fold_hash_and_label()
    {
        _ = run.Result;
        var data = RunData.Open(run.Recipe);
        foreach (var (member, seeds) in TinyRun.Members)
        {
            var file = new RunFolder(run.Folder).OutOfFoldOf(member);
            var table = Table.Read(file);
            Assert.Equal(["id", "fold", "hash", "label", "prediction", "p_0", "p_1"], table.Columns);
            Assert.Equal(data.TrainIds, table.Ids("id"));
            Assert.Equal(Enumerable.Range(0, TinyRun.TrainRows).Select(row => $"{data.Folds.Of(row)}"), table.Column("fold"));
            Assert.Equal(Enumerable.Range(0, TinyRun.TrainRows).Select(row => $"{SeenRows.Key(data.Train, row, data.Text, data.Pair):x16}"), table.Column("hash"));
            Assert.Equal(data.Train.Column("target"), table.Column("label"));
            var set = PredictionFile.Read(file);
            var cells = TinyRun.CellsOf(run.Folder).Where(cell => Path.GetFileName(cell.Root).StartsWith($"{member}-", StringComparison.Ordinal)).Select(cell => PredictionFile.Read(cell.Predictions)).ToArray();
            for (var row = 0; row < set.Count; row += 11)
                Assert.Equal(cells.Where(cell => cell.Ids.Contains(set.Ids[row])).Select(cell => cell.Row(cell.Ids.Index().Single(pair => pair.Item == set.Ids[row]).Index)[1]).Sum() / seeds.Length, set.Row(row)[1], 1e-12);
        }
    }

    [Fact]
    public void Files_of_members_that_are_no_more_leave_the_store()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        TinyRun.Train(TinyRun.Single(run.Recipe), folder);
        Assert.Equal("small.csv", Path.GetFileName(Assert.Single(Directory.GetFiles(new RunFolder(folder).OutOfFoldMembers))));
    }

    [Fact]
    public void A_cell_whose_predictions_are_incomplete_is_no_part_of_a_blend()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var file = TinyRun.CellsOf(folder)[^1].Predictions;
        File.WriteAllLines(file, File.ReadAllLines(file)[..^3]);
        Assert.Equal(2, App.CommandLine.Run("train", run.Input("recipe.yaml"), "--run", folder).Code);
        var error = Assert.Throws<DataException>(() => TinyRun.Train(run.Recipe, folder));
        Assert.Contains("small: its out-of-fold predictions are incomplete: 3 of 96 held-out rows are missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cells_that_held_out_other_rows_cannot_be_blended()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var cells = TinyRun.CellsOf(folder);
        // The two folds of the last member change places.
        foreach (var (cell, fold) in new[] { (cells[^1], 0), (cells[^2], 1) })
        {
            var set = PredictionFile.Read(cell.Predictions);
            PredictionFile.Write(cell.Predictions, new(set.Ids, set.Classes, set.Probabilities, set.Labels, [.. set.Ids.Select(_ => fold)]));
        }
        var error = Assert.Throws<DataException>(() => TinyRun.Train(run.Recipe, folder));
        Assert.Contains("small: has other folds than the run: 96 of 96 rows were held out elsewhere", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_blend_of_another_recipe_or_a_lost_one_is_not_guessed()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        TinyRun.Train(With("stack"), folder);
        var recipe = File.ReadAllText(Path.Combine(folder, "recipe.yaml"));
        File.WriteAllText(Path.Combine(folder, "recipe.yaml"), recipe.Replace("method: stack", "method: logistic", StringComparison.Ordinal));
        Assert.Contains("was blended otherwise than recipe.yaml says; repeat tutti train", Assert.Throws<DataException>(() => TrainedRun.Open(folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "recipe.yaml"), recipe);
        File.Delete(Path.Combine(folder, "blend.json"));
        Assert.Contains("Repeat tutti train", Assert.Throws<DataException>(() => TrainedRun.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plain_average_needs_no_file()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        File.Delete(Path.Combine(folder, "blend.json"));
        TinyRun.Predict(folder, run.Input("test.csv"), temp.File("p.csv"));
        TinyRun.Predict(run.Folder, run.Input("test.csv"), temp.File("q.csv"));
        Assert.Equal(File.ReadAllText(temp.File("q.csv")), File.ReadAllText(temp.File("p.csv")));
    }

    [Fact]
    public void Members_without_a_part_are_not_loaded()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var result = TinyRun.Train(With("best"), folder);
        var unused = TinyRun.Members.Single(member => result.Blend.Record.Members.Single(one => one.Name == member.Name).Weight == 0).Name;
        foreach (var cell in TinyRun.CellsOf(folder).Where(cell => Path.GetFileName(cell.Root).StartsWith($"{unused}-", StringComparison.Ordinal))) File.Delete(Path.Combine(cell.Checkpoint, "model.safetensors"));
        // The first cell's config tells the classes; its weights may be gone.
        Assert.Equal(TinyRun.TestRows, TinyRun.Predict(folder, run.Input("test.csv"), temp.File("p.csv")));
    }
}
