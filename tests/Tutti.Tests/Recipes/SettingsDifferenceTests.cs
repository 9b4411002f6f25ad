using System.Text.Json.Nodes;
using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public class SettingsDifferenceTests
{
    static JsonObject Node(params string[] settings)
    {
        var recipe = RecipeTests.Parse(RecipeTests.Small, settings);
        return recipe.FingerprintNode(recipe.Members[0]);
    }

    [Theory]
    [InlineData("train.batch=64", "train.batch: was 32, is 64")]
    [InlineData("train.learning-rate=1e-5", "train.learning-rate: was 2e-05, is 1e-05")]
    [InlineData("train.schedule=one-cycle", "train.schedule: was linear, is one-cycle")]
    [InlineData("train.dropout=0.2", "train.dropout: was not set, is 0.2")]
    [InlineData("train.class-weights={ yes: 2 }", "train.class-weights: was none, is {\"yes\":2}")]
    [InlineData("data.text={a} and {b}", "data.text: was '{text}', is '{a} and {b}'")]
    [InlineData("data.format.delimiter=tab", "data.format.delimiter: was not set, is tab")]
    [InlineData("data.labels=[yes, no]", "data.labels: was not set, is [\"yes\",\"no\"]")]
    [InlineData("members.0.train.batch=64", "train.batch: was 32, is 64")]
    [InlineData("seed=3", "seed: was 0, is 3")]
    public void A_changed_setting_is_named_as_a_recipe_spells_it(string setting, string line)
    {
        Assert.Equal([line], SettingsDifference.Of(Node(), Node(setting)));
        // As it is when the settings then were read from a file.
        Assert.Equal([line], SettingsDifference.Of(JsonNode.Parse(Node().ToJsonString(RecipeJson.Options))!.AsObject(), Node(setting)));
    }

    [Fact]
    public void A_setting_that_was_taken_out_is_named() => Assert.Equal(["train.dropout: was 0.2, is not set"], SettingsDifference.Of(Node("train.dropout=0.2"), Node()));

    [Fact]
    public void A_section_on_one_side_only_is_named_key_by_key() =>
        Assert.Equal(["data.folds.count: was 3, is not set", "data.folds.seed: was 1, is not set"],
            SettingsDifference.Of(Of("""{ "data": { "folds": { "count": 3, "seed": 1 } } }"""), Of("""{ "data": {} }""")));

    [Fact]
    public void Equal_settings_have_no_difference_in_whatever_order_they_stand() =>
        Assert.Empty(SettingsDifference.Of(Of("""{ "a": 1, "b": { "c": "x", "d": null } }"""), Of("""{ "b": { "c": "\u0078" }, "a": 1 }""")));

    [Fact]
    public void Other_contents_are_said_without_their_hashes()
    {
        var recipe = RecipeTests.Parse(RecipeTests.Small);
        Assert.Equal(["data.train: the contents of its files are others"],
            SettingsDifference.Of(recipe.FingerprintNode(recipe.Members[0], new('a', 64), new('c', 64)), recipe.FingerprintNode(recipe.Members[0], new('b', 64), new('c', 64))));
    }

    [Fact]
    public void At_most_five_are_named_and_the_others_counted()
    {
        var was = Of("""{ "train": { "a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1 } }""");
        var now = Of("""{ "train": { "a": 2, "b": 2, "c": 2, "d": 2, "e": 2, "f": 2, "g": 2 } }""");
        Assert.Equal(["train.a: was 1, is 2", "train.b: was 1, is 2", "train.c: was 1, is 2", "train.d: was 1, is 2", "train.e: was 1, is 2", "and 2 more"], SettingsDifference.Of(was, now));
        now["train"]!["f"] = 1;
        now["train"]!["g"] = 1;
        Assert.Equal(5, SettingsDifference.Of(was, now).Count);
    }

    [Fact]
    public void A_long_text_is_cut()
    {
        var line = Assert.Single(SettingsDifference.Of(Node(), Node("data.text=" + new string('x', 500) + "{text}")));
        Assert.InRange(line.Length, 60, 120);
        Assert.EndsWith("...'", line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fingerprint_is_that_of_the_settings_that_are_compared()
    {
        var recipe = RecipeTests.Parse(RecipeTests.Small);
        Assert.Equal(recipe.Fingerprint(recipe.Members[0], "d", "m"), RecipeJson.Hash(recipe.FingerprintNode(recipe.Members[0], "d", "m")));
        Assert.Equal("d", (string)recipe.FingerprintNode(recipe.Members[0], "d", "m")["data"]!["train"]!);
    }

    static JsonObject Of(string json) => JsonNode.Parse(json)!.AsObject();
}
