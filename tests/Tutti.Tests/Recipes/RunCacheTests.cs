using Tutti.Recipes;
using Tutti.Text;

namespace Tutti.Tests.Recipes;

/// <summary>The cache of encoded texts in a run.</summary>
[Collection(RunCollection.Name)]
public sealed class RunCacheTests(TinyRun run)
{
    [Fact]
    public void Another_run_on_the_same_rows_and_a_member_with_the_same_tokenizer_encode_nothing()
    {
        using var temp = Shared.Temp();
        using var cache = new OwnCache();
        var recipe = Two(run.Recipe);
        Assert.Equal([false, true], Encoded(recipe, temp.File("first")));
        var files = cache.Files;
        Assert.Equal(2, files.Length);                        // training rows and test rows
        Assert.Equal([true, true], Encoded(recipe, temp.File("second")));
        Assert.Equal([false, true], Encoded(recipe with { Train = recipe.Train with { MaxLength = 39 } }, temp.File("third")));
        Assert.Equal(File.ReadAllText(temp.File("first/oof.csv")), File.ReadAllText(temp.File("second/oof.csv")));
        Assert.Equal(4, cache.Files.Length);
    }

    [Fact]
    public void A_damaged_file_is_noted_and_the_run_is_the_same()
    {
        using var temp = Shared.Temp();
        using var cache = new OwnCache();
        var recipe = TinyRun.Single(run.Recipe);
        TinyRun.Train(recipe, temp.File("first"));
        foreach (var file in cache.Files) File.WriteAllText(file, "no tokens");
        var news = new KeptNews();
        TinyRun.Train(recipe, temp.File("second"), news);
        Assert.Equal(2, news.Notes.Count(note => note.StartsWith("small: ", StringComparison.Ordinal) && note.Contains("damaged", StringComparison.Ordinal)));
        Assert.Equal(File.ReadAllText(temp.File("first/oof.csv")), File.ReadAllText(temp.File("second/oof.csv")));
    }

    [Theory]
    [InlineData("TUTTI_CACHE", "own", "own/tokens")]
    [InlineData("XDG_CACHE_HOME", "xdg", "xdg/tutti/tokens")]
    [InlineData("HOME", "home", "home/.cache/tutti/tokens")]
    [InlineData("TUTTI_CACHE", "off", null)]
    public void The_folder_is_named_by_the_environment(string variable, string value, string? expected)
    {
        using var temp = Shared.Temp();
        using var own = new OwnCache();
        string[] names = ["TUTTI_CACHE", "XDG_CACHE_HOME", "HOME"];
        var before = names.Select(Environment.GetEnvironmentVariable).ToArray();
        try
        {
            foreach (var name in names) Environment.SetEnvironmentVariable(name, name == variable && value != "off" ? temp.File(value) : null);
            Directory.CreateDirectory(temp.File("home"));     // a home that is not there is none
            if (value == "off") Environment.SetEnvironmentVariable(variable, value);
            var cache = TokenCache.OfUser();
            var tokenizer = WordPieceTrainer.Train(["a fox"], 60);
            cache.EncodeAll(tokenizer, ["a fox"], 9, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal(expected is null ? [] : [temp.File(expected)], Directory.GetFiles(temp.Path, "*.tokens", SearchOption.AllDirectories).Select(Path.GetDirectoryName));
        }
        finally
        {
            foreach (var (name, old) in names.Zip(before)) Environment.SetEnvironmentVariable(name, old);
        }
    }

    static bool[] Encoded(Recipe recipe, string folder)
    {
        var news = new KeptNews();
        TinyRun.Train(recipe, folder, news);
        return [.. news.All.OfType<EncodedNews>().Select(encoded => encoded.Cached)];
    }

    /// <summary>Two small members that learn the same vocabulary.</summary>
    static Recipe Two(Recipe recipe) => recipe with
    {
        Members = [recipe.Members[1], recipe.Members[1] with { Name = "other", Model = recipe.Members[1].Model with { Hidden = 8 } }],
        Data = recipe.Data with { Folds = null, Validation = 0.5 },
    };
}
