using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Tutti.Text;

namespace Tutti.Tests.Text;

public class TextRulesTests
{
    /// <summary>What rules look for, in any order: halves of pairs, white space of Python, sigmas, references to characters, repetitions.</summary>
    static readonly Gen<string> Texts = Gen.Elements("a", "A", "no", "No ", "NO", " ", "  ", "\n", "\t", "\u001C", "\u0085", "\u00A0", ".", "...", "/", "#", "\\", "\\n", "&", "&#", "&#x", "39;", "amp", ";", "&notit;",
            "<br />", "<unk>", "xxrep 3 ", "xxmaj", "\u03A3", "\u0130", "\u00DF", "\uD83D", "\uDE00", "\U0001F600", "\U0001F600\U0001F600", "\u4E2D", "e\u0301", "''", "\"", "don't", "z.b.", "5km", "\0", "\uFFFD", "_", "-", "1")
        .ListOf().Select(parts => string.Concat(parts.Take(24)));

    static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(2000);

    static readonly Func<string, string>[] all =
    [
        TextRules.FixHtml, TextRules.ReplaceRepetitions, TextRules.ReplaceWordRepetitions, TextRules.AddSpaces, TextRules.RemoveUselessSpaces, TextRules.ReplaceAllCaps,
        TextRules.ReplaceCapitalized, text => TextRules.Lowercase(text), text => TextRules.Apply(text), TextRules.ReplaceSpace,
    ];

    [Fact]
    public void Rules_take_any_text() => Prop.ForAll(Arb.From(Texts), text => all.All(rule => rule(text) is not null)).Check(Many);

    [Fact]
    public void Rules_take_any_characters() =>
        Prop.ForAll(Arb.From(Gen.Choose(0, 0xFFFF).ListOf().Select(codes => string.Concat(codes.Select(code => (char)code)))), text => all.All(rule => rule(text) is not null)).Check(Many);

    [Fact]
    public void Blanks_capitals_and_lower_case_are_done_once() => Prop.ForAll(Arb.From(Texts), text =>
        Same(TextRules.RemoveUselessSpaces, text) && Same(TextRules.ReplaceAllCaps, text) && Same(TextRules.ReplaceCapitalized, text) && Same(TextRules.ReplaceSpace, text)
        && Same(line => TextRules.Lowercase(line, begin: false), TextRules.ReplaceAllCaps(text).Replace("\u0130", "", StringComparison.Ordinal))).Check(Many);

    /// <summary>In ASCII .NET's regular expressions agree with Python's, so that the rules can be said in one line each.</summary>
    [Fact]
    public void Rules_of_ascii_equal_regular_expressions() => Prop.ForAll(
        Arb.From(Gen.Elements("a", "A", "no", "No ", "no ", "NO", " ", "  ", "\n", "\t", ".", "!", "'", "_", "1", "the the the", "aaa", "AB", "aB", "Ab", "-").ListOf().Select(parts => string.Concat(parts.Take(16)))), text =>
        {
            var repeated = Regex.Replace(text, @"(\S)\1{2,}", match => $" xxrep {match.Length} {match.Groups[1]} ");
            var words = Regex.Replace(text, @"(?:^|\s)(\w+)(\s+\1(?!\w)){2,}([\s\S]|$)", match => $" xxwrep {match.Groups[2].Captures.Count + 1} {match.Groups[1]} {match.Groups[3]}");
            var capitals = Regex.Replace(text, @"(?<!\S)[A-Z][^a-z\s]*(?!\S)", match => (match.Length > 1 ? "xxup " : "") + match.Value.ToLowerInvariant());
            var names = Regex.Replace(text, @"(?<!\S)[A-Z][^A-Z\s]*(?!\S)", match => (match.Length > 1 ? "xxmaj " : "") + match.Value.ToLowerInvariant());
            return (repeated, words, capitals, names)
                == (TextRules.ReplaceRepetitions(text), TextRules.ReplaceWordRepetitions(text), TextRules.ReplaceAllCaps(text), TextRules.ReplaceCapitalized(text));
        }).Check(Many);

    static bool Same(Func<string, string> rule, string text) => rule(rule(text)) == rule(text);

    [Fact]
    public void However_long_a_repetition_is_it_becomes_one_mark()
    {
        Assert.Equal("xxbos xxrep 1000000 a", TextRules.Apply(new string('a', 1_000_000)));
        Assert.Equal("xxbos xxwrep 300000 no", TextRules.Apply(string.Concat(Enumerable.Repeat("no ", 300_000))));
    }

    /// <summary>Python's html.unescape, from its documented rules.</summary>
    [Theory]
    [InlineData("&eacute &eacute; &Eacute", "\u00E9 \u00E9 \u00C9")]
    [InlineData("&notit; &notin; &not", "\u00ACit; \u2209 \u00AC")]
    [InlineData("&CounterClockwiseContourIntegral;", "\u2233")]
    [InlineData("&CounterClockwiseContourIntegral", "&CounterClockwiseContourIntegral")]
    [InlineData("&bne;&NotEqualTilde;&fjlig;", "=\u20E5\u2242\u0338fj")]
    [InlineData("&#x1F600;&#X41&#65", "\U0001F600AA")]
    [InlineData("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD")]
    [InlineData("&#128;&#x9f;&#x81;", "\u20AC\u0178\u0081")]
    [InlineData("a&#1;b&#x1FFFE;c&#xFDD0;d", "abcd")]
    [InlineData("&;&&#;&#x;&unknown;&lt", "&;&&#;&#x;&unknown;<")]
    public void References_to_characters_are_read_as_python_reads_them(string text, string expected) => Assert.Equal(expected, HtmlText.Unescape(text));

    /// <summary>Python's str.lower.</summary>
    [Theory]
    [InlineData("\u039F\u0394\u03A5\u03A3\u03A3\u0395\u03A5\u03A3", "\u03BF\u03B4\u03C5\u03C3\u03C3\u03B5\u03C5\u03C2")]
    [InlineData("\u03A3 A\u03A3. A\u03A3.B A\u0301\u03A3", "\u03C3 a\u03C2. a\u03C3.b a\u0301\u03C2")]
    [InlineData("\u0130\u1E9E\u2126\u01C5", "i\u0307\u00DF\u03C9\u01C6")]
    [InlineData("\U00010400\uD83D", "\U00010428\uD83D")]
    public void Lower_case_is_pythons(string text, string expected) => Assert.Equal(expected, PythonText.Lower(text));
}
