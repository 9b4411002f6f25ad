using Tutti.Recipes;
using Tutti.Tests.App;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.Samples;

/// <summary>samples/movielens.yaml loads everywhere, and runs where the data are.</summary>
[Collection(RunCollection.Name)]
public sealed class MovieLensSampleTests
{
    static readonly string sample = Path.Combine(Shared.Root, "samples", "movielens.yaml");

    [Fact]
    public void The_recipe_loads_and_has_fastai_s_lesson_first()
    {
        var first = RatingsRecipe.Load(sample).Members[0];
        Assert.Equal(("dot-bias", 50), (first.Model, first.Factors));
        Assert.Equal([0.0, 5.5], first.Range!);
    }

    [Fact]
    public void An_official_part_is_learnt_scored_and_recommended_from()
    {
        var data = Shared.Data("movielens100k");
        using var temp = Shared.Temp();
        var outcome = CommandLine.Run("train", sample, "--run", temp.File("run"), "--set", $"data.train={data}/u1.base", "--set", $"data.valid={data}/u1.test", "--set", $"data.items.file={data}/u.item",
            "--set", "members=[ { model: dot-bias, factors: 16, range: [0, 5.5] } ]", "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("u1.test", outcome.Error, StringComparison.Ordinal);
        var board = System.Text.Json.Nodes.JsonNode.Parse(outcome.Out)!.AsArray();
        double Rmse(string name) => board.Single(row => row!["name"]!.ToString() == name)!["rmse"]!["value"]!.GetValue<double>();
        Assert.Equal(20_000, board[0]!["rmse"]!["n"]!.GetValue<int>());
        Assert.True(Rmse("dot-bias seed 1") < 0.95 && Rmse("dot-bias seed 1") < Rmse("averages"), outcome.Out);
        var recommended = CommandLine.Run("recommend", "--run", temp.File("run"), "--user", "42", "--top", "3");
        Assert.True(recommended.Code == 0, recommended.Error);
        Assert.Contains("(19", recommended.Out, StringComparison.Ordinal);
        Assert.Contains("Misérables", File.ReadAllText(temp.File("run/items.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void All_official_parts_are_run_in_one_command_within_the_errors_that_are_asked_for()
    {
        var data = Shared.Data("movielens100k");
        using var temp = Shared.Temp();
        var outcome = CommandLine.Run("train", sample, "--run", temp.File("run"), "--set", "data.folds=[1,2,3,4,5]", "--set", $"data.train={data}/u{{fold}}.base", "--set", $"data.valid={data}/u{{fold}}.test", "--set", $"data.items.file={data}/u.item",
            "--set", "members=[ { model: svd-plus-plus }, { model: biased-factors, range: [0, 5.5] } ]", "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        var board = System.Text.Json.Nodes.JsonNode.Parse(outcome.Out)!.AsArray();
        System.Text.Json.Nodes.JsonNode Row(string name) => board.Single(row => row!["name"]!.ToString() == name)!;
        Assert.Equal(100_000, board[0]!["rmse"]!["n"]!.GetValue<int>());
        Assert.All(board, row => Assert.Equal(["1", "2", "3", "4", "5"], row!["folds"]!.AsArray().Select(fold => fold!["name"]!.ToString())));
        Assert.All(board[0]!["folds"]!.AsArray(), fold => Assert.Equal(20_000, fold!["rmse"]!["n"]!.GetValue<int>()));
        // What is asked of SVD++ and of a blend on these five parts.
        Assert.InRange(Row("svd-plus-plus seed 1")["rmse"]!["value"]!.GetValue<double>(), 0.85, 0.919);
        Assert.InRange(Row("blend (linear)")["rmse"]!["value"]!.GetValue<double>(), 0.85, 0.905);
    }
}
