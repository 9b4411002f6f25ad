using Tutti.Text;

namespace Tutti.Tests.Text;

public class AddedTokensTests
{
    /// <summary>The text with each match in braces.</summary>
    static string Mark(string text, params AddedToken[] tokens)
    {
        var added = new AddedTokens(tokens.Select(token => (token.Content, token)), pythonSpace: false);
        var result = "";
        for (var from = 0; from < text.Length;)
        {
            var (start, end, id) = added.Next(text, from);
            result += text[from..start] + (id < 0 ? "" : $"{{{text[start..end]}:{id}}}");
            from = end;
        }
        return result;
    }

    [Fact]
    public void The_leftmost_match_wins_and_of_those_the_longest() =>
        Assert.Equal("x{<ab:2}b{<a:1}c{<a:1}", Mark("x<abb<ac<a", new(1, "<a", true), new(2, "<ab", true)));

    [Fact]
    public void Case_matters() => Assert.Equal("[mask]{[MASK]:1}", Mark("[mask][MASK]", new AddedToken(1, "[MASK]", true)));

    [Fact]
    public void Stripping_takes_white_space_on_its_side_only()
    {
        Assert.Equal("a{ \t<m>:1} b", Mark("a \t<m> b", new AddedToken(1, "<m>", true, LeftStrip: true)));
        Assert.Equal("a {<m>  :1}b", Mark("a <m>  b", new AddedToken(1, "<m>", true, RightStrip: true)));
        Assert.Equal("{<m> :1}{<m>:1}", Mark("<m> <m>", new AddedToken(1, "<m>", true, LeftStrip: true, RightStrip: true)));
    }

    [Fact]
    public void A_single_word_stands_alone() =>
        Assert.Equal("foot {foo:1}.{foo:1} xfoo _foo", Mark("foot foo.foo xfoo _foo", new AddedToken(1, "foo", false, SingleWord: true)));
}
