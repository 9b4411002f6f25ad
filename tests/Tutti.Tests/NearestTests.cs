namespace Tutti.Tests;

public class NearestTests
{
    [Theory]
    [InlineData("txt", "text")]              // one insertion
    [InlineData("lable", "label")]           // neighbours swapped
    [InlineData("Keyword", "keyword")]       // case only
    [InlineData("keywrods", "keyword")]      // a swap and a deletion
    [InlineData("learningrate", "learning-rate")]
    public void A_mistyped_name_finds_the_one_that_was_meant(string word, string expected) =>
        Assert.Equal(expected, Nearest.Of(word, ["id", "keyword", "text", "label", "learning-rate"]));

    [Theory]
    [InlineData("zebra")]
    [InlineData("target")]
    [InlineData("")]
    public void A_word_unlike_all_finds_nothing(string word) => Assert.Null(Nearest.Of(word, ["id", "keyword", "text", "label"]));

    [Fact]
    public void The_nearest_wins_and_of_equals_the_first()
    {
        Assert.Equal("abcdef", Nearest.Of("abcdex", ["abxyex", "abcdef"]));
        Assert.Equal("bat", Nearest.Of("cat", ["bat", "hat"]));
    }
}
