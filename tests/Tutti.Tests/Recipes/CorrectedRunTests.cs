using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>The loop: a run's queue is filled in, applied, and the next run is trained on the corrected copy.</summary>
[Collection(RunCollection.Name)]
public sealed class CorrectedRunTests(TinyRun run)
{
    [Fact]
    public void From_the_queue_to_the_gain_by_the_commands_that_each_names_next()
    {
        using var temp = Shared.Temp();
        var original = File.ReadAllBytes(run.Input("train.csv"));
        var queue = temp.File("queue.csv");
        var outcome = CommandLine.Run("labels", "--run", run.Folder, "--filter", "predicted_neq_given", "--out", queue);
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.EndsWith($"tutti labels --run {run.Folder} --apply {queue}", outcome.Out.TrimEnd(), StringComparison.Ordinal);

        // The rows of fold 0 alone are filled in, so that its cells do not train on any of them.
        var folds = FoldOf(run.Folder);
        var table = Table.Read(queue);
        int[] filled = [.. Enumerable.Range(0, table.Count).Where(row => folds[table[row, "id"]!] == "0").Take(3)];
        Assert.Equal(3, filled.Length);
        var done = temp.File("done.csv");
        TableWriter.Write(done, table.Columns, writer =>
        {
            foreach (var row in filled)
                writer.Row([.. table.Columns.Select(column => column switch { "label" => table[row, "suggested"], "who" => "Ada", "when" => "2026-11-21", "why" => "the text says so", _ => table[row, column] })]);
        });
        outcome = CommandLine.Run("labels", "--run", run.Folder, "--apply", done, "--out", temp.File("better.csv"));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains($"next: tutti train {run.Folder}/recipe.yaml --set data.train={temp.File("better.csv")} --run {run.Folder}-corrected", outcome.Out, StringComparison.Ordinal);

        string[] next = ["train", Path.Combine(run.Folder, "recipe.yaml"), "--set", $"data.train={temp.File("better.csv")}", "--run", temp.File("second")];
        outcome = CommandLine.Run(next);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Equal(original, File.ReadAllBytes(run.Input("train.csv")));
        Assert.Contains($"Corrected labels: 3 rows changed and 0 left out since {run.Folder}; 3 of 6 cells are that run's", outcome.Out, StringComparison.Ordinal);
        Assert.True(outcome.Out.IndexOf(CorrectionGain.Original, StringComparison.Ordinal) < outcome.Out.IndexOf("Leaderboard", StringComparison.Ordinal));
        Assert.Equal(folds, FoldOf(temp.File("second")));

        CheckCells(temp.File("second"), filled.Select(row => table[row, "id"]!).ToArray(), table, filled);
        CheckGains(temp.File("second"));
        Assert.Contains("corrected labels: by rows that no correction touched (93 held-out rows)", File.ReadAllText(Path.Combine(temp.File("second"), "report.html")), StringComparison.Ordinal);

        outcome = CommandLine.Run(next);
        Assert.Contains("3 of 6 cells are that run's", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(1, EventLog.Read(Path.Combine(temp.File("second"), "events.jsonl")).Count(one => one.Kind == "cell finished" && (string?)one.Fields["cell"] == "small seed 1 fold 1"));
    }

    void CheckCells(string second, string[] ids, Table queue, int[] filled)
    {
        foreach (var (was, now) in TinyRun.CellsOf(run.Folder).Zip(TinyRun.CellsOf(second)))
        {
            var held = now.Root.EndsWith("-f0", StringComparison.Ordinal);
            var same = File.ReadAllBytes(Path.Combine(was.Checkpoint, "last", "model.safetensors")).SequenceEqual(File.ReadAllBytes(Path.Combine(now.Checkpoint, "last", "model.safetensors")));
            Assert.Equal((held, held), (same, Cell.Metrics(now)!["reused"] is not null));
            if (!held) continue;
            var set = PredictionFile.Read(now.Predictions);
            Assert.Equal(PredictionFile.Read(was.Predictions).Probabilities, set.Probabilities);
            foreach (var (i, id) in ids.Index()) Assert.Equal(queue[filled[i], "suggested"], set.Classes[set.Labels![set.Ids.ToList().IndexOf(id)]]);
        }
    }

    static void CheckGains(string second)
    {
        var gains = JsonNode.Parse(File.ReadAllText(Path.Combine(second, "corrections.json")))!["gains"]!.AsArray();
        Assert.Equal([(CorrectionGain.Original, 96), (CorrectionGain.Untouched, 93), (CorrectionGain.Corrected, 96)], gains.Select(gain => ((string)gain!["rows"]!, (int)gain["after"]!["n"]!)));
        foreach (var gain in gains)
        {
            var (before, after, difference) = ((double)gain!["before"]!["value"]!, (double)gain["after"]!["value"]!, gain["gain"]!["accuracy"]!);
            Assert.Equal(after - before, (double)difference["value"]!, 1e-12);
            Assert.InRange((double)difference["value"]!, (double)difference["low"]!, (double)difference["high"]!);
        }
    }

    /// <summary>Trained again, a cell whose held-out rows alone were corrected does the same updates: that is why it need not be.</summary>
    [Fact]
    public void A_cell_that_is_used_again_would_come_to_the_same_weights()
    {
        using var temp = Shared.Temp();
        var earlier = run.Copy(temp);
        Apply(temp, earlier, InFold(earlier, "0", 2));
        var recipe = TinyRun.Single(run.Recipe) with { Data = run.Recipe.Data with { Train = temp.File("better.csv") } };
        var metrics = new RunFolder(earlier).Cell("small", 1, 0).Metrics;
        File.WriteAllText(metrics, File.ReadAllText(metrics).Replace("\"fingerprint\": \"", "\"fingerprint\": \"x", StringComparison.Ordinal));
        var news = new KeptNews();
        var result = TinyRun.Train(recipe, temp.File("second"), news);
        Assert.Equal(["small seed 1 fold 0", "small seed 1 fold 1"], news.Trained);
        Assert.Equal(File.ReadAllBytes(Path.Combine(run.Folder, "cells", "small-s1-f0", "checkpoint", "last", "model.safetensors")), File.ReadAllBytes(Path.Combine(result.Files.Cell("small", 1, 0).Checkpoint, "last", "model.safetensors")));
        Assert.Equal((0, 2), (result.Corrections!.Reused, result.Corrections.Cells));
        Assert.Contains(result.Corrections.OtherSettings, line => line.StartsWith("members", StringComparison.Ordinal));
    }

    [Fact]
    public void Rows_that_are_left_out_keep_the_others_in_their_folds_and_every_cell_is_trained()
    {
        using var temp = Shared.Temp();
        var (id, _) = InFold(run.Folder, "0", 1)[0];
        Apply(temp, run.Folder, [(id, "drop")]);
        var news = new KeptNews();
        var result = TinyRun.Train(TinyRun.Single(run.Recipe) with { Data = run.Recipe.Data with { Train = temp.File("better.csv") } }, temp.File("second"), news);
        Assert.Equal(2, news.Trained.Length);
        var folds = FoldOf(run.Folder);
        folds.Remove(id);
        Assert.Equal(folds, FoldOf(temp.File("second")));
        Assert.Equal([(CorrectionGain.Untouched, TinyRun.TrainRows - 1)], result.Corrections!.Gains.Select(gain => (gain.Rows, gain.After.N)));
    }

    /// <summary>A holdout is only measured by: with its corrections the model is the same one, and only the yardstick differs, which is said.</summary>
    [Fact]
    public void A_test_fold_that_is_corrected_on_request_is_scored_by_its_old_labels_first()
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe) with { Data = run.Recipe.Data with { Folds = null, Validation = 0.25, Test = null, Sample = null }, Submission = null };
        var first = TinyRun.Train(recipe, temp.File("first"));
        var rows = InFold(first.Files.Root, "0", 1);
        Apply(temp, first.Files.Root, rows);                                                  // held back: nothing changes
        Assert.Equal(File.ReadAllText(run.Input("train.csv")), File.ReadAllText(temp.File("better.csv")));
        Apply(temp, first.Files.Root, rows, test: true);
        var news = new KeptNews();
        var second = TinyRun.Train(recipe with { Data = recipe.Data with { Train = temp.File("better.csv") } }, temp.File("second"), news);
        Assert.Empty(news.Trained);
        var gains = second.Corrections!.Gains;
        Assert.Equal([CorrectionGain.Original, CorrectionGain.Untouched, CorrectionGain.Corrected], gains.Select(gain => gain.Rows));
        Assert.All(gains, gain => Assert.Equal((gain.Before, 0.0), (gain.After, gain.Gain.Accuracy.Difference.Value)));
        Assert.NotEqual(gains[0].After.Value, gains[2].After.Value);
        Assert.Equal(gains[2].After.Value, second.Summary.Scores[0].Score.Value);
    }

    [Fact]
    public void A_second_round_is_compared_with_the_first_and_uses_its_cells_again()
    {
        using var temp = Shared.Temp();
        var rows = InFold(run.Folder, "0", 2);
        Recipe On(string file) => TinyRun.Single(run.Recipe) with { Data = run.Recipe.Data with { Train = temp.File(file) } };
        Apply(temp, run.Folder, rows[..1]);
        var second = TinyRun.Train(On("better.csv"), temp.File("second"));
        Apply(temp, second.Files.Root, rows[1..], to: "best.csv");
        var news = new KeptNews();
        var third = TinyRun.Train(On("best.csv"), temp.File("third"), news);
        Assert.Equal(["small seed 1 fold 1"], news.Trained);
        Assert.Equal((second.Files.Root, 1, 2), (third.Corrections!.Earlier, third.Corrections.Reused, third.Corrections.Cells));
        Assert.Empty(third.Corrections.OtherSettings);
        Assert.Equal([96, 95, 96], third.Corrections.Gains.Select(gain => gain.After.N));
    }

    [Fact]
    public void A_gain_is_counted_by_the_old_labels_on_untouched_rows_and_by_the_new_ones()
    {
        static PredictionSet Set(int[] predicted, int[] labels) => new(["a", "b", "c", "d"], ["ham", "spam"], [.. predicted.SelectMany(label => (double[])[label == 0 ? 0.9 : 0.1, label == 0 ? 0.1 : 0.9])], labels);
        var gains = CorrectionOutcome.Compared(Set([0, 1, 1, 0], [0, 1, 1, 1]), Set([0, 1, 0, 0], [0, 1, 0, 1]));
        Assert.Equal([(0.75, 0.5, 4), (2 / 3.0, 2 / 3.0, 3), (0.5, 0.75, 4)], gains.Select(gain => (gain.Before.Value, gain.After.Value, gain.After.N)));
        Assert.Equal([-0.25, 0, 0.25], gains.Select(gain => gain.Gain.Accuracy.Difference.Value));
        Assert.Equal([CorrectionGain.Untouched], CorrectionOutcome.Compared(Set([0, 1, 1, 0], [0, 1, 1, 1]), Set([0, 1, 1, 1], [0, 1, 1, 1])).Select(gain => gain.Rows));
    }

    [Fact]
    public void What_the_next_run_cannot_be_compared_by_is_refused_before_anything_is_trained()
    {
        using var temp = Shared.Temp();
        var earlier = run.Copy(temp);
        Apply(temp, earlier, InFold(earlier, "1", 1));
        var file = temp.File("better.csv");
        string[] Train(params string[] more) => ["train", Path.Combine(earlier, "recipe.yaml"), "--set", $"data.train={file}", .. more];
        CommandLine.Run(Train("--run", earlier)).IsWrongInput("--run: got", "is the run whose labels were corrected", "name another folder");
        CommandLine.Run(Train("--run", temp.File("second"), "--set", "data.folds.count=3")).IsWrongInput("data.folds: is another one than in", "remove", "audit.jsonl");
        var before = File.ReadAllText(file);
        File.AppendAllText(file, "99999,,,\"by hand\",1\n");
        CommandLine.Run(Train("--run", temp.File("second"))).IsWrongInput("better.csv: was changed after its labels were corrected", "Apply the corrections again");
        File.WriteAllText(file, before);
        Directory.Move(earlier, temp.File("moved"));
        CommandLine.Run("train", Path.Combine(temp.File("moved"), "recipe.yaml"), "--set", $"data.train={file}", "--run", temp.File("second")).IsWrongInput("names the run", "which is not there", "Put it back");
        Assert.False(Directory.Exists(temp.File("second")));
        File.WriteAllText(CorrectionAudit.PathOf(file), "{}\n");
        CommandLine.Run("train", Path.Combine(temp.File("moved"), "recipe.yaml"), "--set", $"data.train={file}", "--run", temp.File("second")).IsWrongInput("audit.jsonl, line 1: is no audit of corrections");
    }

    static Dictionary<string, string> FoldOf(string folder)
    {
        var table = Table.Read(new RunFolder(folder).Folds);
        return table.Ids("id").Zip(table.Column("fold")).ToDictionary(pair => pair.First, pair => pair.Second!);
    }

    /// <summary>Rows of a fold with the label that they do not have.</summary>
    (string Id, string Label)[] InFold(string folder, string fold, int count)
    {
        var (table, folds) = (Table.Read(run.Input("train.csv")), FoldOf(folder));
        return [.. Enumerable.Range(0, table.Count).Where(row => folds[table[row, "id"]!] == fold).Take(count).Select(row => (table[row, "id"]!, table[row, "target"] == "1" ? "0" : "1"))];
    }

    static void Apply(TempFolder temp, string folder, (string Id, string Label)[] rows, bool test = false, string to = "better.csv")
    {
        var corrections = temp.Write("corrections.csv", MadeRun.Head + string.Concat(rows.Select(row => $"{row.Id},,{row.Label},Ada,2026-11-21,read it\n")));
        CorrectedCopy.Write(LabelledFile.OfRun(folder), Tutti.Labels.CorrectionFile.Read(corrections), temp.File(to), test);
    }
}
