using System.Text.Json.Nodes;
using Tutti.Text;

namespace Tutti.Tests.Text;

public class TokenizerJsonTests
{
    static JsonObject WordPiece() => JsonNode.Parse("""
        {"version":"1.0","truncation":{"max_length":128,"strategy":"LongestFirst","stride":0},"padding":null,
         "added_tokens":[{"id":0,"content":"[PAD]","special":true,"normalized":false},{"id":1,"content":"[UNK]","special":true,"normalized":false},
                         {"id":2,"content":"[CLS]","special":true,"normalized":false},{"id":3,"content":"[SEP]","special":true,"normalized":false}],
         "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},
         "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},
         "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
                  "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"caf\u00e9":4,"cafe":5,"##s":6,"fi":7,".":8,"Cafe":9,"new":10}}}
        """)!.AsObject();

    static JsonObject Bpe() => JsonNode.Parse("""
        {"added_tokens":[{"id":4,"content":"<s>","special":true,"normalized":false},{"id":5,"content":"</s>","special":true,"normalized":false}],
         "normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
         "post_processor":{"type":"RobertaProcessing","sep":["</s>",5],"cls":["<s>",4],"trim_offsets":true,"add_prefix_space":false},
         "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"\u0120":3},"merges":["a b"]}}
        """)!.AsObject();

    static Tokenizer Load(JsonNode json)
    {
        using var folder = Shared.Temp();
        folder.Write("tokenizer.json", json.ToJsonString());
        return Tokenizer.Load(folder.Path);
    }

    static string Fails(JsonNode json) => Assert.Throws<DataException>(() => Load(json)).Message;

    [Fact]
    public void Bert_processing_makes_pairs_with_types()
    {
        var tokenizer = Load(WordPiece());
        var ids = tokenizer.Encode("Caf\u00E9s", "fi.");
        Assert.Equal([2, 5, 6, 3, 7, 8, 3], ids.Ids);
        Assert.Equal(new byte[] { 0, 0, 0, 0, 1, 1, 1 }, ids.TypeIds);
        Assert.Equal(128, tokenizer.ModelMaxLength);
        Assert.Equal((2, 3, 0, 1), (tokenizer.ClsId, tokenizer.SepId, tokenizer.PadId, tokenizer.UnknownId));
        Assert.Null(tokenizer.MaskId);
    }

