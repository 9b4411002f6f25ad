using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tutti.Vision;

namespace Tutti.Tests.Samples;

/// <summary>The samples compile, run, and print what they promise.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task A_recipe_trains_and_its_run_classifies_texts()
    {
        using var folder = Root();
        var printed = await Sample.Start(await Sample.Compile("01-recipe.cs", folder), folder.Path);
        Assert.Contains("tiny  accuracy", printed, StringComparison.Ordinal);
        Assert.Contains("always '0'", printed, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllLines(folder.File("samples/disaster/test.csv")).Length, File.ReadAllLines(folder.File("runs/01-recipe/submission.csv")).Length);

        printed = await Sample.Start(await Sample.Compile("02-classifier.cs", folder), folder.Path);
        var lines = Regex.Matches(printed, @"^([01]): ([\d.]+)", RegexOptions.Multiline);
        Assert.Equal(["0", "1"], lines.Select(line => line.Groups[1].Value).Order());
        Assert.Equal(1, lines.Sum(line => double.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture)), 0.0011);    // two numbers of three digits
        Assert.Equal(2, Regex.Count(printed, "for class 1"));
    }

    [Fact]
    public async Task The_parts_train_a_model_and_save_it_for_others()
    {
        using var folder = Root();
        var printed = await Sample.Start(await Sample.Compile("03-parts.cs", folder), folder.Path, "model");
        Assert.Matches(@"(?m)^\d+ updates, \d+ tokens/s", printed);
        Assert.Matches(@"(?m)^accuracy: 0\.\d+", printed);
        Assert.Equal("bert", JsonNode.Parse(File.ReadAllText(folder.File("model/config.json")))!["model_type"]!.GetValue<string>());
        Assert.True(File.Exists(folder.File("model/model.safetensors")) && File.Exists(folder.File("model/vocab.txt")));
    }

    [Fact]
    public async Task Two_first_networks_of_pictures_learn()
    {
        using var folder = Root();
        var printed = await Sample.Start(await Sample.Compile("first-networks.cs", folder), folder.Path, "3");
        Assert.Equal(["401,795", "23,891"], Regex.Matches(printed, @"(?m)^small-\w+: ([\d,]+) weights, [\d.]+ ?% of 300 new pictures right").Select(line => line.Groups[1].Value));
    }

    [Fact]
    public async Task A_loss_of_one_s_own_costs_less_by_its_own_measure()
    {
        using var folder = Root();
        var printed = await Sample.Start(await Sample.Compile("custom-loss.cs", folder), folder.Path, "15");
        double Cost(string name) => double.Parse(Regex.Match(printed, $@"(?m)^{name}: cost ([\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(Cost("own loss") < 0.8 * Cost("squared error"), printed);
    }

    [Fact]
    public async Task Rice_leaves_are_drawn_the_same_every_time_with_some_targets_missing()
    {
        using var folder = Root();
        var program = await Sample.Compile("rice-leaves.cs", folder);
        Assert.Contains("60 rows to learn from and 20 to predict", await Sample.Start(program, folder.Path, "one", "60", "20"), StringComparison.Ordinal);
        await Sample.Start(program, folder.Path, "two", "60", "20");
        foreach (var name in (string[])["train.csv", "test.csv", "truth.csv", "images/100000.png", "images/100079.png"]) Assert.Equal(File.ReadAllBytes(folder.File($"one/{name}")), File.ReadAllBytes(folder.File($"two/{name}")));
        var rows = File.ReadAllLines(folder.File("one/train.csv"))[1..].Select(line => line.Split(',')).ToArray();
        Assert.All((int[])[1, 2], column => Assert.InRange(rows.Count(row => row[column].Length == 0), 1, 30));
        Assert.Equal(80, Directory.GetFiles(folder.File("one/images")).Length);
    }

    [Fact]
    public async Task Pictures_are_drawn_in_a_folder_for_each_class()
    {
        using var folder = Root();
        var printed = await Sample.Start(await Sample.Compile("draw-pictures.cs", folder), folder.Path, "runs/drawn", "6", "24");
        Assert.Contains("8 classes, 6 pictures of each", printed, StringComparison.Ordinal);
        var drawn = PictureList.OfFolders(folder.File("runs/drawn/train"));
        Assert.Equal(48, new PictureSource().All(drawn.Items, (_, picture) => Convert.ToHexString(picture.Pixels), TestContext.Current.CancellationToken).Distinct().Count());
        Assert.Equal(8, drawn.Labels.Distinct().Count());
    }

    [Fact]
    public void Every_sample_is_run_by_a_test_and_says_how_to_run_it() => Assert.All(Directory.EnumerateFiles(Path.Combine(Shared.Root, "samples"), "*.cs"), file =>
    {
        var lines = File.ReadAllLines(file);
        Assert.InRange(lines.Length, 15, 70);
        Assert.Equal("#:project ../src/Tutti/Tutti.csproj", lines[0]);
        Assert.Contains(lines, line => line.Contains($"dotnet run samples/{Path.GetFileName(file)}", StringComparison.Ordinal));
        Assert.Contains($"\"{Path.GetFileName(file)}\"", File.ReadAllText(Path.Combine(Shared.Root, "tests/Tutti.Tests/Samples/SampleTests.cs")), StringComparison.Ordinal);
    });

    /// <summary>As a reader does it; builds the library in its debug configuration.</summary>
    [Fact, Trait("Category", "Slow")]
    public async Task Dotnet_run_starts_a_sample()
    {
        using var folder = Shared.Temp();
        var (code, output) = await Sample.Run(Shared.Root, "dotnet", ["run", "samples/03-parts.cs", "--", folder.File("model")]);
        Assert.True(code == 0, output);
        Assert.True(File.Exists(folder.File("model/model.safetensors")));
    }

    // A folder that a sample takes for the repository's root.
    static TempFolder Root()
    {
        var folder = Shared.Temp();
        Directory.CreateSymbolicLink(folder.File("samples"), Path.Combine(Shared.Root, "samples"));
        return folder;
    }
}
