using System.Text;
using System.Text.RegularExpressions;

namespace Tutti.Tests.Guards;

/// <summary>What git holds is the project's own, small, and the same on every machine.</summary>
public sealed class CleanlinessTests
{
    const int MaxBytes = 400 * 1024;

    // Made of parts, so that this file does not hold what it looks for.
    static readonly (string Name, Regex Regex)[] foreign =
    [
        ("a path of one machine", new($"(?<![\\w.~}}-])/(?:{string.Join('|', "work", "tmp", "root", "home", "Users", "mnt")})/\\w")),
        ("a path of one machine", new(@"(?<![\w])[A-Z]:\\" + "Users")),
        ("the host of a package source", new(string.Join('|', @"api\.nu" + @"get\.org", @"registry\.np" + @"mjs\.org", "artifact" + "ory", @"pypi\.org/" + "simple", @"proxy\.go" + @"lang\.org"), RegexOptions.IgnoreCase)),
        ("an address of a private network", new(@"(?<![\d.])(?:10\.\d{1,3}|192\." + @"168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\d.])")),
    ];

    [Fact]
    public void No_file_is_larger_than_400_KiB()
    {
        var large = Repository.Tracked().Select(file => (file, new FileInfo(Path.Combine(Shared.Root, file)).Length)).Where(pair => pair.Length > MaxBytes).ToList();
        Assert.True(large.Count == 0, string.Join('\n', large.Select(pair => $"{pair.file}: {pair.Length} bytes, at most {MaxBytes}")));
    }

    [Fact]
    public void No_recorded_real_texts_are_held() =>
        Assert.DoesNotContain(Repository.Tracked(), file => Path.GetFileName(file) is var name && name.StartsWith("real", StringComparison.Ordinal) && name.EndsWith(".jsonl", StringComparison.Ordinal));

    [Fact]
    public void No_file_names_a_machine_or_a_package_source()
    {
        var found = Repository.Tracked().Where(file => !IsData(file)).SelectMany(file => Text(file) is { } text ? Find(file, text) : []).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Theory]
    [InlineData("see /", "tmp/x", "a path of one machine")]
    [InlineData("cp \"/", "home/anna/a.csv\"", "a path of one machine")]
    [InlineData("https://api.", "nuget.org/v3", "the host of a package source")]
    [InlineData("host 10.", "1.2.3", "an address of a private network")]
    public void A_foreign_name_is_found(string first, string second, string name) => Assert.Contains(name, Assert.Single(Find("made.md", first + second)));

    [Theory]
    [InlineData("[workers](docs/work/)")]
    [InlineData("https://example.org/tmp-file")]
    [InlineData("version 10.0.111")]
    public void An_innocent_text_is_not(string text) => Assert.Empty(Find("made.md", text));

    static IEnumerable<string> Find(string file, string text) => foreign.SelectMany(item => item.Regex.Matches(text)
        .Select(match => $"{file}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {item.Name}: {match.Value}"));

    static bool IsData(string file) => file.StartsWith("tests/Tutti.Tests/Fixtures/", StringComparison.Ordinal) || file.EndsWith(".csv", StringComparison.Ordinal);

    static string? Text(string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Shared.Root, file));
        return bytes.AsSpan().Contains((byte)0) ? null : Encoding.UTF8.GetString(bytes);
    }
}
