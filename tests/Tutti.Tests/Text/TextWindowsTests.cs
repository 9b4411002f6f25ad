using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>Texts longer than a model reads, in pieces.</summary>
public sealed class TextWindowsTests
{
    const string Long = "one two three four five six seven eight nine ten";

    static Tokenizer Words(TempFolder temp)
    {
        temp.Write("vocab.txt", string.Join('\n', (string[])["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Long.Split(' '), "a", "b", "c", "d"]) + "\n");
        return Tokenizer.Load(temp.Path);
    }

    static string[] Pieces(Tokenizer tokenizer, string text, string? pair, int maxLength, TextWindows windows) =>
        [.. tokenizer.EncodeWindows(text, pair, maxLength, windows).Select(piece => string.Join(' ', tokenizer.Tokens(piece.Ids)))];

    [Fact]
    public void Windows_lie_evenly_from_the_beginning_to_the_end()
    {
        using var temp = Shared.Temp();
        Assert.Equal(["[CLS] one two three four [SEP]", "[CLS] three four five six [SEP]", "[CLS] five six seven eight [SEP]", "[CLS] seven eight nine ten [SEP]"], Pieces(Words(temp), Long, null, 6, new(null, 8)));
        Assert.Equal(["[CLS] one two three four [SEP]", "[CLS] four five six seven [SEP]", "[CLS] seven eight nine ten [SEP]"], Pieces(Words(temp), Long, null, 6, new(4, 8)));
    }

    [Fact]
    public void Two_windows_are_head_and_tail_and_more_than_allowed_lie_farther_apart()
    {
        using var temp = Shared.Temp();
        Assert.Equal(["[CLS] one two three four [SEP]", "[CLS] seven eight nine ten [SEP]"], Pieces(Words(temp), Long, null, 6, new(null, 2)));
        Assert.Equal(["[CLS] one two three [SEP]", "[CLS] five six seven [SEP]", "[CLS] eight nine ten [SEP]"], Pieces(Words(temp), Long, null, 5, new(1, 3)));
    }

    [Fact]
    public void A_text_that_fits_has_no_pieces()
    {
        using var temp = Shared.Temp();
        Assert.Empty(Pieces(Words(temp), "one two three four", null, 6, new(1, 8)));
        Assert.Equal(["[CLS] one two three four [SEP]", "[CLS] two three four five [SEP]"], Pieces(Words(temp), "one two three four five", null, 6, new(1, 8)));
    }

    [Fact]
    public void Of_a_pair_each_text_keeps_its_room_and_types()
    {
        using var temp = Shared.Temp();
        var tokenizer = Words(temp);
        // Room for six tokens: the longer text is cut to the shorter one's length first, then both by turns.
        Assert.Equal(["[CLS] one two three [SEP] a b c [SEP]", "[CLS] eight nine ten [SEP] b c d [SEP]"], Pieces(tokenizer, Long, "a b c d", 9, new(null, 2)));
        Assert.Equal(["[CLS] one two three four [SEP] a b [SEP]", "[CLS] four five six seven [SEP] a b [SEP]", "[CLS] seven eight nine ten [SEP] a b [SEP]"], Pieces(tokenizer, Long, "a b", 9, new(4, 8)));
        foreach (var piece in tokenizer.EncodeWindows(Long, "a b c d", 9, new(null, 2))) Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1, 1], piece.TypeIds!);
    }

    [Fact]
    public void The_first_window_is_what_plain_reading_gives()
    {
        using var temp = Shared.Temp();
        var tokenizer = Words(temp);
        foreach (var pair in new[] { null, "a b c d" })
            for (var length = 7; length < 12; length++)
                Assert.Equal(tokenizer.Encode(Long, pair, length).Ids, tokenizer.EncodeWindows(Long, pair, length, new(2, 8))[0].Ids);
    }
}
