using Tutti.Text;

namespace Tutti.Tests.Text;

public class BertNormalizerTests
{
    static string Uncased(string text) => new BertNormalizer(true, true, null, true).Normalize(text);
    static string Cased(string text) => new BertNormalizer(true, true, null, false).Normalize(text);

    [Theory]
    [InlineData("H\u00C9llo", "hello")]
    [InlineData("I\u0307stanbul \u0130", "istanbul i")]
    [InlineData("\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C3")]     // no final sigma
    [InlineData("STRA\u1E9EE", "stra\u00DFe")]
    [InlineData("a\u0000b\uFFFDc\u200Bd\u00ADe", "abcde")]
    [InlineData("a\tb\nc\rd\u3000e\u00A0f", "a b c d e f")]
    [InlineData("a\u4E2Db", "a \u4E2D b")]
    [InlineData("\U00020000", " \U00020000 ")]
    [InlineData("\U00010400", "\U00010428")]
    [InlineData("a\uD800b", "ab")]                                           // half a surrogate pair
    public void Uncased_text(string text, string expected) => Assert.Equal(expected, Uncased(text));

    [Fact]
    public void Cased_text_keeps_case_and_accents() => Assert.Equal("H\u00C9llo", Cased("H\u00C9llo"));

    [Fact]
    public void Lower_case_without_stripping_keeps_accents() =>
        Assert.Equal("\u00FCber i\u0307", new BertNormalizer(true, true, false, true).Normalize("\u00DCBER \u0130"));

    [Fact]
    public void Stripping_without_lower_case_keeps_capitals() => Assert.Equal("Uber", new BertNormalizer(true, true, true, false).Normalize("\u00DCber"));
}
