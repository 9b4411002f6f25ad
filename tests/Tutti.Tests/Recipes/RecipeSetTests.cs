using Tutti.Recipes;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

public class RecipeSetTests
{
    static Recipe With(params string[] settings) => RecipeTests.Parse(RecipeTests.Small, settings);

    static string Fault(params string[] settings) => Assert.Throws<ConfigException>(() => With(settings)).Message;

    [Fact]
    public void A_setting_changes_one_key()
    {
        Assert.Equal(RecipeTests.Parse(RecipeTests.Small) with { Train = new() { LearningRate = 1e-5 } }, With("train.learning-rate=1e-5"));
        Assert.Equal(Precision.Bf16, With("train.precision = bf16").Train.Precision);
    }

    [Fact]
    public void Later_settings_win() => Assert.Equal(8, With("train.batch=16", "train.batch=8").Train.Batch);

    [Fact]
    public void A_list_is_reached_by_position_and_grows_by_one()
    {
        var recipe = With("members.0.seeds=[1,2]", "members.1.model=other", "members.1.seeds=[7]", "members.1.seeds.0=8");
        Assert.Equal([1, 2], recipe.Members[0].Seeds);
        Assert.Equal(("/recipes/other", 8), (recipe.Members[1].Model.Folder, Assert.Single(recipe.Members[1].Seeds)));
    }

    [Fact]
    public void A_setting_may_hold_a_whole_section()
        => Assert.Equal(new FoldsConfig { Count = 3, Kind = Tutti.Tables.FoldKind.KFold }, With("data.folds={ count: 3, kind: k-fold }").Data.Folds);

    [Fact]
    public void Null_takes_a_key_out()
        => Assert.Equal(3, RecipeTests.Parse(RecipeTests.Small.Replace("label:", "validation: 0.1, label:", StringComparison.Ordinal), "data.folds=3", "data.validation=null").Data.Folds!.Count);

    [Theory]
    [InlineData("{a}")]
    [InlineData("{a} | {b}")]
    [InlineData("{a}: {b} # {c}")]
    [InlineData("[{a}] = {b}")]
    public void A_text_needs_no_quotes_of_yaml(string template) => Assert.Equal(template, With($"data.text={template}").Data.Text);

    [Fact]
    public void A_text_may_have_quotes_of_yaml() => Assert.Equal("{a}\t{b}", With("data.text=\"{a}\\t{b}\"").Data.Text);

    [Theory]
    [InlineData("train.bach=3", "train.bach: unknown key; did you mean 'batch'? (on the command line)")]
    [InlineData("tain.batch=3", "tain: unknown key; did you mean 'train'? (on the command line)")]
    [InlineData("train.batch=0", "train.batch: got 0, expected a whole number from 1 (on the command line)")]
    [InlineData("train.batch=", "train.batch: got nothing, expected a whole number (on the command line)")]
    [InlineData("train.batch={a", "train.batch: got '{a', expected a whole number (on the command line)")]
    [InlineData("members.0.seeds=3", "members.0.seeds: got '3', expected a list; write [3] (on the command line)")]
    [InlineData("members.3.seeds=[3]", "members.3: got '3', expected a position in the list: 0 to 1, the last of which adds an item (on the command line)")]
    [InlineData("members.x.seeds=[3]", "members.x: got 'x', expected a position in the list")]
    [InlineData("data.label.name=a", "data.label.name: cannot be set, since data.label is 'target'; set data.label as a whole (on the command line)")]
    [InlineData("train.batch", "--set: got 'train.batch', expected KEY=VALUE, such as train.learning-rate=1e-5")]
    [InlineData("=3", "--set: got '=3', expected KEY=VALUE")]
    [InlineData("train..batch=3", "--set: got 'train..batch=3', expected KEY=VALUE")]
    public void A_wrong_setting_says_where_it_was_given(string setting, string expected) => Assert.StartsWith(expected, Fault(setting), StringComparison.Ordinal);
}