    [Theory]
    [InlineData("""{"type":"NFC"}""", "cafe\u0301", 4)]
    [InlineData("""{"type":"NFD"}""", "caf\u00E9", 1)]
    [InlineData("""{"type":"NFKC"}""", "\uFB01", 7)]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"StripAccents"},{"type":"Lowercase"}]}""", "CAF\u00C9", 5)]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}""", "Caf\u00E9", 9)]
    [InlineData("""{"type":"BertNormalizer","lowercase":false,"strip_accents":true}""", "Caf\u00E9", 9)]
    [InlineData("null", "caf\u00E9", 4)]
    public void Normalizers_change_the_text_in_order(string normalizer, string text, int expected)
    {
        var json = WordPiece();
        json["normalizer"] = JsonNode.Parse(normalizer);
        Assert.Equal([2, expected, 3], Load(json).Encode(text).Ids);
    }

    [Theory]
    [InlineData("""{"type":"Whitespace"}""", new[] { 2, 5, 8, 1, 3 })]                  // cafe | . | ..
    [InlineData("""{"type":"WhitespaceSplit"}""", new[] { 2, 1, 1, 3 })]                // cafe. | ..
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"BertPreTokenizer"}]}""", new[] { 2, 5, 8, 8, 8, 3 })]
    public void Pre_tokenizers_cut_the_text_in_order(string preTokenizer, int[] expected)
    {
        var json = WordPiece();
        json["pre_tokenizer"] = JsonNode.Parse(preTokenizer);
        Assert.Equal(expected, Load(json).Encode("cafe. ..").Ids);
    }

    [Fact]
    public void Roberta_processing_has_two_ends_between()
    {
        var tokenizer = Load(Bpe());
        Assert.Equal([4, 2, 1, 5, 5, 3, 0, 5], tokenizer.Encode("abb", " a").Ids);
        Assert.Equal([4, 2, 5, 2, 5], tokenizer.Encode("ab</s>ab").Ids);
        Assert.Equal("abb", tokenizer.Decode(tokenizer.Encode("abb").Ids));
        Assert.False(tokenizer.UsesTokenTypes);
    }

    [Fact]
    public void Merges_may_be_lists_and_the_prefix_blank_stands_before_every_stretch()
    {
        var json = Bpe();
        json["model"]!["merges"] = JsonNode.Parse("""[["a","b"]]""");
        json["pre_tokenizer"]!["add_prefix_space"] = true;
        Assert.Equal([4, 3, 2, 5, 3, 2, 5], Load(json).Encode("ab</s>ab").Ids);
    }

    [Fact]
    public void The_configuration_wins_over_case_and_prefix_blank()
    {
        using var folder = Shared.Temp();
        folder.Write("tokenizer.json", WordPiece().ToJsonString());
        folder.Write("tokenizer_config.json", """{"do_lower_case":false}""");
        Assert.Equal([2, 9, 3], Tokenizer.Load(folder.Path).Encode("Cafe").Ids);
        folder.Write("tokenizer.json", Bpe().ToJsonString());
        folder.Write("tokenizer_config.json", """{"add_prefix_space":true}""");
        Assert.Equal([4, 3, 2, 5], Tokenizer.Load(folder.Path).Encode("ab").Ids);
    }

    [Fact]
    public void A_template_places_tokens_and_types_as_written()
    {
        var json = WordPiece();
        json["post_processor"] = JsonNode.Parse("""
            {"type":"TemplateProcessing",
             "single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"end","type_id":0}}],
             "pair":[{"Sequence":{"id":"B","type_id":1}},{"Sequence":{"id":"A","type_id":0}}],
             "special_tokens":{"end":{"id":"end","ids":[3,2],"tokens":["[SEP]","[CLS]"]}}}
            """);
        var tokenizer = Load(json);
        Assert.Equal([5, 3, 2], tokenizer.Encode("cafe").Ids);
        Assert.Equal([7, 5], tokenizer.Encode("cafe", "fi").Ids);
        Assert.Equal(new byte[] { 1, 0 }, tokenizer.Encode("cafe", "fi").TypeIds);
    }

    [Fact]
    public void A_normalized_added_token_is_found_in_the_normalised_text()
    {
        var json = WordPiece();
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id":11,"content":"N\u00cb","special":false,"normalized":true,"single_word":true}"""));
        Assert.Equal([2, 11, 8, 10, 3], Load(json).Encode("n\u00EB.new").Ids);
    }

    [Fact]
    public void Saved_and_read_again_the_ids_are_equal()
    {
        using var folder = Shared.Temp();
        foreach (var json in new[] { WordPiece(), Bpe() })
        {
            var tokenizer = Load(json);
            tokenizer.Save(folder.Path);
            var again = Tokenizer.Load(folder.Path);
            Assert.False(again.Parts.Slow);
            Assert.Equal(tokenizer.Encode("Cafes ab</s>", "fi. b").Ids, again.Encode("Cafes ab</s>", "fi. b").Ids);
            Assert.Equal((tokenizer.VocabularySize, tokenizer.ModelMaxLength, tokenizer.ClsId, tokenizer.UsesTokenTypes),
                (again.VocabularySize, again.ModelMaxLength, again.ClsId, again.UsesTokenTypes));
        }
    }

    [Theory]
    [InlineData("normalizer", """{"type":"Other"}""", "'normalizer' is Other, which is not supported")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"Other"}]}""", "'normalizer.normalizers[0]' is Other, which is not supported")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"?"}""", "'normalizer.precompiled_charsmap' is not base64")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAAAAQ=="}""", "has 4 bytes, its trie 16777216")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"(a"},"content":""}""", "the regular expression (a, which cannot be used")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":""},"content":""}""", "expected a text that is not empty")]
    [InlineData("pre_tokenizer", """{"type":"UnicodeScripts"}""", "'pre_tokenizer' is UnicodeScripts, which is not supported")]
    [InlineData("pre_tokenizer", """{"type":"Split","pattern":{"String":"x"},"behavior":"Odd"}""", "'pre_tokenizer.behavior' is \"Odd\", expected one of Removed, Isolated")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"ab"}""", "'pre_tokenizer.replacement' is \"ab\", expected one character")]
    [InlineData("decoder", """{"type":"CTC"}""", "'decoder' is CTC, which is not supported; expected WordPiece, ByteLevel")]
    [InlineData("truncation", """{"max_length":2,"strategy":"LongestFirst"}""", "'truncation.max_length' is 2, expected at least 3")]
    [InlineData("truncation", """{"max_length":9,"direction":"Up"}""", "'truncation.direction' is \"Up\", expected Right or Left")]
    [InlineData("post_processor", """{"type":"Other"}""", "'post_processor' is Other, which is not supported")]
    [InlineData("post_processor", """{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[XXX]",2]}""", "'[XXX]' with id 2 is missing")]
    [InlineData("model", """{"type":"Unigram","vocab":[]}""", "the vocabulary is empty")]
    [InlineData("model", """{"type":"Unigram","vocab":[["a",0]],"unk_id":1}""", "'model.unk_id' is 1, expected an id from 0 to 0")]
    [InlineData("model", """{"type":"Unigram","vocab":[["a","b"]]}""", "'model.vocab[0][1]' is \"b\", expected a number")]
    [InlineData("model", """{"type":"Other"}""", "'model' is Other, which is not supported; expected WordPiece, BPE, Unigram or WordLevel")]
    [InlineData("model", """{"type":"WordPiece","unk_token":"[UNK]","vocab":{"a":0}}""", "'model.unk_token' is '[UNK]', which the vocabulary lacks")]
    [InlineData("model", """{"type":"WordPiece"}""", "'model.vocab' is missing")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0},"merges":["a a"]}""", "'model.merges[0]': the merge 'a a' needs the token 'aa'")]
    [InlineData("model", """{"type":"WordPiece","unk_token":"a","vocab":{"a":2000000000}}""", "'model.vocab.a' is 2000000000, expected an id from 0")]
    [InlineData("added_tokens", """[{"id":"x","content":"y"}]""", "'added_tokens[0].id' is \"x\", expected a whole number")]
    [InlineData("added_tokens", """[{"id":4,"content":"y"}]""", "id 4 belongs to 'y' here and to 'caf\u00E9'")]
    public void What_cannot_be_used_is_named(string component, string value, string expected)
    {
        var json = WordPiece();
        json[component] = JsonNode.Parse(value);
        var message = Fails(json);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_json_is_named_with_its_line()
    {
        using var folder = Shared.Temp();
        folder.Write("tokenizer.json", "{\n\"version\": oops\n}");
        var error = Assert.Throws<DataException>(() => Tokenizer.Load(folder.Path));
        Assert.Equal(2, error.Row);
        Assert.Contains("not JSON", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_model_is_of_another_kind_the_vocabulary_files_are_read()
    {
        using var folder = Shared.Temp();
        folder.Write("tokenizer.json", """{"model":{"type":"Other","vocab":[]}}""");
        folder.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\n");
        Assert.Equal([1, 3, 2], Tokenizer.Load(folder.Path).Encode("A").Ids);
    }
}
