using System.Diagnostics;
using FsCheck.Fluent;
using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public class RecipeYamlTests
{
    static string Fault(string yaml) => Assert.Throws<ConfigException>(() => RecipeYaml.Read(yaml, "r.yaml")).Message;

    [Fact]
    public void Every_value_knows_its_line()
    {
        var root = RecipeYaml.Read("""
            # a comment
            data:
              train: a.csv

              text: >
                folded
                text
            members:
              - model: m
                seeds: [1,
                  2]
            """, "r.yaml")!;
        Assert.Equal("line 2", root.At("data").Place);
        Assert.Equal("line 3", root.At("data.train").Place);
        Assert.Equal("line 5", root.At("data.text").Place);
        Assert.Equal("line 9", root.At("members.0.model").Place);
        Assert.Equal("line 11", root.At("members.0.seeds.1").Place);
        Assert.Equal("line 9", root.At("members.0.no-such-key").Place);
        Assert.Equal("folded text\n", root.At("data.text").Text);
    }

    [Fact]
    public void Scalars_keep_their_text_and_say_whether_they_were_quoted()
    {
        var root = RecipeYaml.Read("{ a: 007, b: '007', c: 1_000, d: , e: ~, f: 'null' }", "r.yaml")!;
        Assert.Equal(("007", false), (root.At("a").Text, root.At("a").Quoted));
        Assert.Equal(("007", true), (root.At("b").Text, root.At("b").Quoted));
        Assert.Equal("1_000", root.At("c").Text);
        Assert.Equal((true, true, false), (root.At("d").IsNull, root.At("e").IsNull, root.At("f").IsNull));
    }

    [Theory]
    [InlineData("a: 1\nb: 2\na: 3", "r.yaml, line 3: the key 'a' is written twice, first on line 1; keep one of them")]
    [InlineData("a:\n  b: { c: 1, c: 2 }", "r.yaml, line 2: the key 'c' is written twice")]
    [InlineData("a:\n  b: 1\n\tc: 2", "r.yaml, line 3: is not valid YAML: ")]
    [InlineData("a: 1\nb: [1, 2", "r.yaml, line 2: is not valid YAML: ")]
    [InlineData("a: 1\nb: 2: 3", "r.yaml, line 2: is not valid YAML: ")]
    [InlineData("a: \"open", "r.yaml, line 1: is not valid YAML: ")]
    [InlineData("a: &x 1\nb: *x", "r.yaml, line 1: anchors and aliases")]
    [InlineData("a: *x", "r.yaml, line 1: anchors and aliases")]
    [InlineData("a: !!int 1", "r.yaml, line 1: tags (")]
    [InlineData("a: 1\n---\nb: 2", "r.yaml, line 2: a second document starts here")]
    [InlineData("? [a, b]\n: 1", "r.yaml, line 1: expected a key, got a list")]
    public void What_cannot_be_used_is_refused_with_its_line(string yaml, string expected) => Assert.StartsWith(expected, Fault(yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("a:\n\tb: 1", 2)]
    [InlineData("a:\n  b: 1\n\tc: 2", 3)]
    [InlineData("a:\n  b: 1\n \t c: 2\n", 3)]
    public void Tabs_get_a_hint(string yaml, int line) => Assert.Equal($"r.yaml, line {line}: is not valid YAML: a tab in the indentation; indent with spaces", Fault(yaml));

    [Fact]
    public void Deep_nesting_is_refused_at_once()
    {
        var clock = Stopwatch.StartNew();                             // a guard against quadratic time, not a measurement
        Assert.Contains("levels of nesting", Fault(new string('[', 1_000_000)), StringComparison.Ordinal);
        Assert.Contains("levels of nesting", Fault(string.Concat(Enumerable.Range(0, 100).Select(i => new string(' ', i) + "a:\n"))), StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
    }

    [Fact]
    public void Whatever_is_written_the_error_is_one_the_user_can_mend()
    {
        // Pieces that YAML gives a meaning to, in any order: the reader may accept or refuse, never fail in another way.
        string[] pieces = ["a", "data", ": ", ":", "\n", "\n  ", "\n\t", "- ", "[", "]", "{", "}", ", ", "\"", "'", "|", ">", "&x ", "*x", "!!str ", "#", " #", "---", "...", "%YAML 1.2\n", "? ", "~", "1e3", "\\", "\u00e9", "\U0001F600", "\0", "\u2028", "\r", "@", "`", "<<"];
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Gen.Elements(pieces).ListOf().Select(list => string.Concat(list)).ToArbitrary(), text =>
        {
            try { Recipe.Parse(text, "/recipes"); }
            catch (ConfigException) { }
        }));
        foreach (var seed in Enumerable.Range(0, 20000))
        {
            var state = (ulong)seed * 0x9E3779B97F4A7C15 + 1;
            var text = string.Concat(Enumerable.Range(0, 4 + seed % 20).Select(_ => pieces[(state = state * 6364136223846793005 + 1442695040888963407) % 2147483647 % (ulong)pieces.Length]));
            try { Recipe.Parse(text, "/recipes"); }
            catch (ConfigException) { }
        }
    }
}
