using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tutti.Text;

namespace Tutti.Tests.Text;

public class UlmfitTokenizerTests
{
    static readonly string[] texts =
    [
        "The Movie was GREAT!!! It's the best... I don't think so; no no no no.", "Das ist z.B. sehr gut, der Film war \"gro\u00DFartig\" (5km)!", "the movie the best\n\nof it",
        "A GREAT film, don't miss it &amp; it's fun :)", "no xxmajority xxup here",
    ];

    static Tokenizer Make(string kind) => kind switch
    {
        "words" => UlmfitTokenizer.Learn(texts, least: 1),
        "words-de" => UlmfitTokenizer.Learn(texts, WordLanguage.De, least: 1),
        "blanks" => UlmfitTokenizer.Learn(texts, WordLanguage.None, least: 1),
        "subwords" => UlmfitTokenizer.LearnSubwords(texts, 70),
        _ => throw new ArgumentException(kind, nameof(kind)),
    };

    static string Tokens(Tokenizer tokenizer, string text, string? pair = null) => string.Join('|', tokenizer.Tokens(tokenizer.Encode(text, pair).Ids));

    [Fact]
    public void Special_tokens_have_the_first_ids_and_their_parts()
    {
        var tokenizer = Make("words");
        Assert.Equal(["xxunk", "xxpad", "xxbos", "xxeos", "xxfld", "xxrep", "xxwrep", "xxup", "xxmaj"], tokenizer.Tokens([0, 1, 2, 3, 4, 5, 6, 7, 8]));
        Assert.Equal((0, 1, 2, 3), (tokenizer.UnknownId, tokenizer.PadId, tokenizer.BosId, tokenizer.EosId));
        Assert.Equal((null, null, null, false), (tokenizer.ClsId, tokenizer.SepId, tokenizer.MaskId, tokenizer.UsesTokenTypes));
        Assert.Equal(0, tokenizer.VocabularySize % 8);
        Assert.Equal("xxfake", UlmfitTokenizer.Words(tokenizer)![^1]);
        Assert.Null(tokenizer.IdOf("xxfake"));
    }

    [Fact]
    public void A_text_begins_with_its_token_and_ends_with_none()
    {
        var tokenizer = Make("words");
        Assert.Equal("xxbos|xxmaj|the|xxup|great|movie|xxunk|xxrep|3|!", Tokens(tokenizer, "The GREAT movie rocks!!!"));
        Assert.Equal("xxbos|xxmaj|it|'s|the|best|\u2026|i|do|n't|think|xxwrep|4|no", Tokens(tokenizer, "It's the best... I don't think no no no no"));
        Assert.Equal("xxbos|xxunk|xxup|here", Tokens(tokenizer, "xxmajors xxup here"));       // the text's own words are no marks
        Assert.Equal("xxbos", Tokens(tokenizer, " \n "));
        Assert.Equal("xxbos|the|movie|xxfld|no", Tokens(tokenizer, "the movie", "no"));
        Assert.Equal("xxbos|a|\n\n|xxunk", Tokens(tokenizer, " a\n\nqq"));
    }

    [Fact]
    public void What_is_cut_off_is_counted()
    {
        var tokenizer = Make("words");
        var cut = tokenizer.Encode("the movie the best the movie", maxLength: 4);
        Assert.Equal(["xxbos", "the", "movie", "the"], tokenizer.Tokens(cut.Ids));
        Assert.Equal((7, true), (cut.FullLength, cut.Truncated));
    }

    [Fact]
    public void Pieces_keep_the_special_tokens_whole()
    {
        var tokenizer = Make("subwords");
        Assert.Equal(70, tokenizer.VocabularySize);
        Assert.StartsWith("xxbos|xxmaj|\u2581t", Tokens(tokenizer, "The movie"), StringComparison.Ordinal);
        Assert.Equal("The movie was GREAT !!! don't", tokenizer.Decode(tokenizer.Encode("The movie was GREAT!!! don't").Ids));
    }

