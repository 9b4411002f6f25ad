using System.Text;
using System.Text.RegularExpressions;
using Tutti.Text;

namespace Tutti.Tests.Text;

public partial class ByteLevelTests
{
    static string[] Words(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = ByteLevel.WordEnd(text, at);
            words.Add(text[at..end]);
            at = end;
        }
        return [.. words];
    }

    [Theory]
    [InlineData("Hello world", "Hello| world")]
    [InlineData("I'm we'll they're it's HE'S", "I|'m| we|'ll| they|'re| it|'s| HE|'|S")]
    [InlineData("a  b", "a| | b")]
    [InlineData("a   ", "a|   ")]
    [InlineData("a\n\nb", "a|\n|\n|b")]
    [InlineData("a \n b", "a| \n| b")]
    [InlineData("x2 3,4!?", "x|2| 3|,|4|!?")]
    [InlineData(" 's", " '|s")]
    [InlineData("''s", "''|s")]
    [InlineData("a\u0085\u0085b", "a|\u0085|\u0085|b")]
    [InlineData("a\u001Cb", "a|\u001C|b")]                                   // an information separator is no white space for \s
    [InlineData("\U0001D7D9\U0001D7DA\U00010400x\U0001F600\U0001F601", "\U0001D7D9\U0001D7DA|\U00010400x|\U0001F600\U0001F601")]
    public void Words_of_the_gpt2_pattern(string text, string expected) => Assert.Equal(expected.Split('|'), Words(text));

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern { get; }

    [Fact]
    public void Words_equal_those_of_the_pattern_itself_in_the_basic_plane()
    {
        var random = new TestRandom(17);
        const string alphabet = "aZs'tdmlverlx019 \t\n\r.,!-_\u00E9\u4E2D\u0664\u00BD\u0301\u00A0\u2003\u2028\u200B\u0085\u001F\u3000";
        for (var round = 0; round < 20_000; round++)
        {
            var text = random.Text(alphabet, random.Below(14));
            Assert.Equal(Pattern.Matches(text).Select(match => match.Value), Words(text));
        }
    }

    [Fact]
    public void Each_byte_has_its_own_visible_character_and_back()
    {
        Assert.Equal(256, ByteLevel.CharOfByte.ToArray().Distinct().Count());
        Assert.Equal('\u0120', ByteLevel.CharOfByte[' ']);
        Assert.Equal('A', ByteLevel.CharOfByte['A']);
        const string text = "Stra\u00DFe \U0001F600\n\u0000";
        Assert.Equal(text, ByteLevel.Decode(string.Concat(Encoding.UTF8.GetBytes(text).Select(b => ByteLevel.CharOfByte[b]))));
    }

    [Fact]
    public void A_blank_is_put_before_a_stretch_that_has_none()
    {
        var pieces = new TextPieces();
        pieces.Append("ab c");
        pieces.CoverAll();
        new ByteLevel(prefixSpace: true).Cut(pieces);
        Assert.Equal(["\u0120ab", "\u0120c"], pieces.Pieces.Select(piece => pieces[piece].ToString()));
    }
}
