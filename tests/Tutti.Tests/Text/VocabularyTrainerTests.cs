using System.Text;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>Byte-level BPE and unigram vocabularies learnt from texts, by what must hold of them.</summary>
public class VocabularyTrainerTests
{
    static readonly string[] words =
        ["the", "fire", "fires", "burning", "burned", "forest", "forests", "storm", "stormy", "flood", "flooded", "near", "river", "rivers", "caf\u00E9", "Stra\u00DFe", "\u4E2D\u6587"];

    static string[] Texts(ulong seed, int count = 400)
    {
        var random = new TestRandom(seed);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, 1 + random.Below(12)).Select(_ => words[random.Below(words.Length)])))];
    }

    static Tokenizer Train(string kind, IEnumerable<string> texts, int size, bool types = true) =>
        kind == "bpe" ? ByteBpeTrainer.Train(texts, size, types) : UnigramTrainer.Train(texts, size, types);

    static string[] Vocabulary(Tokenizer tokenizer) => [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.TokenOf)];

    static double TokensPerText(Tokenizer tokenizer, string[] texts) => texts.Average(text => tokenizer.Encode(text).Ids.Length - 2);

    [Theory]
    [InlineData("bpe", 300)]
    [InlineData("unigram", 40)]
    public void The_size_is_reached_and_texts_come_back(string kind, int size)
    {
        var texts = Texts(1);
        var tokenizer = Train(kind, texts, size);
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.Equal(size, Vocabulary(tokenizer).Distinct().Count());
        foreach (var text in texts)
        {
            var ids = tokenizer.Encode(text).Ids;
            Assert.DoesNotContain(tokenizer.UnknownId!.Value, ids);
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    [Theory]
    [InlineData("bpe", 300)]
    [InlineData("unigram", 40)]
    public void Tokens_are_fewer_than_characters_and_fall_as_the_vocabulary_grows(string kind, int size)
    {
        var texts = Texts(2);
        var (small, large) = (TokensPerText(Train(kind, texts, size), texts), TokensPerText(Train(kind, texts, size + 6), texts));
        Assert.InRange(small, 1, texts.Average(text => Encoding.UTF8.GetByteCount(text)) / 2);
        Assert.InRange(large, 1, small);
    }

    [Theory]
    [InlineData("bpe", 290)]
    [InlineData("unigram", 70)]
    public void The_order_of_the_texts_changes_nothing(string kind, int size)
    {
        var texts = Texts(3);
        Assert.Equal(Vocabulary(Train(kind, texts, size)), Vocabulary(Train(kind, texts.Reverse(), size)));
    }

    [Theory]
    [InlineData("bpe", true)]
    [InlineData("bpe", false)]
    [InlineData("unigram", true)]
    [InlineData("unigram", false)]
    public void A_learnt_tokenizer_is_saved_and_read_again(string kind, bool types)
    {
        var texts = Texts(4);
        var tokenizer = Train(kind, texts, 300, types);
        Assert.Equal(types, tokenizer.UsesTokenTypes);
        using var folder = Shared.Temp();
        tokenizer.Save(folder.Path);
        var again = Tokenizer.Load(folder.Path);
        Assert.Equal((tokenizer.PadId, tokenizer.ClsId, tokenizer.SepId, tokenizer.MaskId, tokenizer.UnknownId, tokenizer.UsesTokenTypes),
            (again.PadId, again.ClsId, again.SepId, again.MaskId, again.UnknownId, again.UsesTokenTypes));
        foreach (var text in texts.Take(50))
        {
            var (expected, got) = (tokenizer.Encode(text, "river"), again.Encode(text, "river"));
            Assert.Equal(expected.Ids, got.Ids);
            Assert.Equal(expected.TypeIds, got.TypeIds);
        }
    }

    [Fact]
    public void Bpe_merges_by_frequency()
    {
        // Words: ab x3, abc x2: a+b 5, then ab+c 2.
        var tokenizer = ByteBpeTrainer.Train(["ab", "ab", "ab", "abc", "abc"], 400);
        Assert.Equal(["ab", "abc"], Vocabulary(tokenizer)[ByteBpeTrainer.LeastSize..]);
        Assert.Equal("any \U0001F600 \u0000 text", tokenizer.Decode(tokenizer.Encode("any \U0001F600 \u0000 text").Ids));
    }

    [Fact]
    public void Unigram_finds_the_words_that_texts_are_made_of()
    {
        var vocabulary = Vocabulary(UnigramTrainer.Train(Texts(5, 2000), 200));
        Assert.Subset(vocabulary.ToHashSet(), new HashSet<string> { "\u2581the", "\u2581near", "\u2581caf\u00E9" });
    }

    [Theory]                        // digamma(1) = -Euler's constant, digamma(1/2) = -Euler's constant - 2 ln 2, digamma(10): Abramowitz and Stegun, table 6.1
    [InlineData(1, -0.5772156649015329)]
    [InlineData(0.5, -1.9635100260214235)]
    [InlineData(10, 2.2517525890667212)]
    public void Digamma_has_its_known_values(double x, double expected) => Assert.Equal(expected, UnigramTrainer.Digamma(x), 1e-9);

    [Fact]
    public void Too_small_a_size_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ByteBpeTrainer.Train(["a"], 260));
        Assert.Throws<ArgumentOutOfRangeException>(() => UnigramTrainer.Train(["a"], 5));
    }
}
