using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>One small model that learns what a blend says.</summary>
[Collection(RunCollection.Name)]
public sealed class DistillationTests(TinyRun run)
{
    [Fact]
    public void A_student_is_a_run_as_any_other_and_is_measured_beside_its_teacher()
    {
        using var temp = Shared.Temp();
        var student = temp.File("student");
        var outcome = CommandLine.Run("distill", "--run", run.Folder, "--out", student, "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        var report = JsonNode.Parse(outcome.Out)!;
        Assert.True(JsonNode.DeepEquals(report, JsonNode.Parse(File.ReadAllText(new RunFolder(student).Distilled))));

        // The smallest member of the teacher, with one seed, on the same folds.
        var recipe = Recipe.Load(Path.Combine(student, "recipe.yaml"));
        Assert.Equal(("small", 1), (Assert.Single(recipe.Members).Name, recipe.Members[0].Seeds.Count));
        var (own, theirs) = (PredictionFile.Read(Path.Combine(student, "oof.csv")), PredictionFile.Read(Path.Combine(run.Folder, "oof.csv")));
        Assert.Equal(theirs.Ids, own.Ids);
        Assert.Equal(theirs.Folds!, own.Folds!);

        double Loss(PredictionSet set) => Enumerable.Range(0, set.Count).Average(row => -Math.Log(set.Row(row)[set.Labels![row]]));
        Assert.Equal(Loss(own) - Loss(theirs), (double)report["logLoss"]!["difference"]!, 1e-9);
        Assert.True((double)report["logLoss"]!["low"]! <= Loss(own) - Loss(theirs) && Loss(own) - Loss(theirs) <= (double)report["logLoss"]!["high"]!);
        Assert.Equal((6, 2, 1), ((int)report["teacher"]!["models"]!, (int)report["student"]!["models"]!, (int)report["oneCell"]!["models"]!));
        Assert.Equal(TinyRun.CellsOf(run.Folder).Sum(Size), (long)report["teacher"]!["bytes"]!);
        Assert.True((long)report["student"]!["bytes"]! < (long)report["teacher"]!["bytes"]! / 2);
        Assert.All((string[])["teacher", "student", "oneCell"], name => Assert.True((double)report[name]!["rowsPerSecond"]! > 0));

        Assert.Equal(TinyRun.TestRows, TinyRun.Predict(student, run.Input("test.csv"), temp.File("p.csv")));
        Assert.Equal(0, CommandLine.Run("evaluate", "--run", student, "--data", run.Input("train.csv")).Code);
        Assert.Equal(0, CommandLine.Run("export", "--run", student, "--to", "hf", "--out", temp.File("hf")).Code);
        // The same command again trains nothing.
        var again = CommandLine.Run("distill", "--run", run.Folder, "--out", student);
        Assert.Equal(0, again.Code);
        Assert.Contains("[2/2] small seed 1 fold 1: already trained", again.Error, StringComparison.Ordinal);
        foreach (var word in (string[])["student less teacher", "rows/s", "one model of it", "saw other rows' labels"]) Assert.Contains(word, again.Out, StringComparison.Ordinal);
    }

    static long Size(CellFolder cell) => new FileInfo(Path.Combine(cell.Checkpoint, "model.safetensors")).Length;

    [Fact]
    public void Training_rows_are_learnt_from_what_the_blend_said_of_them_out_of_fold()
    {
        var recipe = Distillation.RecipeOf(Recipe.Load(Path.Combine(run.Folder, "recipe.yaml")), run.Folder);
        // Another order of classes must not mix them up.
        var data = RunData.Open(recipe with { Data = recipe.Data with { Labels = ["1", "0"] } });
        var blend = PredictionFile.Read(Path.Combine(run.Folder, "oof.csv"));
        Example[] labelled = [.. Enumerable.Range(0, TinyRun.TrainRows).Select(row => new Example([2, 3], null, data.Truth[row], row))];
        var taught = data.Taught!.Examples(labelled, 0, new(run.Folder), data, null!, 40);
        Assert.Equal(labelled.Length, taught.Length);
        for (var row = 0; row < taught.Length; row++)
        {
            Assert.Equal(data.TrainIds[row], blend.Ids[row]);
            Assert.Equal(((float)blend.Row(row)[1], (float)blend.Row(row)[0], data.Truth[row]), (taught[row].Targets![0], taught[row].Targets![1], taught[row].Label));
        }
    }

    [Fact]
    public void Alpha_temperature_model_and_rows_without_labels_are_the_students_own()
    {
        using var temp = Shared.Temp();
        TinyRun.Rows("test.csv", temp.File("more.csv"), 40, 60);
        var student = temp.File("student");
        var outcome = CommandLine.Run("distill", "--run", run.Folder, "--out", student, "--model", "{ kind: bert, layers: 1, hidden: 12, heads: 2, vocabulary: 150 }", "--alpha", "0.2", "--temperature", "3",
            "--unlabelled", temp.File("more.csv"), "--set", "train.epochs=1");
        Assert.True(outcome.Code == 0, outcome.Error);
        var recipe = Recipe.Load(Path.Combine(student, "recipe.yaml"));
        Assert.Equal(("bert-1x12", 12, 1, 0.2, 3.0), (recipe.Members[0].Name, recipe.Members[0].Model.Hidden, recipe.Train.Epochs, recipe.Distill!.Alpha, recipe.Distill.Temperature));
        Assert.Contains("60 of 60 rows without labels", outcome.Error, StringComparison.Ordinal);

        // The whole blend predicts those rows.
        TinyRun.Predict(run.Folder, temp.File("more.csv"), temp.File("p.csv"));
        var (said, expected) = (PredictionFile.Read(Path.Combine(student, "teacher", "unlabelled.csv")), PredictionFile.Read(temp.File("p.csv")));
        for (var row = 0; row < 60; row++) Assert.Equal(expected.Row(row)[0], said.Row(row)[0], 1e-6);

        // Another alpha is another student.
        var before = File.ReadAllBytes(Path.Combine(student, "oof.csv"));
        var other = new KeptNews();
        TinyRun.Train(recipe with { Distill = recipe.Distill with { Alpha = 0.9 } }, student, other);
        Assert.Equal(2, other.Trained.Length);
        Assert.NotEqual(before, File.ReadAllBytes(Path.Combine(student, "oof.csv")));
    }

    [Fact]
    public void What_cannot_be_distilled_is_refused()
    {
        using var temp = Shared.Temp();
        CommandLine.Run("distill", "--run", temp.Path).IsWrongInput("is not a run folder");
        CommandLine.Run("distill", "--run", run.Folder, "--out", run.Folder + "/").IsWrongInput("--out: is the teacher's own folder");
        CommandLine.Run("distill", "--run", run.Folder, "--alpha", "half").IsWrongInput("--alpha: got 'half', expected a number");
        CommandLine.Run("distill", "--run", run.Folder, "--alpha", "2", "--out", temp.File("s")).IsWrongInput("distill.alpha");
        CommandLine.Run("distill", "--run", run.Folder, "--alpha", "1", "--out", temp.File("s")).IsWrongInput("leaves the teacher nothing to say");
        CommandLine.Run("distill", "--run", run.Folder, "--recipe", run.Input("recipe.yaml"), "--out", temp.File("s")).IsWrongInput("has 2 members; a student is one member with one seed");
        CommandLine.Run("distill", "--run", run.Folder, "--set", "data.folds.count=3", "--out", temp.File("s")).IsWrongInput("distill.run", "has other folds: 2 and not 3");
        Assert.False(Directory.Exists(temp.File("s")));

        var holdout = TinyRun.Single(run.Recipe);
        holdout = holdout with { Data = holdout.Data with { Folds = null, Validation = 0.3 }, Train = holdout.Train with { Epochs = 1 } };
        TinyRun.Train(holdout, temp.File("holdout"));
        CommandLine.Run("distill", "--run", temp.File("holdout"), "--out", temp.File("s")).IsWrongInput("distill.run", "train the teacher with data.folds");
    }
}
