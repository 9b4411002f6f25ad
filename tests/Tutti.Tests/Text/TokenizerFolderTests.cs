using Tutti.Text;

namespace Tutti.Tests.Text;

public class TokenizerFolderTests
{
    const string Bert = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n##s\nworld\n,\n<x>\n";
    const string Gpt = """{"a":0,"b":1,"ab":2,"<|endoftext|>":3,"\u0120":4,"\u0120a":5}""";

    static DataException Fails(TempFolder folder) => Assert.Throws<DataException>(() => Tokenizer.Load(folder.Path));

    [Fact]
    public void A_vocabulary_file_alone_is_an_uncased_bert()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", Bert);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([2, 5, 6, 8, 7, 3], tokenizer.Encode("Hellos, W\u00F3rld").Ids);
        Assert.Equal((10, 0, 1, 2, 3, 4), (tokenizer.VocabularySize, tokenizer.PadId, tokenizer.UnknownId, tokenizer.ClsId, tokenizer.SepId, tokenizer.MaskId));
        Assert.True(tokenizer.UsesTokenTypes);
        Assert.Equal("hellos , world", tokenizer.Decode(tokenizer.Encode("Hellos, w\u00F3rld").Ids));
    }

    [Fact]
    public void Line_ends_of_windows_and_a_byte_order_mark_change_nothing()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", "\uFEFF" + Bert.Replace("\n", "\r\n", StringComparison.Ordinal));
        Assert.Equal([2, 5, 6, 3], Tokenizer.Load(folder.Path).Encode("hellos").Ids);
    }

    [Fact]
    public void The_configuration_sets_case_accents_length_and_names()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", Bert.Replace("[MASK]", "<m>", StringComparison.Ordinal));
        folder.Write("tokenizer_config.json",
            """{"tokenizer_class":"DistilBertTokenizerFast","do_lower_case":false,"model_max_length":512,"mask_token":{"content":"<m>"}}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([2, 1, 5, 4, 3], tokenizer.Encode("Hello hello<m>").Ids);
        Assert.Equal(512, tokenizer.ModelMaxLength);
        Assert.Equal("DistilBertTokenizer", tokenizer.Kind);
        Assert.False(tokenizer.UsesTokenTypes);
    }

    [Fact]
    public void Added_tokens_extend_the_vocabulary_and_are_found_in_the_text()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", Bert);
        folder.Write("added_tokens.json", """{"[NEW]":10,"Word2":12}""");
        folder.Write("special_tokens_map.json", """{"additional_special_tokens":["[NEW]"]}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(13, tokenizer.VocabularySize);
        // The special one as it is written; the other in any case, because the text is lower-cased first.
        Assert.Equal([2, 5, 10, 5, 12, 3], tokenizer.Encode("hello[NEW]hello WORD2").Ids);
        Assert.Equal("hello hello Word2", tokenizer.Decode(tokenizer.Encode("hello[NEW]hello WORD2").Ids));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenOf(11));
        tokenizer.Save(folder.File("again"));
        Assert.Equal([2, 5, 10, 5, 12, 3], Tokenizer.Load(folder.File("again")).Encode("hello[NEW]hello WORD2").Ids);
    }

    [Fact]
    public void A_saved_folder_forgets_the_files_of_the_tokenizer_before()
    {
        using var folder = Shared.Temp();
        var (bert, gpt, target) = (folder.File("bert"), folder.File("gpt"), folder.File("target"));
        Directory.CreateDirectory(bert);
        Directory.CreateDirectory(gpt);
        File.WriteAllText(Path.Combine(bert, "vocab.txt"), Bert);
        File.WriteAllText(Path.Combine(gpt, "vocab.json"), Gpt);
        File.WriteAllText(Path.Combine(gpt, "merges.txt"), "#version: 0.2\na b\n");
        Tokenizer.Load(bert).Save(target);
        Tokenizer.Load(gpt).Save(target);
        Assert.Equal([2, 1], Tokenizer.Load(target).Encode("abb").Ids);
        Assert.DoesNotContain(Directory.GetFiles(target), file => file.EndsWith(".part", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "empty", 0)]
    [InlineData("[PAD]\nhello\n[CLS]\n[SEP]\n", "'[UNK]' (unk_token) is missing", 0)]
    [InlineData("[UNK]\nhello\n[CLS]\n", "'[SEP]' (sep_token) is missing", 0)]
    [InlineData("[UNK]\nhello\n[CLS]\n[SEP]\nhello\n", "token 'hello' stands in line 2 already", 5)]
    public void A_broken_vocabulary_list_is_named(string text, string expected, int row)
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", text);
        var error = Fails(folder);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal((folder.File("vocab.txt"), row), (error.File, error.Row));
    }

    [Fact]
    public void A_byte_that_is_not_utf8_is_named_with_its_line()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", [.. "[UNK]\r\nfu\u00DF\r\nbl"u8, 0xFC, .. "te\r\n"u8]);
        var error = Fails(folder);
        Assert.Equal(3, error.Row);
        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_declared_special_token_must_be_in_the_vocabulary()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", Bert);
        folder.Write("special_tokens_map.json", """{"pad_token":"<nothing>"}""");
        var error = Fails(folder);
        Assert.EndsWith("special_tokens_map.json", error.File, StringComparison.Ordinal);
        Assert.Contains("'<nothing>' (pad_token) is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_added_token_may_not_take_anothers_id()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", Bert);
        folder.Write("added_tokens.json", """{"[NEW]":5}""");
        Assert.Contains("id 5 belongs to '[NEW]' here and to 'hello'", Fails(folder).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#version: 0.2\na b\nab\n", "the merge is 'ab', expected two tokens", 3)]
    [InlineData("#version: 0.2\na b c\n", "the merge is 'a b c', expected two tokens", 2)]
    [InlineData("#version: 0.2\na b\n\na b\n", "the merge is ''", 3)]
    [InlineData("#version: 0.2\nb a\n", "needs the token 'ba', which the vocabulary lacks", 2)]
    [InlineData("a z\n", "needs the token 'z', which the vocabulary lacks", 1)]
    public void A_broken_merge_is_named_with_its_line(string merges, string expected, int row)
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.json", Gpt);
        folder.Write("merges.txt", merges);
        var error = Fails(folder);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal((folder.File("merges.txt"), row), (error.File, error.Row));
    }

    [Theory]
    [InlineData("""{"a":0,"b":"x"}""", "'b' is \"x\", expected a whole number")]
    [InlineData("""{"a":0,"b":-1}""", "expected an id from 0 to")]
    [InlineData("""{"a":0,"b":0}""", "id 0 belongs to 'a' and to 'b'")]
    [InlineData("""{"a":0,"a":1}""", "token 'a' occurs twice")]
    [InlineData("""["a"]""", "expected an object")]
    [InlineData("{}", "the vocabulary is empty")]
    [InlineData("{\"a\":0,\n\"b\"", "not JSON")]
    [InlineData("""{"\ud800":0}""", "half a surrogate pair")]
    public void A_broken_vocabulary_map_is_named(string text, string expected)
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.json", text);
        folder.Write("merges.txt", "");
        var error = Fails(folder);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(folder.File("vocab.json"), error.File);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        using var folder = Shared.Temp();
        Assert.Contains("no tokenizer here", Fails(folder).Message, StringComparison.Ordinal);
        folder.Write("vocab.json", Gpt);
        Assert.Contains("merges.txt: the file does not exist", Fails(folder).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => Tokenizer.Load(folder.File("nowhere")));
    }

    [Fact]
    public void A_class_of_another_kind_is_refused_with_the_known_ones()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", Bert);
        folder.Write("tokenizer_config.json", """{"tokenizer_class":"BertJapaneseTokenizer"}""");
        var message = Fails(folder).Message;
        Assert.Contains("BertJapaneseTokenizer", message, StringComparison.Ordinal);
        Assert.Contains("DistilBertTokenizer", message, StringComparison.Ordinal);
    }

    [Theory]                // the slow classes: GPT-2 puts a blank before every text, RoBERTa only where there is none
    [InlineData("GPT2Tokenizer", "a", 5)]
    [InlineData("GPT2Tokenizer", "", 4)]
    public void A_blank_before_the_text_can_be_asked_for(string kind, string text, int expected)
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.json", Gpt);
        folder.Write("merges.txt", "#version: 0.2\na b\n\u0120 a\n");
        folder.Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{kind}}","add_prefix_space":true}""");
        Assert.Equal([expected], Tokenizer.Load(folder.Path).Encode(text).Ids);
    }

    [Theory, InlineData(int.MaxValue), InlineData(100_000_000)]
    public void An_id_far_beyond_all_others_is_refused_before_a_list_of_ids_is_made(int id)
    {
        using var temp = Shared.Temp();
        temp.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
        temp.Write("added_tokens.json", $$"""{"far":{{id}}}""");
        Assert.Contains("'far'", Assert.Throws<DataException>(() => Tokenizer.Load(temp.Path)).Message, StringComparison.Ordinal);
    }
}
