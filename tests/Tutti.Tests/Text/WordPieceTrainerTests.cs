using Tutti.Text;

namespace Tutti.Tests.Text;

public class WordPieceTrainerTests
{
    static string[] Vocabulary(Tokenizer tokenizer) => [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.TokenOf)];

    static string[] Texts(ulong seed, string alphabet, int count = 300)
    {
        var random = new TestRandom(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Text(alphabet, 1 + random.Below(40)))];
    }

    [Fact]
    public void Merges_are_made_by_frequency_and_kept_as_pieces()
    {
        // Words: ab x3, abc x2, b x1. Pairs: a+##b 5; then ab+##c 2.
        var tokenizer = WordPieceTrainer.Train(["ab ab", "AB abc abc b"], vocabularySize: 100);
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##b", "##c", "ab", "abc"], Vocabulary(tokenizer));
        Assert.Equal([2, 10, 11, 6, 3], tokenizer.Encode("Ab abc b").Ids);
    }

    [Fact]
    public void Pairs_below_the_minimum_are_left_apart() =>
        Assert.DoesNotContain("abc", Vocabulary(WordPieceTrainer.Train(["ab ab", "AB abc abc b"], 100, minimumFrequency: 3)));

    [Fact]
    public void Case_is_kept_where_asked_for() => Assert.Contains("AB", Vocabulary(WordPieceTrainer.Train(["AB AB ab"], 100, lowerCase: false)));

    [Theory]
    [InlineData(1, "abc  .", 30)]
    [InlineData(2, "abcdefgh   ", 500)]
    [InlineData(3, "aab ", 60)]
    [InlineData(4, "xyz\u00E9\u4E2D\U0001F600 -", 90)]
    public void The_vocabulary_equals_that_of_counting_anew_for_every_merge(ulong seed, string alphabet, int size)
    {
        var texts = Texts(seed, alphabet);
        Assert.Equal(Naive(texts, size, minimum: 2), Vocabulary(WordPieceTrainer.Train(texts, size)));
    }

    [Theory]
    [InlineData(5, "abcdefghijklmnopqrstuvwxyz \u00E4\u00F6\u00FC!?", 70)]
    [InlineData(6, "abAB\u4E2D\u6587 \u00C9", 40)]
    [InlineData(7, "ab ", 6)]
    public void No_more_tokens_than_asked_for_and_no_unknown_ones_where_the_alphabet_fits(ulong seed, string alphabet, int size)
    {
        var texts = Texts(seed, alphabet);
        var tokenizer = WordPieceTrainer.Train(texts, size);
        Assert.InRange(tokenizer.VocabularySize, 5, size);
        var characters = new BertNormalizer(true, true, null, true).Normalize(alphabet).Where(c => c != ' ').Distinct().Count();
        if (size < 5 + 2 * characters) return;
        foreach (var text in texts)
        {
            Assert.DoesNotContain(tokenizer.UnknownId!.Value, tokenizer.Encode(text).Ids);
            Assert.Equal(Words(text), tokenizer.Decode(tokenizer.Encode(text).Ids).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Fact]
    public void The_order_of_the_texts_changes_nothing()
    {
        var texts = Texts(8, "abcdef  ,", 2000);
        var expected = Vocabulary(WordPieceTrainer.Train(texts, 300));
        Assert.Equal(expected, Vocabulary(WordPieceTrainer.Train(texts.Reverse(), 300)));
        Assert.Equal(expected, Vocabulary(WordPieceTrainer.Train(texts.Order(StringComparer.Ordinal).ToArray(), 300)));
    }

    [Fact]
    public void The_rarest_characters_are_left_out_where_there_is_no_room()
    {
        var tokenizer = WordPieceTrainer.Train(["a a a b b c"], vocabularySize: 7);
        Assert.Equal(["a", "b"], Vocabulary(tokenizer)[5..]);
        Assert.Equal([2, 5, 6, 1, 3], tokenizer.Encode("a b c").Ids);
    }

    [Fact]
    public void A_trained_tokenizer_is_saved_and_read_again()
    {
        using var folder = Shared.Temp();
        var texts = Texts(9, "abcdefg AB.");
        var tokenizer = WordPieceTrainer.Train(texts, 200, lowerCase: false);
        tokenizer.Save(folder.Path);
        var again = Tokenizer.Load(folder.Path);
        Assert.Equal(Vocabulary(tokenizer), Vocabulary(again));
        foreach (var text in texts) Assert.Equal(tokenizer.Encode(text).Ids, again.Encode(text).Ids);
    }

    [Fact]
    public void Texts_without_a_word_give_the_special_tokens() => Assert.Equal(5, WordPieceTrainer.Train(["", "  "], 10).VocabularySize);

    [Fact]
    public void A_size_without_room_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => WordPieceTrainer.Train(["a"], 5));

    static List<string> Words(string text)
    {
        var pieces = new TextPieces();
        pieces.Append(new BertNormalizer(true, true, null, true).Normalize(text));
        pieces.CoverAll();
        new BertPreTokenizer().Cut(pieces);
        return [.. pieces.Pieces.Select(piece => pieces[piece].ToString())];
    }

    /// <summary>The definition: count all pairs of all words, merge the most frequent (ties: the smaller ids), begin again.</summary>
    static List<string> Naive(string[] texts, int size, int minimum)
    {
        var words = texts.SelectMany(Words).Select(word => word.EnumerateRunes().Select((rune, i) => i == 0 ? rune.ToString() : "##" + rune).ToList()).ToList();
        var characters = words.SelectMany(word => word).Distinct().ToArray();
        var runes = characters.Select(piece => piece.Length > 2 && piece.StartsWith("##", StringComparison.Ordinal) ? piece[2..] : piece).Distinct()
            .OrderBy(piece => char.ConvertToUtf32(piece, 0)).ToArray();
        List<string> vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. runes, .. runes.Select(rune => "##" + rune).Where(characters.Contains)];
        while (vocabulary.Count < size)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenBy(group => vocabulary.IndexOf(group.Key.First))
                .ThenBy(group => vocabulary.IndexOf(group.Key.Second))
                .FirstOrDefault();
            if (best is null || best.Count() < minimum) break;
            var (left, right) = best.Key;
            var merged = left + right[2..];
            if (!vocabulary.Contains(merged)) vocabulary.Add(merged);
            foreach (var word in words)
                for (var i = 0; i + 1 < word.Count; i++)
                    if (word[i] == left && word[i + 1] == right)
                    {
                        word[i] = merged;
                        word.RemoveAt(i + 1);
                    }
        }
        return vocabulary;
    }
}
