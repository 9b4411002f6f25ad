using System.Text;
using Tutti.Text;

namespace Tutti.Tests.Text;

public class TokenizerTests
{
    static readonly Tokenizer words = WordPieceTrainer.Train(["the quick brown fox jumps over the lazy dog", "hello world"], 120);

    /// <summary>All bytes and a few merges, so that any text can be written.</summary>
    static Tokenizer Bytes(TempFolder folder)
    {
        var tokens = ByteLevel.CharOfByte.ToArray().Select(c => c.ToString()).Concat(["he", "\u0120t", "\u0120the"]).ToArray();
        var vocabulary = tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id);
        folder.Write("vocab.json", System.Text.Json.JsonSerializer.Serialize(vocabulary));
        folder.Write("merges.txt", "#version: 0.2\nh e\n\u0120 t\n\u0120t he\n");
        return Tokenizer.Load(folder.Path);
    }

    [Fact]
    public void Many_texts_at_once_give_what_each_gives_alone()
    {
        var random = new TestRandom(1);
        string[] texts = [.. Enumerable.Range(0, 5000).Select(_ => random.Text("the quickbrownfx dog.\u00C9\u4E2D[MASK]", random.Below(60)))];
        string[] pairs = [.. texts.Reverse()];
        var all = words.EncodeAll(texts, maxLength: 20, pairs, TestContext.Current.CancellationToken);
        for (var i = 0; i < texts.Length; i++)
        {
            var one = words.Encode(texts[i], pairs[i], 20);
            Assert.Equal(one.Ids, all[i].Ids);
            Assert.Equal(one.TypeIds, all[i].TypeIds);
            Assert.Equal(one.FullLength, all[i].FullLength);
        }
    }

    [Fact]
    public void As_many_second_texts_as_first_ones_are_asked_for() =>
        Assert.Contains("1 second texts",
            Assert.Throws<ArgumentException>(
                () => words.EncodeAll(["a", "b"], 9, ["c"], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    [Fact]
    public void Byte_level_ids_give_the_very_text_back()
    {
        using var folder = Shared.Temp();
        var tokenizer = Bytes(folder);
        Assert.Equal(["\u0120the", "\u0120", "he"], tokenizer.Tokens([.. tokenizer.Encode(" the ").Ids, tokenizer.IdOf("he")!.Value]));
        var random = new TestRandom(2);
        for (var round = 0; round < 2000; round++)
        {
            var text = new StringBuilder();
            for (var i = random.Below(30); i > 0; i--)
                text.Append(Rune.TryCreate(random.Below(random.Below(2) == 0 ? 0x80 : 0x11000), out var rune) ? rune.ToString() : "the");
            Assert.Equal(text.ToString(), tokenizer.Decode(tokenizer.Encode(text.ToString()).Ids));
        }
    }

    [Fact]
    public void A_long_word_without_blanks_is_written_whole()
    {
        using var folder = Shared.Temp();
        var tokenizer = Bytes(folder);
        var text = string.Concat(Enumerable.Repeat("hehe\u4E2D\u6587", 20_000));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text).Ids));
    }

    [Fact]
    public void Special_tokens_are_found_in_the_text_and_left_out_of_what_is_read_back()
    {
        var ids = words.Encode("hello [MASK] world").Ids;
        Assert.Contains(words.MaskId!.Value, ids);
        Assert.Equal("hello world", words.Decode(ids));
        Assert.Equal("[CLS] hello [MASK] world [SEP]", words.Decode(ids, skipSpecial: false));
    }

    [Fact]
    public void Cancelling_stops_the_work()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => words.EncodeAll(["a"], cancellation: source.Token));
    }
}
