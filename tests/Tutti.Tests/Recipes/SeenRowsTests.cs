using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public sealed class SeenRowsTests
{
    [Fact]
    public void Rows_that_a_holdout_keeps_out_of_training_are_not_seen()
    {
        using var temp = Shared.Temp();
        TinyRun.Write(temp);
        var recipe = Recipe.Load(temp.File("recipe.yaml"), "data.folds=null", "data.validation=0.25");
        var data = RunData.Open(recipe);
        SeenRows.Write(temp.File("seen.txt"), data);
        var seen = SeenRows.Read(temp.File("seen.txt"));
        for (var row = 0; row < data.Train.Count; row++)
            Assert.Equal(data.Folds.Of(row) != 0, seen.Contains(SeenRows.Key(data.Train, row, data.Text, data.Pair)));
        Assert.Contains(Enumerable.Range(0, data.Train.Count), row => data.Folds.Of(row) == 0);
    }

    [Fact]
    public void With_several_folds_every_row_is_seen()
    {
        using var temp = Shared.Temp();
        TinyRun.Write(temp);
        var data = RunData.Open(Recipe.Load(temp.File("recipe.yaml")));
        SeenRows.Write(temp.File("seen.txt"), data);
        var seen = SeenRows.Read(temp.File("seen.txt"));
        Assert.All(Enumerable.Range(0, data.Train.Count), row => Assert.Contains(SeenRows.Key(data.Train, row, data.Text, data.Pair), seen));
    }
}
