namespace Tutti.Tests.Guards;

/// <summary>A file is short enough to be read at one sitting.</summary>
public sealed class SizeTests
{
    const int Limit = 400;

    /// <summary>Tables that nobody reads from top to bottom may be longer: each with its reason.</summary>
    static readonly Dictionary<string, string> exceptions = [];

    [Fact]
    public void No_code_file_is_longer_than_400_lines()
    {
        var lines = Repository.Files(["src", "tests", "bench", "native", "samples", ".ci"], ".cs", ".cpp", ".h", ".sh", ".py", "/run").Append("tutti")
            .ToDictionary(file => file, file => File.ReadLines(Path.Combine(Shared.Root, file)).Count());
        foreach (var folder in lines.GroupBy(pair => Folder(pair.Key)).OrderBy(group => group.Key, StringComparer.Ordinal))
            TestContext.Current.TestOutputHelper?.WriteLine($"{folder.Key,-32}{folder.Count(),4} files{folder.Sum(pair => pair.Value),7} lines, the longest {folder.Max(pair => pair.Value),4}");
        var longer = lines.Where(pair => pair.Value > Limit && !exceptions.ContainsKey(pair.Key)).Select(pair => $"{pair.Key}: {pair.Value} lines, at most {Limit}").ToList();
        Assert.True(longer.Count == 0, string.Join('\n', longer));
        Assert.True(lines.Count > 100, $"found only {lines.Count} files under {Shared.Root}");
    }

    [Fact]
    public void Every_exception_is_still_needed() =>
        Assert.All(exceptions.Keys, file => Assert.True(File.ReadLines(Path.Combine(Shared.Root, file)).Count() > Limit, $"{file} is short enough now"));

    static string Folder(string file) => string.Join('/', file.Split('/')[..^1].Take(3)) is { Length: > 0 } folder ? folder : ".";
}