    [Theory]
    [InlineData(WordLanguage.En, "The Movie was GREAT!!! It's the best, \"you don't think\" (so).", "The Movie was GREAT!!! It's the best, \"you don't think\" (so).")]
    [InlineData(WordLanguage.En, "no no no no it's 5km", "no no no no it's 5 km")]
    [InlineData(WordLanguage.De, "Das ist z.B. sehr gut!", "Das ist z.b. sehr gut!")]
    public void Ids_are_read_as_a_person_writes(WordLanguage language, string text, string expected)
    {
        var tokenizer = UlmfitTokenizer.Learn([text], language, least: 1);
        Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text).Ids));
    }

    [Theory]
    [InlineData("xxrep", "")]
    [InlineData("xxup xxmaj", "")]
    [InlineData("xxrep 3", "")]
    [InlineData("xxwrep xxrep 2 a xxmaj b", "aa B")]
    [InlineData("xxrep 999999999 a", "100")]
    public void Marks_without_a_word_are_passed_over(string tokens, string expected)
    {
        List<string> words = [.. tokens.Split(' ')];
        new TextRulesDecoder(pieces: false).Apply(words);
        Assert.Equal(expected == "100" ? new string('a', 100) : expected, words[0]);
    }

    [Theory]
    [InlineData("words")]
    [InlineData("words-de")]
    [InlineData("blanks")]
    [InlineData("subwords")]
    public void A_tokenizer_is_saved_and_read_again(string kind)
    {
        var tokenizer = Make(kind);
        using var folder = Shared.Temp();
        tokenizer.Save(folder.Path);
        var again = Tokenizer.Load(folder.Path);
        Assert.Equal((UlmfitTokenizer.ClassName, 1, 2, 0), (again.Kind, again.PadId, again.BosId, again.UnknownId));
        Assert.Equal(UlmfitTokenizer.Words(tokenizer), UlmfitTokenizer.Words(again));
        foreach (var text in texts)
        {
            var ids = tokenizer.Encode(text, texts[0]);
            Assert.Equal(ids.Ids, again.Encode(text, texts[0]).Ids);
            Assert.Equal(tokenizer.Decode(ids.Ids), again.Decode(ids.Ids));
        }
        Assert.Equal(tokenizer.Identity.ToArray(), again.Identity.ToArray());
        File.Delete(folder.File("tokenizer_config.json"));
        File.Delete(folder.File("special_tokens_map.json"));
        var alone = Tokenizer.Load(folder.Path);                            // tokenizer.json is enough
        Assert.Equal((UlmfitTokenizer.ClassName, 1, 2, 0), (alone.Kind, alone.PadId, alone.BosId, alone.UnknownId));
        Assert.Equal(tokenizer.Encode(texts[0]).Ids, alone.Encode(texts[0]).Ids);
    }

    [Fact]
    public void Language_and_rules_are_part_of_what_tells_tokenizers_apart()
    {
        var words = WordVocabulary.Make([["a"]], least: 1);
        Assert.NotEqual(UlmfitTokenizer.Of(words).Identity.ToArray(), UlmfitTokenizer.Of(words, WordLanguage.De).Identity.ToArray());
        using var folder = Shared.Temp();
        UlmfitTokenizer.Of(words).Save(folder.Path);
        var json = File.ReadAllText(folder.File("tokenizer.json"));
        folder.Write("tokenizer.json", json.Replace("\"version\": 1,", "\"version\": 2,", StringComparison.Ordinal).Replace("\"version\": 1\n", "\"version\": 2\n", StringComparison.Ordinal));
        Assert.Contains("which this build of Tutti knows", Assert.Throws<DataException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_learnt_list_is_what_the_counted_tokens_make()
    {
        var random = new TestRandom(5);
        string[] words = ["The", "movie", "don't", "no no no", "GREAT!!!", "a", "...", "x"];
        string[] many = [.. Enumerable.Range(0, 500).Select(_ => string.Join(' ', Enumerable.Range(0, random.Below(9)).Select(_ => words[random.Below(words.Length)] + (random.Below(4) == 0 ? $"{random.Below(90)}" : ""))))];
        var learnt = UlmfitTokenizer.Learn(many, least: 2, size: 60);
        var all = UlmfitTokenizer.Learn(many, least: 1, size: 100_000);
        Assert.Equal(WordVocabulary.Make(many.Select(text => all.Tokens(all.Encode(text).Ids)), 2, 60), UlmfitTokenizer.Words(learnt));
    }

    [Theory]
    [InlineData("words")]
    [InlineData("subwords")]
    public void Any_text_has_ids_within_the_vocabulary(string kind)
    {
        var tokenizer = Make(kind);
        Prop.ForAll(Arb.From(Gen.Elements("a", "The", "no ", "!!!", " ", "\n", "\uD83D", "\uDE00", "\U0001F600", "&amp;", "xxmaj", "xxbos", "\u03A3", "don't", "'", "\"", ")", "\0", "5km", "\u2581", "xxfake", "xxfake 99").ListOf()), parts =>
        {
            var ids = tokenizer.Encode(string.Concat(parts)).Ids;
            return ids[0] == tokenizer.BosId && ids.All(id => id >= 0 && id < tokenizer.VocabularySize) && tokenizer.Decode(ids) is not null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void Every_id_can_be_decoded()
    {
        foreach (var kind in new[] { "words", "subwords" })
        {
            var tokenizer = Make(kind);
            Assert.All(Enumerable.Range(0, tokenizer.VocabularySize), id => Assert.NotNull(tokenizer.Decode([id])));
        }
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("[]", "is empty")]
    [InlineData("{\"xxunk\":0}", "expected a list")]
    [InlineData("[\"xxunk\", 7]", "expected a string")]
    [InlineData("[\"xxunk\"", "not JSON")]
    [InlineData("xxunk\nxxpad\nthe\nxxbos\nthe", "word 5, 'the', is word 3 already")]
    [InlineData("xxunk\nxxbos\nthe", "the word 'xxpad' is missing among 3")]
    [InlineData("the\nof", "the word 'xxunk' is missing among 2")]
    public void A_list_that_is_none_is_an_error_that_says_so(string content, string expected)
    {
        using var folder = Shared.Temp();
        var file = folder.Write("itos.json", content);
        var error = Assert.Throws<DataException>(() => UlmfitTokenizer.Of(UlmfitTokenizer.ReadWords(file), where: file));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_enormous_line_is_no_word()
    {
        using var folder = Shared.Temp();
        var file = folder.Write("itos.txt", "xxunk\nxxpad\nxxbos\n" + new string('x', 5_000_000));
        Assert.Contains("word 4 has 5000000 characters", Assert.Throws<DataException>(() => UlmfitTokenizer.Of(UlmfitTokenizer.ReadWords(file), where: file)).Message, StringComparison.Ordinal);
        Assert.Contains("not UTF-8", Assert.Throws<DataException>(() => UlmfitTokenizer.ReadWords(folder.Write("latin", [(byte)'a', 0xFF]))).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<DataException>(() => UlmfitTokenizer.ReadWords(folder.File("none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_lists_do_no_harm()
    {
        var random = new TestRandom(3);
        var sound = Encoding.UTF8.GetBytes("[" + string.Join(", ", WordVocabulary.Make([["a", "caf\u00E9", "\n\n"]], least: 1).Select(word => System.Text.Json.JsonSerializer.Serialize(word))) + "]");
        using var folder = Shared.Temp();
        var worked = 0;
        for (var round = 0; round < 400; round++)
        {
            var bytes = sound.ToArray();
            for (var i = round == 0 ? 0 : 1 + random.Below(3); i > 0; i--) bytes[random.Below(bytes.Length)] = (byte)random.Below(256);
            try
            {
                worked += UlmfitTokenizer.Of(UlmfitTokenizer.ReadWords(folder.Write("itos", bytes))).Encode("a caf\u00E9").Ids.Length > 0 ? 1 : 0;
            }
            catch (DataException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }
        Assert.InRange(worked, 1, 400);
    }
}
