using System.Text.Json.Nodes;
using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

[Collection(RunCollection.Name)]
public sealed class SoupTests(TinyRun run)
{
    static RunResult Train(Recipe recipe, string folder, RecipeSoups soups, KeptNews? news = null) => TinyRun.Train(recipe with { Blend = recipe.Blend with { Soups = soups } }, folder, news);

    static float[] Weights(string checkpoint, string name)
    {
        using var scope = new Scope();
        using var file = new SafeTensors(Path.Combine(checkpoint, "model.safetensors"));
        return file.Read(name).ToArray<float>();
    }

    [Fact]
    public void A_uniform_soup_has_the_mean_weights_of_the_seeds_of_a_fold_and_predicts_the_rows_that_fold_held_out()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var result = Train(run.Recipe, folder, RecipeSoups.Uniform);
        var files = new RunFolder(folder);
        Assert.Equal(["deep", "small", "deep soup"], result.Blend.Record.Members.Select(member => member.Name));
        for (var fold = 0; fold < 2; fold++)
        {
            var soup = files.Soup("deep", fold);
            foreach (var name in (string[])["bert.encoder.layer.2.output.dense.weight", "classifier.weight", "bert.embeddings.word_embeddings.weight"])
            {
                var (a, b, mean) = (Weights(files.Cell("deep", 1, fold).Checkpoint, name), Weights(files.Cell("deep", 2, fold).Checkpoint, name), Weights(soup.Checkpoint, name));
                for (var i = 0; i < mean.Length; i++) Assert.Equal((a[i] + b[i]) / 2, mean[i], 1e-6f);
            }
            Assert.Equal(PredictionFile.Read(files.Cell("deep", 1, fold).Predictions).Ids, PredictionFile.Read(soup.Predictions).Ids);
            // Its predictions are those of a model with these weights.
            var data = RunData.Open(run.Recipe);
            using var thread = new OneThread();
            using var model = new TrainedModel(soup.Checkpoint, run.Recipe.Members[0].Effective(run.Recipe.Train), Device.Cpu);
            var (set, texts) = (PredictionFile.Read(soup.Test), TextData.Texts(data.Test!, data.Text));
            var direct = model.Probabilities(texts, null);
            for (var i = 0; i < direct.Length; i++) Assert.Equal(direct[i], set.Probabilities[i], 1e-6);
        }
        var row = result.Leaderboard.Rows.Single(row => row.Name == "deep soup");
        var deep = result.Leaderboard.Rows.Single(row => row.Name == "deep");
        Assert.Equal((2, 4), (row.Cells, deep.Cells));
        Assert.True(row.Seconds > deep.Seconds && row.DiskBytes < deep.DiskBytes);
    }

    /// <summary>Models that start from different random weights have nothing in common: their average is worse, and the greedy soup notices.</summary>
    [Fact]
    public void A_greedy_soup_never_loses_on_the_rows_it_was_chosen_by()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        Train(run.Recipe, folder, RecipeSoups.Greedy);
        var files = new RunFolder(folder);
        var metrics = JsonNode.Parse(File.ReadAllText(files.Soup("deep", 0).Metrics))!;
        int[] seeds = [.. metrics["seeds"]!.AsArray().Select(seed => (int)seed!)];
        double Loss(Func<int, string> file)
        {
            var sets = Enumerable.Range(0, 2).Select(fold => PredictionFile.Read(file(fold))).ToArray();
            return BlendMetric.LogLoss.Of([.. sets.SelectMany(set => set.Probabilities)], [.. sets.SelectMany(set => set.Labels!)], 2);
        }
        // What is kept for new rows is chosen by all rows: no single seed is better there.
        var data = RunData.Open(run.Recipe);
        var texts = TextData.Texts(data.Train, data.Text);
        using var thread = new OneThread();
        var kept = 0.0;
        for (var fold = 0; fold < 2; fold++)
        {
            var held = PredictionFile.Read(files.Cell("deep", 1, fold).Predictions);
            using var model = new TrainedModel(files.Soup("deep", fold).Checkpoint, run.Recipe.Members[0].Effective(run.Recipe.Train), Device.Cpu);
            var soup = model.Probabilities([.. held.Ids.Select(id => texts[data.TrainIds.Index().Single(pair => pair.Item == id).Index])], null);
            kept += BlendMetric.LogLoss.Of(soup, held.Labels!, 2) * held.Count / TinyRun.TrainRows;
        }
        foreach (var seed in (int[])[1, 2]) Assert.True(kept <= Loss(fold => files.Cell("deep", seed, fold).Predictions) + 1e-6, $"{kept}, seeds {string.Join(' ', seeds)}");
    }

    /// <summary>Out of fold, the seeds of a fold's soup are chosen without its rows: other labels there change nothing of them.</summary>
    [Fact]
    public void The_rows_of_a_fold_have_no_say_in_which_seeds_predict_them()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var files = new RunFolder(folder);
        Train(run.Recipe, folder, RecipeSoups.Greedy);
        string HeldOut(int fold) => JsonNode.Parse(File.ReadAllText(files.Soup("deep", fold).Metrics))!["heldOutSeeds"]!.ToJsonString();
        var before = HeldOut(1);
        // One seed now seems to be always right on fold 1, the other always wrong.
        foreach (var good in (int[])[1, 2])
        {
            Seem(good);
            Train(run.Recipe, folder, RecipeSoups.Greedy);
            Assert.Equal((before, $"[[{good}]]"), (HeldOut(1), HeldOut(0)));
        }

        void Seem(int good)
        {
            foreach (var seed in (int[])[1, 2]) Change(seed, seed == good);
        }

        void Change(int seed, bool right)
        {
            var cell = files.Cell("deep", seed, 1);
            var set = PredictionFile.Read(cell.Predictions);
            PredictionFile.Write(cell.Predictions, new(set.Ids, set.Classes, [.. set.Labels!.SelectMany(label => (label == 0) == right ? [0.9, 0.1] : (double[])[0.1, 0.9])], set.Labels, set.Folds));
            File.AppendAllText(cell.Metrics, " ");             // another cell, as if trained again
        }
    }

    [Fact]
    public void A_soup_of_the_same_cells_is_read_and_another_made_again()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var (first, second, third) = (new KeptNews(), new KeptNews(), new KeptNews());
        Train(run.Recipe, folder, RecipeSoups.Uniform, first);
        var oof = File.ReadAllText(Path.Combine(folder, "oof.csv"));
        Train(run.Recipe, folder, RecipeSoups.Uniform, second);
        Assert.Equal(oof, File.ReadAllText(Path.Combine(folder, "oof.csv")));
        File.AppendAllText(new RunFolder(folder).Cell("deep", 2, 1).Metrics, " ");
        Train(run.Recipe, folder, RecipeSoups.Uniform, third);
        Assert.Equal((1, 0, 1), (Made(first), Made(second), Made(third)));
        Assert.Contains("deep soup: the mean weights of seeds 1, 2", first.Notes);

        static int Made(KeptNews news) => news.Notes.Count(note => note.StartsWith("deep soup:", StringComparison.Ordinal));
    }

    [Fact]
    public void Models_of_different_sizes_are_not_averaged()
    {
        using var temp = Shared.Temp();
        var files = new RunFolder(run.Folder);
        Assert.Contains("only models of one architecture can be averaged", Assert.Throws<DataException>(() => WeightSoup.Write([files.Cell("deep", 1, 0).Checkpoint, files.Cell("small", 1, 0).Checkpoint], temp.File("soup"))).Message, StringComparison.Ordinal);
        Assert.Contains(run.Recipe with { Members = [run.Recipe.Members[1]], Blend = new() { Soups = RecipeSoups.Greedy } } is var recipe ? recipe.Validate() : [], fault => fault.Path == "blend.soups");
    }
}
