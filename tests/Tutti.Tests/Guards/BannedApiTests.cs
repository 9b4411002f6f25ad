using System.Text.RegularExpressions;

namespace Tutti.Tests.Guards;

/// <summary>What the code must not call, and why. Comments are not read; texts in quotes are.</summary>
public sealed class BannedApiTests
{
    sealed record Rule(string Pattern, string Instead, string[] Folders, Func<string, bool>? Except = null)
    {
        public Regex Regex { get; } = new(Pattern, RegexOptions.Multiline);
    }

    static readonly string[] product = ["src", "bench", "samples"];
    static readonly string[] all = ["src", "bench", "samples", "tests"];
    const string Numbers = "(?:s?byte|u?short|u?int|u?long|Half|float|double|decimal|U?Int(?:16|32|64|128)|Single|Double|Decimal|DateTime|DateTimeOffset|DateOnly|TimeOnly|TimeSpan)";

    static readonly Rule[] rules =
    [
        new(@"\bDateTime(Offset)?\.(Now|Today)\b", "TimeProvider, in UTC", all),
        new(@"\bRandom\.Shared\b", "a stream derived from a seed", all),
        new(@"\bnew\s+(System\.)?Random\s*\(", "a stream derived from a seed: System.Random's algorithm is not specified", product),
        new(@"\bGC\.Collect\s*\(", "scopes, which free at once", product),
        new(@"(?:\)|\b\w*[Tt]ask\w*)\.Result\b(?!\s*\()|\.Wait\(\)", "await", product),
        new(@"\bunsafe\b", "spans; unsafe code stands in Torch only", ["src", "bench", "samples"], file => file.StartsWith("src/Tutti/Torch/", StringComparison.Ordinal)),
        new(@"(?<![\w.])Console\.", "a result, or IProgress; only programs print", ["src"], file => file.StartsWith("src/Tutti.App/", StringComparison.Ordinal)),
        new(@"\bcatch\b\s*(\([^)]*\))?\s*(when\s*\([^{]*\))?\s*\{\s*\}", "handle it, or let it pass", product),
        new(@"\bNotImplementedException\b", "the code", all),
        new(@"\bTODO\b|\bFIXME\b", "the code", all),
        new($@"\b{Numbers}\.(Try)?Parse\s*\((?![^;]*?(Invariant|NumberStyles|culture))", "CultureInfo.InvariantCulture", product),
        new(@"\.ToString\(\s*\$?""[^""]*""\s*\)", "ToString(format, CultureInfo.InvariantCulture)", product),
    ];

    [Fact]
    public void No_source_calls_what_is_banned()
    {
        var found = rules.SelectMany(rule => Repository.Files(rule.Folders, ".cs").Where(file => rule.Except?.Invoke(file) != true && !file.StartsWith("tests/Tutti.Tests/Guards/", StringComparison.Ordinal))
            .SelectMany(file => Find(rule, file, Repository.Read(file)))).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Theory]
    [InlineData("var now = DateTime.Now;")]
    [InlineData("Random.Shared.Next();")]
    [InlineData("var r = new Random(5);")]
    [InlineData("GC.Collect();")]
    [InlineData("var x = Load().Result;")]
    [InlineData("var x = loadTask.Result;")]
    [InlineData("unsafe void F() { }")]
    [InlineData("Console.WriteLine(1);")]
    [InlineData("try { F(); } catch { }")]
    [InlineData("try { F(); }\ncatch (IOException)\n{\n    // never mind\n}")]
    [InlineData("throw new NotImplementedException();")]
    [InlineData("var x = double.Parse(text);")]
    [InlineData("if (int.TryParse(text, out var n)) return n;")]
    [InlineData("var s = x.ToString(\"F2\");")]
    public void Each_is_found(string code) => Assert.Single(rules.SelectMany(rule => Find(rule, "made.cs", code)));

    [Theory]
    [InlineData("return state.Result(peak);")]
    [InlineData("case News news: Show(news.Result);")]
    [InlineData("// new Random(5) would differ between versions")]
    [InlineData("var x = double.Parse(\n    text, CultureInfo.InvariantCulture);")]
    [InlineData("var s = x.ToString(\"F2\", CultureInfo.InvariantCulture);")]
    [InlineData("try { F(); } catch { G(); throw; }")]
    public void What_is_fine_is_not_found(string code) => Assert.Empty(rules.SelectMany(rule => Find(rule, "made.cs", code)));

    static IEnumerable<string> Find(Rule rule, string file, string code)
    {
        var clean = Repository.WithoutComments(code);
        return rule.Regex.Matches(clean).Select(match => $"{file}:{clean.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value.ReplaceLineEndings(" ").Trim()}; use instead: {rule.Instead}");
    }
}
