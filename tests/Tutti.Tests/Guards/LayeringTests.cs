using System.Text.RegularExpressions;

namespace Tutti.Tests.Guards;

/// <summary>A folder of src/Tutti uses folders of a lower rank only.</summary>
public sealed partial class LayeringTests
{
    static readonly IReadOnlyList<string> files = Repository.Files(["src"], ".cs");

    static readonly Dictionary<string, HashSet<string>> types = files.GroupBy(Layers.FolderOf)
        .ToDictionary(group => group.Key, group => group.SelectMany(file => Layers.Declared(Repository.WithoutComments(Repository.Read(file)))).ToHashSet());

    [Fact]
    public void A_folder_uses_folders_of_lower_rank_only()
    {
        Assert.True(files.Count > 50, $"found only {files.Count} sources under {Shared.Root}");
        var found = files.SelectMany(file => Layers.Find(file, Repository.Read(file), types)).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Fact]
    public void Every_folder_has_a_rank()
    {
        var folders = files.Select(Layers.FolderOf).Distinct().Where(folder => folder is not ("" or "App") && !Layers.Ranks.ContainsKey(folder)).ToList();
        Assert.True(folders.Count == 0, $"without a rank in Layers.Ranks: {string.Join(", ", folders)}");
    }

    /// <summary>The finder knows a file's folder by its path; a namespace that differs would hide a use.</summary>
    [Fact]
    public void A_files_namespace_is_its_folder()
    {
        var wrong = files.Where(file => Namespace().Match(Repository.Read(file)) is { Success: true } match
            && match.Groups[1].Value != Path.GetDirectoryName(file)!.Replace("src/", "", StringComparison.Ordinal).Replace('/', '.'));
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("src/Tutti/Torch/Made.cs", "using Tutti.Nn;", "Torch uses Nn")]
    [InlineData("src/Tutti/Tables/Made.cs", "using Tutti.Torch;", "Tables uses Torch")]
    [InlineData("src/Tutti/Tables/Made.cs", "global using static Tutti.Text.Bpe;", "Tables uses Text")]
    [InlineData("src/Tutti/Models/Text/Made.cs", "using Rows = Tutti.Training.Example;", "Models uses Training")]
    [InlineData("src/Tutti/Models/Made.cs", "var x = new Evaluation.ConfusionMatrix([], [], 2);", "Models uses Evaluation")]
    [InlineData("src/Tutti/Reports/Made.cs", "Tutti.Recipes.Recipe? recipe = null;", "Reports uses Recipes")]
    [InlineData("src/Tutti/Reports/Made.cs", "using Tutti.Models;", "Reports uses Models")]          // lower in rank, but tensors
    [InlineData("src/Tutti/Made.cs", "using Tutti.Tables;", "the root of src/Tutti uses Tables")]
    [InlineData("src/Tutti/Recipes/Made.cs", "using Tutti.App;", "Recipes uses App")]
    [InlineData("src/Tutti/Nn/Made.cs", "using Tutti.Magic;", "uses Tutti.Magic, which has no rank")]
    public void A_violation_is_found_with_its_line(string file, string code, string what)
    {
        var found = Assert.Single(Layers.Find(file, $"// first line\n{code}\n", types));
        Assert.Equal((file, 2, what), (found.File, found.Line, found.What));
        Assert.Contains(found.Allowed, found.ToString());
    }

    [Theory]
    [InlineData("src/Tutti/Nn/Made.cs", "using Tutti.Torch;")]
    [InlineData("src/Tutti/Training/Made.cs", "using Tutti.Text;")]
    [InlineData("src/Tutti.App/Made.cs", "using Tutti.Recipes;")]
    [InlineData("src/Tutti/Torch/Made.cs", "// as Recipes.Run does\nvar n = recipe.Labels.Count;")]
    [InlineData("src/Tutti/Torch/Made.cs", "var s = Text.Trim(); /* Tutti.Nn.Linear */")]
    public void What_is_allowed_is_not_found(string file, string code) => Assert.Empty(Layers.Find(file, code, types));

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
