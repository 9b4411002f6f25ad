using System.Text.Json.Nodes;
using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Tests.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.App;

/// <summary>Commands, options, exit codes and what is printed.</summary>
[Collection(RunCollection.Name)]
public sealed class CommandsTests(TinyRun run)
{
    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("train", "--help")]
    [InlineData("predict", "--help")]
    [InlineData("evaluate", "--help")]
    [InlineData("labels", "--help")]
    [InlineData("compare", "--help")]
    [InlineData("demo", "--help")]
    [InlineData("inspect", "--help")]
    [InlineData("show", "--help")]
    [InlineData("schedule", "--help")]
    [InlineData("lr-find", "--help")]
    [InlineData("export", "--help")]
    [InlineData("recommend", "--help")]
    [InlineData("doctor", "--help")]
    public void Help_is_there_for_every_command_and_for_none(params string[] args)
    {
        var outcome = CommandLine.Run(args);
        Assert.Equal(0, outcome.Code);
        Assert.Contains("Usage:", outcome.Out, StringComparison.Ordinal);
        Assert.Equal("", outcome.Error);
        if (args.Length == 0) Assert.All(["train", "predict", "evaluate", "demo", "doctor"], command => Assert.Contains($"  {command} ", outcome.Out, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("unknown command 'trian'; did you mean 'train'?", "next: tutti --help", "trian", "x.yaml")]
    [InlineData("unknown option --runn; did you mean '--run'?", "next: tutti train --help", "train", "x.yaml", "--runn", "y")]
    [InlineData("unknown option --frobnicate", "next: tutti predict --help", "predict", "--run", "r", "--data", "d", "--out", "o", "--frobnicate")]
    [InlineData("'--data' is required", "next: tutti predict --help", "predict", "--run", "r", "--out", "o")]
    [InlineData("'--run'", "next: tutti evaluate --help", "evaluate", "--data", "d", "--run")]
    [InlineData("'train'", "next: tutti train --help", "train")]
    [InlineData("got 'more', which demo does not take", "next: tutti demo --help", "demo", "more")]
    public void Wrong_use_is_one_line_with_the_next_step(string message, string next, params string[] args)
    {
        var outcome = CommandLine.Run(args);
        outcome.IsWrongInput(message);
        Assert.Equal(next, outcome.Error.TrimEnd().Split('\n')[1]);
        Assert.Equal(2, outcome.Error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public void A_stack_trace_is_shown_with_verbose_only()
    {
        CommandLine.Run("train", "absent.yaml").IsWrongInput("absent.yaml", "no such file");
        var outcome = CommandLine.Run("train", "absent.yaml", "--verbose");
        Assert.Equal(2, outcome.Code);
        Assert.Contains("   at Tutti.Recipes.RecipeFile", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_tells_engine_threads_and_blas()
    {
        var outcome = CommandLine.Run("doctor");
        Assert.Equal(0, outcome.Code);
        Assert.Contains(Engine.Version, outcome.Out, StringComparison.Ordinal);
        Assert.Contains("libtorch", outcome.Out, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("threads", outcome.Out, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("blas", outcome.Out, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Train_prints_leaderboard_scores_and_where_the_files_are()
    {
        using var temp = Shared.Temp();
        var outcome = CommandLine.Run("train", run.Input("recipe.yaml"), "--run", run.Copy(temp));
        Assert.Equal(0, outcome.Code);
        Assert.Contains($"Leaderboard: {TinyRun.TrainRows} held-out rows", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("true \\ predicted", outcome.Out, StringComparison.Ordinal);
        Assert.Contains(temp.File("run/submission.csv"), outcome.Out, StringComparison.Ordinal);
        Assert.Contains("[6/6] small seed 1 fold 1: already trained", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"{TinyRun.TrainRows} rows; 2 folds of 48, 48 rows; {TinyRun.TestRows} test rows", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_says_of_each_cell_what_share_of_the_time_updates_waited_for_data()
    {
        using var temp = Shared.Temp();
        var outcome = CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"));
        Assert.Equal(TinyRun.Cells, System.Text.RegularExpressions.Regex.Count(outcome.Error, @" s, data wait \d+\.\d\d %, peak "));
    }

    [Fact]
    public void Texts_that_folds_of_the_users_own_divide_are_warned_of_before_training()
    {
        using var temp = Shared.Temp();
        // 40 rows in folds a and b; two texts stand in both, one twice in the same.
        temp.Write("rows.csv", "text,target,part\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i is 0 or 1 or 7 ? "the same fire" : i is 4 or 5 ? "The  same FLOOD" : i is 8 or 10 ? "only in a" : $"text number {i}")},{i / 2 % 2},{(i % 2 == 0 ? "a" : "b")}\n")));
        temp.Write("recipe.yaml", """
            data: { train: rows.csv, text: "{text}", label: target, folds: { kind: column, column: part } }
            train: { batch: 16, epochs: 1, max-length: 16 }
            members: [ { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 100 } } ]
            """);
        var outcome = CommandLine.Run("train", temp.File("recipe.yaml"), "--run", temp.File("run"));
        Assert.True(outcome.Code == 0, outcome.Error);
        var warning = outcome.Error.IndexOf("warning: 2 texts (5 rows) stand in several folds, lines 2, 3, 6, 7, 9: scores on them are of texts that were trained on", StringComparison.Ordinal);
        Assert.InRange(warning, 0, outcome.Error.IndexOf("[1/2]", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_with_json_prints_nothing_else()
    {
        using var temp = Shared.Temp();
        var outcome = CommandLine.Run("train", run.Input("recipe.yaml"), "--run", run.Copy(temp), "--json");
        Assert.Equal(0, outcome.Code);
        Assert.Equal(5, JsonNode.Parse(outcome.Out)!.AsArray().Count);
    }

    [Fact]
    public void Settings_change_the_recipe_and_its_name_the_default_folder()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var outcome = CommandLine.Run("train", run.Input("recipe.yaml"), "--run", folder, "--set", "blend=geometric", "--set", "data.sample=null");
        Assert.Equal(0, outcome.Code);
        var recipe = Recipe.Load(Path.Combine(folder, "recipe.yaml"));
        Assert.Equal((BlendChoice.Geometric, null), (recipe.Blend.Method, recipe.SampleFile));
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", folder, "--set", "train.epochs=many").IsWrongInput("train.epochs", "'many'", "on the command line");
    }

    [Fact]
    public void Predict_writes_a_row_for_each_row_and_says_where()
    {
        using var temp = Shared.Temp();
        var outcome = CommandLine.Run("predict", "--run", run.Folder, "--data", run.Input("test.csv"), "--out", temp.File("new/p.csv"));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Equal($"{TinyRun.TestRows} rows: {temp.File("new/p.csv")}\n", outcome.Out.ReplaceLineEndings("\n"));
        Assert.Equal(Table.Read(run.Input("test.csv")).Ids("id"), Table.Read(temp.File("new/p.csv")).Ids("id"));
    }

    [Fact]
    public void Evaluating_the_training_rows_is_warned_of()
    {
        var outcome = CommandLine.Run("evaluate", "--run", run.Folder, "--data", run.Input("train.csv"));
        Assert.Equal(0, outcome.Code);
        Assert.Contains($"warning: {TinyRun.TrainRows} of {TinyRun.TrainRows} rows were trained on", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"Scores of {TinyRun.TrainRows} rows", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_file_with_new_and_known_rows_the_new_ones_are_scored_apart()
    {
        using var temp = Shared.Temp();
        TinyRun.Rows("train.csv", temp.File("mixed.csv"), TinyRun.TrainRows - 20, 60);
        var outcome = CommandLine.Run("evaluate", "--run", run.Folder, "--data", temp.File("mixed.csv"));
        Assert.Contains("warning: 20 of 60 rows were trained on", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Scores of 40 rows", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("Scores of 60 rows", outcome.Out, StringComparison.Ordinal);
        outcome = CommandLine.Run("evaluate", "--run", run.Folder, "--data", temp.File("mixed.csv"), "--json");
        var json = JsonNode.Parse(outcome.Out)!;
        Assert.Equal((60, 20, 40), ((int)json["rows"]!, (int)json["seenInTraining"]!, (int)json["unseenRows"]!["rows"]!));
    }

    [Fact]
    public void All_metrics_are_printed_where_they_are_asked_for_and_stand_in_the_runs_file()
    {
        using var temp = Shared.Temp();
        TinyRun.Rows("train.csv", temp.File("new.csv"), 400, 30);
        string[] command = ["evaluate", "--run", run.Folder, "--data", temp.File("new.csv")];
        var usual = CommandLine.Run(command);
        var all = CommandLine.Run([.. command, "--metrics", "all"]);
        foreach (var words in (string[])["precision weighted", "Cohen's kappa", "average precision", "Shares of the true class", "Shares of the predicted class", "Reliability"])
        {
            Assert.Contains(words, all.Out, StringComparison.Ordinal);
            Assert.DoesNotContain(words, usual.Out, StringComparison.Ordinal);
        }
        var json = JsonNode.Parse(CommandLine.Run([.. command, "--metrics", "all", "--json"]).Out)!;
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, "metrics.json")))!;
        foreach (var node in new[] { json, file })
        {
            Assert.Equal([.. UsualScores.Names(2), .. MoreScores.Names(2)], node["scores"]!.AsObject().Select(score => score.Key));
            Assert.All(node["scores"]!.AsObject(), score => Assert.NotNull(score.Value!["low"]));
            Assert.Equal(2, node["classScores"]!.AsArray().Count);
            Assert.Equal((double)node["rows"]!, node["reliability"]!.AsArray().Sum(bin => (double)bin!["rows"]!));
            Assert.All(node["confusionShareOfTrue"]!.AsArray(), row => Assert.Equal(1, row!.AsArray().Sum(share => (double)share!), 1e-12));
        }
        CommandLine.Run([.. command, "--metrics", "some"]).IsWrongInput("--metrics", "'some'", "usual or all");
    }

    [Fact]
    public void Plots_are_written_as_asked()
    {
        using var temp = Shared.Temp();
        string[] command = ["report", "--run", run.Copy(temp), "--explain", "0"];
        CommandLine.Run([.. command, "--format", "png"]).IsWrongInput("--format", "--plots");
        CommandLine.Run([.. command, "--plots", temp.File("p"), "--format", "gif"]).IsWrongInput("--format", "'gif'", "svg or png");
        CommandLine.Run([.. command, "--plots", temp.File("p"), "--scale", "3"]).IsWrongInput("--scale", "png");
        CommandLine.Run([.. command, "--plots", temp.File("p"), "--format", "png", "--scale", "-1"]).IsWrongInput("--scale", "above 0");
        Assert.SkipUnless(System.Runtime.InteropServices.NativeLibrary.TryLoad(Tutti.Reports.Plots.SvgRenderer.Library, out _), "librsvg is not installed");
        var outcome = CommandLine.Run([.. command, "--plots", temp.File("p"), "--format", "png", "--scale", "1"]);
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains($"plot: {temp.File("p/confusion.png")}", outcome.Out, StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(temp.File("p")), file => Assert.Equal(0x89, File.ReadAllBytes(file)[0]));
    }

    [Fact]
    public void New_rows_are_scored_without_a_warning()
    {
        using var temp = Shared.Temp();
        TinyRun.Rows("train.csv", temp.File("new.csv"), 400, 30);
        var outcome = CommandLine.Run("evaluate", "--run", run.Folder, "--data", temp.File("new.csv"));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains("Scores of 30 rows", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_smaller_than_the_weights_is_wrong_input_and_names_the_least_that_would_do()
    {
        using var temp = Shared.Temp();
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "memory=100 kB").IsWrongInput("memory: got 0.1 MB, deep needs at least about", "Raise memory");
        Assert.False(Directory.Exists(temp.File("run")));
        CommandLine.Run("memory", run.Input("recipe.yaml"), "--set", "memory=100 kB").IsWrongInput("memory: got 0.1 MB, deep needs at least about");
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "memory=2 parsecs").IsWrongInput("memory: got '2 parsecs'", "14 GB");
    }

    [Fact]
    public void Memory_predicts_what_one_update_of_each_member_takes()
    {
        var text = CommandLine.Run("memory", run.Input("recipe.yaml"), "--measure");
        Assert.Equal((0, ""), (text.Code, text.Error));
        foreach (var line in (string[])["deep: ", "small: ", "predicted peak ", "measured peak ", "train.precision: bf16", "optimizer state in a file", "forward and back: "])
            Assert.Contains(line, text.Out, StringComparison.Ordinal);

        var json = CommandLine.Run("memory", run.Input("recipe.yaml"), "--measure", "--json");
        var members = System.Text.Json.Nodes.JsonNode.Parse(json.Out)!.AsArray();
        Assert.Equal(["deep", "small"], members.Select(member => (string)member!["member"]!));
        Assert.All(members, member =>
        {
            var (predicted, measured, weights) = ((double)member!["plan"]!["predictedPeak"]!, (double)member["measuredPeak"]!, (long)member["weights"]!);
            Assert.InRange(predicted, 0.9 * measured, 1.1 * measured);
            Assert.Equal((weights, 2 * weights, 4 * (long)member["parameters"]!), ((long)member["gradients"]!, (long)member["optimizer"]!, weights));
            var options = member["options"]!.AsArray().ToDictionary(option => (string)option!["change"]!, option => (double?)option!["peak"]);
            // The other member has one layer, and so nothing that could be computed again while another is kept.
            if ((string)member["member"]! == "deep") Assert.True(options["train.precision: bf16"] < predicted && options["activations computed again"] < predicted);
            Assert.Equal(predicted - (2 * weights), options["optimizer state in a file"]);
        });
        Assert.False(Directory.Exists("runs"));
    }
}
