using Tutti.Text;

namespace Tutti.Tests.Text;

public class WordPieceTests
{
    static readonly string[] tokens = ["[UNK]", "un", "##aff", "##able", "##a", "a", "##\U0001D400", "\U0001D400", "unaff"];

    static string[] Tokens(string word)
    {
        var ids = new List<int>();
        new WordPiece(tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id), "[UNK]").Encode(word, ids);
        return [.. ids.Select(id => tokens[id])];
    }

    [Fact]
    public void The_longest_piece_is_taken_at_each_place() => Assert.Equal(["unaff", "##able"], Tokens("unaffable"));

    [Fact]
    public void A_rest_without_a_piece_makes_the_whole_word_unknown() => Assert.Equal(["[UNK]"], Tokens("unaffablex"));

    [Fact]
    public void A_hundred_code_points_are_a_word_and_one_more_is_unknown()
    {
        Assert.Equal(100, Tokens(string.Concat(Enumerable.Repeat("\U0001D400", 100))).Length);
        Assert.Equal(["[UNK]"], Tokens(string.Concat(Enumerable.Repeat("\U0001D400", 101))));
        Assert.Equal(["[UNK]"], Tokens(new('a', 101)));
    }

    [Fact]
    public void Pieces_inside_a_word_join_without_a_blank()
    {
        var model = new WordPiece(tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id), "[UNK]");
        Assert.Equal("unaffable a", model.Decode(["un", "##aff", "##able", "a"]));
    }
}
