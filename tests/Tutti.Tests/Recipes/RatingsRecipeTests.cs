using Tutti.Recipes;
using Tutti.Recommend;

namespace Tutti.Tests.Recipes;

public sealed class RatingsRecipeTests
{
    const string Small = "task: ratings\ndata: { train: u.data }\nmembers: [ { model: dot-bias } ]\n";

    static string Fault(string yaml) => Assert.Throws<ConfigException>(() => RatingsRecipe.Parse(yaml, "/recipes")).Message;

    [Fact]
    public void The_least_recipe_has_defaults_and_full_paths_and_loads_back_equal()
    {
        var recipe = RatingsRecipe.Parse(Small, "/recipes");
        Assert.Equal(("/recipes/u.data", "user", "item", "rating", Duplicates.Error), (recipe.Data.Train, recipe.Data.User, recipe.Data.Item, recipe.Data.Rating, recipe.Data.Duplicates));
        Assert.Equal(("dot-bias", 10, RatingBlendMethod.Linear), (recipe.Members[0].Name, recipe.Top.K, recipe.Blend));
        Assert.Equal(recipe, RatingsRecipe.Parse(recipe.ToYaml("a comment"), "/elsewhere"));
    }

    [Fact]
    public void Settings_change_keys_and_members_without_a_name_get_one()
    {
        var recipe = RatingsRecipe.Parse("task: ratings\ndata: { train: u.data, user: 1 }\nmembers: [ { model: dot-bias }, { model: dot-bias, factors: 8 }, { model: averages } ]", "/", "members.0.factors=20", "data.split=per-user", "members.1.search={ factors: [4, 8] }");
        Assert.Equal(["dot-bias", "dot-bias-2", "averages"], recipe.Members.Select(member => member.Name));
        Assert.Equal((20, RatingsSplitKind.PerUser, "1"), (recipe.Members[0].Factors, recipe.Data.Split.Kind, recipe.Data.User));
        Assert.Equal([4, 8], recipe.Members[1].Search!.Of(recipe.Members[1].Settings).Select(settings => settings.Factors!.Value));
    }

    [Theory]
    [InlineData("factors: 3", "factors: unknown key here; did you mean 'members.N.factors'")]
    [InlineData("data: { train: u.data, usr: 1 }", "data.usr: unknown key; did you mean 'user'?")]
    [InlineData("data: { train: u.data, range: [5, 1] }", "data.range: expected two numbers, the lower first")]
    [InlineData("data: { train: u.data, duplicates: sum }", "data.duplicates: got 'sum', expected error, first, last or mean")]
    [InlineData("data: { train: u.data, split: time }", "data.time: is required for split: time")]
    [InlineData("data: { train: u.data, split: { kind: per-user, share: 0.1 } }", "data.split.share: is of kinds random and time")]
    [InlineData("data: { train: u.data, split: { count: 2 } }", "data.split.count: is of kind per-user, not of random")]
    [InlineData("data: { train: u.data, valid: v.data, split: per-user }", "data.split: is given together with valid")]
    [InlineData("data: { train: u.data, items: { file: u.item, format: { encoding: klingon } } }", "data.items.format.encoding: got 'klingon'")]
    [InlineData("members: [ { model: dot-bais } ]", "members.0.model: got 'dot-bais', expected averages, dot-bias")]
    [InlineData("members: [ { model: dot-bias, layers: [5] } ]", "members.0.layers: means nothing to dot-bias, which reads factors, epochs, batch")]
    [InlineData("members: [ { model: averages, factors: 5 } ]", "members.0.factors: means nothing to averages, which reads no settings")]
    [InlineData("members: [ { model: dot-bias, factors: 0 } ]", "members.0.factors: got 0, expected")]
    [InlineData("members: [ { model: dot-bias, range: [1] } ]", "members.0.range: expected two numbers")]
    [InlineData("members: [ { model: dot-bias, seeds: [1, 1] } ]", "members.0.seeds: expected whole numbers from 0, at least one and none twice")]
    [InlineData("members: [ { model: dot-bias, name: a/b } ]", "members.0.name: got 'a/b'")]
    [InlineData("members: [ { model: dot-bias, name: a }, { model: averages, name: A } ]", "members.1.name: got 'a' again")]
    [InlineData("members: [ { model: dot-bias, search: { regularization: [1] } } ]", "members.0.search.regularization: means nothing to dot-bias")]
    [InlineData("members: [ { model: dot-bias, search: { factors: [0] } } ]", "members.0.search.factors: expected a list of numbers from 1")]
    [InlineData("members: []", "members: got an empty list")]
    [InlineData("task: regression", "task: got 'regression', expected ratings")]
    public void Faults_are_named_with_their_key(string line, string expected)
    {
        var key = line[..line.IndexOf(':', StringComparison.Ordinal)];
        var yaml = string.Concat(Small.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(other => !other.StartsWith(key + ":", StringComparison.Ordinal)).Append(line).Select(part => part + "\n"));
        Assert.StartsWith(expected, Fault(yaml), StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_of_this_task_is_known_by_its_task_and_refused_by_what_learns_texts()
    {
        using var temp = Shared.Temp();
        var file = temp.Write("r.yaml", Small);
        Assert.True(RatingsRecipe.Is(file));
        Assert.False(RatingsRecipe.Is(temp.Write("t.yaml", RecipeTests.Small)));
        Assert.False(RatingsRecipe.Is(temp.Write("broken.yaml", "a: [")) || RatingsRecipe.Is(temp.File("missing.yaml")));
        Assert.Contains("is ratings, whose recipes have keys of their own", Assert.Throws<ConfigException>(() => Recipe.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_model_that_is_listed_can_be_named()
    {
        foreach (var kind in RatingModels.All) Assert.Equal(kind.Name, RatingsRecipe.Parse(Small.Replace("dot-bias", kind.Name, StringComparison.Ordinal), "/").Members[0].Model);
        var text = File.ReadAllText(Path.Combine(Shared.Root, "docs", "ratings.md"));
        Assert.All(RatingModels.All, kind => Assert.Contains($"| `{kind.Name}` | ", text, StringComparison.Ordinal));
    }
}
