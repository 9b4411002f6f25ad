using Tutti.Text;

namespace Tutti.Tests.Text;

public class SpecialTemplateTests
{
    static readonly SpecialTemplate bert = TokenizerKind.Around("[CLS]", 101, "[SEP]", 102, twoBetween: false);
    static readonly SpecialTemplate roberta = TokenizerKind.Around("<s>", 0, "</s>", 2, twoBetween: true);

    [Fact]
    public void Bert_gives_the_second_text_and_its_end_type_one()
    {
        var ids = bert.Build([1, 2], [3], int.MaxValue);
        Assert.Equal([101, 1, 2, 102, 3, 102], ids.Ids);
        Assert.Equal(new byte[] { 0, 0, 0, 0, 1, 1 }, ids.TypeIds);
        Assert.Null(bert.Build([1], null, 9).TypeIds);
    }

    [Fact]
    public void Roberta_has_two_ends_between_and_no_types()
    {
        var ids = roberta.Build([11, 12], [13], int.MaxValue);
        Assert.Equal([0, 11, 12, 2, 2, 13, 2], ids.Ids);
        Assert.Null(ids.TypeIds);
    }

    [Theory]                // lengths, room for texts, kept: the longer loses its last token, at equal lengths the second does
    [InlineData(4, 5, 9, 4, 5)]
    [InlineData(4, 5, 8, 4, 4)]
    [InlineData(4, 5, 7, 4, 3)]
    [InlineData(4, 5, 6, 3, 3)]
    [InlineData(9, 2, 5, 3, 2)]
    [InlineData(9, 2, 3, 2, 1)]
    [InlineData(0, 9, 1, 0, 1)]
    [InlineData(3, 3, 0, 0, 0)]
    public void The_longer_text_of_a_pair_is_cut_first(int first, int second, int room, int keptFirst, int keptSecond)
    {
        var ids = bert.Build([.. Enumerable.Repeat(1, first)], [.. Enumerable.Repeat(2, second)], room + 3);
        Assert.Equal((keptFirst, keptSecond), (ids.Ids.Count(id => id == 1), ids.Ids.Count(id => id == 2)));
        Assert.Equal(first + second + 3, ids.FullLength);
        Assert.Equal(room < first + second, ids.Truncated);
    }

    [Fact]
    public void A_single_text_is_cut_on_the_right()
    {
        var ids = bert.Build([1, 2, 3, 4], null, 4);
        Assert.Equal([101, 1, 2, 102], ids.Ids);
        Assert.Equal(6, ids.FullLength);
    }

    [Fact]
    public void A_length_below_the_special_tokens_is_refused() =>
        Assert.Contains("special tokens alone are 3",
            Assert.Throws<ArgumentOutOfRangeException>(() => bert.Build([1], [2], 2)).Message, StringComparison.Ordinal);
}
