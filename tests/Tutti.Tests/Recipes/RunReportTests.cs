using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tutti.Predictions;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>The report that a run ends with, and <c>tutti report</c>.</summary>
[Collection(RunCollection.Name)]
public sealed class RunReportTests(TinyRun run)
{
    /// <summary>What a page holds.</summary>
    internal static JsonNode Document(string page) => JsonNode.Parse(Regex.Match(File.ReadAllText(page), "id=\"run-data\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value)!;

    [Fact]
    public void A_run_ends_with_a_report_of_its_own_rows_texts_and_cells()
    {
        var document = Document(run.Result.Files.Report);
        var oof = PredictionFile.Read(run.Result.Files.OutOfFold);
        var rows = document["rows"]!.AsArray();
        Assert.Equal(oof.Ids.Order(), rows.Select(row => (string)row!["id"]!).Order());
        Assert.All(rows, row =>
        {
            var at = oof.Ids.Index().Single(id => id.Item == (string)row!["id"]!).Index;
            Assert.Equal((oof.Labels![at], oof.Predicted(at), oof.Folds![at]), ((int)row!["label"]!, (int)row["predicted"]!, (int)row["fold"]!));
            Assert.Equal(oof.Row(at)[oof.Predicted(at)], (double)row["p"]!, 1e-6);
            Assert.NotEmpty((string)row["text"]!);
        });
        Assert.Equal(TinyRun.Cells, document["cells"]!.AsArray().Count);
        Assert.All(document["cells"]!.AsArray(), cell => Assert.Equal(6, cell!["curve"]!["loss"]!.AsArray().Count));
        Assert.Equal(["deep", "small"], document["data"]!["truncation"]!.AsArray().Select(one => (string)one!["member"]!));
        Assert.Equal((TinyRun.TrainRows, TinyRun.TestRows), ((int)document["data"]!["rows"]!, (int)document["data"]!["testRows"]!));
        Assert.Equal(File.ReadAllText(run.Result.Files.Recipe), (string)document["recipe"]!);
        Assert.Contains(document["slices"]!["slices"]!.AsArray(), slice => (string)slice!["column"]! == "length in characters");
    }

    [Fact]
    public void Predictions_are_explained_by_a_cell_that_did_not_see_the_row()
    {
        var document = Document(run.Result.Files.Report);
        var explanations = document["explanations"]!.AsArray();
        Assert.Equal(20, explanations.Count);
        Assert.Equal(20, explanations.Select(one => (int)one!["row"]!).Distinct().Count());
        Assert.Equal((int)document["topLosses"]![0]!, (int)explanations[0]!["row"]!);
        foreach (var one in explanations)
        {
            var row = document["rows"]![(int)one!["row"]!]!;
            Assert.Equal($"deep seed 1 fold {row["fold"]}", (string)one["cell"]!);
            Assert.Equal((int)row["predicted"]!, (int)one["predicted"]!);
            Assert.NotEqual((int)one["predicted"]!, (int)one["against"]!);
            var tokens = one["tokens"]!.AsArray();
            Assert.NotEmpty(tokens);
            Assert.DoesNotContain("[CLS]", tokens.Select(token => (string)token!));
            Assert.Equal((tokens.Count, tokens.Count), (one["gradient"]!.AsArray().Count, one["occlusion"]!.AsArray().Count));
            Assert.Contains(one["gradient"]!.AsArray(), value => (double)value! != 0);
        }
    }

    [Fact]
    public void The_command_writes_the_same_page_again()
    {
        using var folder = Shared.Temp();
        var outcome = CommandLine.Run("report", "--run", run.Folder, "--out", folder.File("a.html"), "--plots", folder.File("plots"));
        Assert.Equal(0, outcome.Code);
        Assert.Contains($"report: {folder.File("a.html")}", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(5, Directory.GetFiles(folder.File("plots"), "*.svg").Length);
        Assert.Equal(File.ReadAllText(run.Result.Files.Report), File.ReadAllText(folder.File("a.html")));
    }

    [Fact]
    public void Explaining_is_left_out_when_asked_and_done_for_as_many_as_asked()
    {
        using var folder = Shared.Temp();
        int Explained(string number)
        {
            Assert.Equal(0, CommandLine.Run("report", "--run", run.Folder, "--out", folder.File("a.html"), "--explain", number).Code);
            return Document(folder.File("a.html"))["explanations"]!.AsArray().Count;
        }
        Assert.Equal((0, 3), (Explained("0"), Explained("3")));
        CommandLine.Run("report", "--run", run.Folder, "--explain", "-1").IsWrongInput("--explain", "-1");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_the_data_file_or_with_another_the_report_says_so_and_does_without_texts(bool gone)
    {
        using var folder = Shared.Temp();
        var copy = run.Copy(folder);
        var train = folder.File("moved.csv");
        if (!gone) TinyRun.Rows("train.csv", train, 1, TinyRun.TrainRows);
        var recipe = Path.Combine(copy, "recipe.yaml");
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace(run.Input("train.csv"), train, StringComparison.Ordinal));
        Assert.Equal(0, CommandLine.Run("report", "--run", copy).Code);
        var document = Document(Path.Combine(copy, "report.html"));
        Assert.Contains(document["surprises"]!.AsArray(), one => ((string)one!["text"]!).Contains("texts, slices by column and explanations are left out", StringComparison.Ordinal));
        Assert.All(document["rows"]!.AsArray(), row => Assert.Null(row!["text"]));
        Assert.Equal(TinyRun.TrainRows, document["rows"]!.AsArray().Count);
    }

    [Fact]
    public void What_is_no_finished_run_is_wrong_input()
    {
        using var folder = Shared.Temp();
        CommandLine.Run("report", "--run", folder.Path).IsWrongInput(folder.Path, "tutti train");
        var copy = run.Copy(folder);
        File.Delete(Path.Combine(copy, "leaderboard.json"));
        CommandLine.Run("report", "--run", copy).IsWrongInput(copy, "repeat tutti train");
    }

    [Fact]
    public void A_recipe_says_how_many_rows_are_explained_without_making_cells_stale()
    {
        var without = run.Recipe with { Report = new() { Explain = 0 } };
        Assert.Equal(run.Recipe.Members.Select(member => run.Recipe.Fingerprint(member)), without.Members.Select(member => without.Fingerprint(member)));
        Assert.Contains("report.explain", Assert.Throws<ConfigException>(() => (run.Recipe with { Report = new() { Explain = -1 } }).Check()).Message, StringComparison.Ordinal);
    }
}
