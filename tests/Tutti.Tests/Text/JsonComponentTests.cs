using System.Text.Json;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>The components of tokenizer.json one by one, by what Hugging Face's documentation says that they do.</summary>
public class JsonComponentTests
{
    static JsonPart Part(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new("tokenizer.json", "component", document.RootElement.Clone());
    }

    /// <summary>What is written must be read as the same.</summary>
    static JsonPart Again(System.Text.Json.Nodes.JsonNode written) => Part(written.ToJsonString());

    [Theory]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":false}""", " \u3000a b ", "a b ")]
    [InlineData("""{"type":"Strip","strip_left":false,"strip_right":true}""", " a b\n", " a b")]
    [InlineData("""{"type":"Replace","pattern":{"String":"``"},"content":"\""}""", "``x`` `", "\"x\" `")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}""", "a    b  c d", "a b c d")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"\\p{L}"},"content":"x"}""", "1\U0001D400\u00E9\U0001F600", "1xx\U0001F600")]
    [InlineData("""{"type":"Prepend","prepend":"\u2581"}""", "ab", "\u2581ab")]
    [InlineData("""{"type":"Prepend","prepend":"\u2581"}""", "", "")]
    [InlineData("""{"type":"Nmt"}""", "a\u0007b\tc\u200Bd\uFEFFe", "ab c d e")]
    [InlineData("""{"type":"Lowercase"}""", "\u0130\u03A3A", "i\u0307\u03C3a")]
    [InlineData("""{"type":"StripAccents"}""", "e\u0301\u00E9", "e\u00E9")]
    public void Normalizers_change_the_text(string json, string text, string expected)
    {
        var normalizer = JsonNormalizers.Read(Part(json));
        Assert.Equal(expected, normalizer.Normalize(text));
        Assert.Equal(expected, JsonNormalizers.Read(Again(normalizer.ToJson())).Normalize(text));
    }

    [Theory]
    [InlineData("""{"type":"Metaspace","replacement":"_","add_prefix_space":true}""", "a bc  d ", "_a|_bc|_|_d|_")]
    [InlineData("""{"type":"Metaspace","replacement":"_","add_prefix_space":false}""", "a b", "a|_b")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"never"}""", "_a b", "_a|_b")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false}""", "a b", "_a_b")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Removed"}""", "a-b--c", "a|b|c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated"}""", "a-b--c", "a|-|b|-|-|c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithPrevious"}""", "a-b--c", "a-|b-|-|c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithNext"}""", "a-b--c", "a|-b|-|-c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Contiguous"}""", "a-b--c", "a|-|b|--|c")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\p{L}+"},"behavior":"Removed","invert":true}""", "ab1c\U0001D400!", "ab|c\U0001D400")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"a++b?+|\\s+"},"behavior":"Isolated"}""", "aaab b", "aaab| |b")]
    [InlineData("""{"type":"Punctuation"}""", "a,b!? c", "a|,|b|!|?| c")]
    [InlineData("""{"type":"Punctuation","behavior":"Contiguous"}""", "a,b!?", "a|,|b|!?")]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "a12b\u0663", "a|1|2|b|\u0663")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "a12b", "a|12|b")]
    [InlineData("""{"type":"CharDelimiterSplit","delimiter":"x"}""", "axbx", "a|b")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"_","add_prefix_space":true}]}""", " a  b", "_a|_b")]
    public void Pre_tokenizers_cut_the_text(string json, string text, string expected)
    {
        var preTokenizer = JsonPreTokenizers.Read(Part(json));
        Assert.Equal(expected, Cut(preTokenizer, text));
        Assert.Equal(expected, Cut(JsonPreTokenizers.Read(Again(preTokenizer.ToJson())), text));
    }

    static string Cut(PreTokenizer preTokenizer, string text)
    {
        var pieces = new TextPieces { AtStart = true };
        pieces.Append(text);
        pieces.CoverAll();
        preTokenizer.Cut(pieces);
        return string.Join('|', pieces.Pieces.Select(piece => pieces[piece].ToString()));
    }

    [Theory]
    [InlineData("""{"type":"WordPiece","prefix":"##","cleanup":true}""", "it|'s|good|##ness|!", "it's goodness!")]
    [InlineData("""{"type":"WordPiece","prefix":"##","cleanup":false}""", "a|##b|c", "ab c")]
    [InlineData("""{"type":"ByteLevel"}""", "\u0120caf|\u00C3|\u00A9", " caf\u00E9")]
    [InlineData("""{"type":"Metaspace","replacement":"_","add_prefix_space":true}""", "_a|_b|c_d", "a bc d")]
    [InlineData("""{"type":"Metaspace","replacement":"_","add_prefix_space":false}""", "_a|_b", " a b")]
    [InlineData("""{"type":"BPEDecoder","suffix":"</w>"}""", "a|b</w>|c</w>", "ab c")]
    [InlineData("""{"type":"ByteFallback"}""", "a|<0xC3>|<0xA9>|b|<0xC3>|c", "a\u00E9b\uFFFDc")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""", "_a|_b", "a b")]
    [InlineData("""{"type":"Strip","content":"_","start":1,"stop":2}""", "__a___|_", "_a_")]
    public void Decoders_join_tokens(string json, string tokens, string expected)
    {
        var decoder = Decoder.Read(Part(json));
        var got = decoder.Decode(tokens.Split('|'));
        Assert.Equal(expected, got);
        Assert.Equal(got, Decoder.Read(Again(decoder.ToJson())).Decode(tokens.Split('|')));
    }

    static Tokenizer Load(string json)
    {
        using var folder = Shared.Temp();
        folder.Write("tokenizer.json", json);
        var tokenizer = Tokenizer.Load(folder.Path);
        tokenizer.Save(folder.File("saved"));
        return Tokenizer.Load(folder.File("saved"));                       // all below holds for what was written and read again
    }

    [Theory]
    [InlineData("ab", new[] { 3 })]                                        // -1.5 for both together, -4 apart
    [InlineData("abc", new[] { 3, 2 })]                                    // ab + c = -4.5 beats a + bc = -5
    [InlineData("axxb", new[] { 0, 5, 1 })]                                // one unknown token for a run
    [InlineData("", new int[0])]
    public void A_unigram_model_takes_the_likeliest_cut(string text, int[] expected) => Assert.Equal(expected, Load("""
        {"model":{"type":"Unigram","unk_id":5,"vocab":[["a",-2],["b",-2],["c",-3],["ab",-1.5],["bc",-3],["<unk>",0]]}}
        """).Encode(text).Ids);

    [Fact]
    public void Unknown_characters_of_a_unigram_model_can_be_bytes()
    {
        var bytes = string.Join(',', Enumerable.Range(0, 256).Select(b => $"[\"<0x{b:X2}>\",0]"));
        var tokenizer = Load($$$"""{"model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0],{{{bytes}}},["a",-1]]},"decoder":{"type":"ByteFallback"}}""");
        Assert.Equal([257, 0xC3 + 1, 0xA9 + 1], tokenizer.Encode("a\u00E9").Ids);
        Assert.Equal("a\u00E9", tokenizer.Decode(tokenizer.Encode("a\u00E9").Ids));
    }

    [Fact]
    public void A_word_level_model_knows_whole_words_only()
    {
        var tokenizer = Load("""{"pre_tokenizer":{"type":"Whitespace"},"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"one":1,"two":2}}}""");
        Assert.Equal([1, 0, 2], tokenizer.Encode("one three two").Ids);
        Assert.Equal("one ? two", tokenizer.Decode(tokenizer.Encode("one three two").Ids, skipSpecial: false));
    }

    [Fact]
    public void Bpe_marks_the_inside_and_the_end_of_words()
    {
        var tokenizer = Load("""
            {"pre_tokenizer":{"type":"Whitespace"},"decoder":{"type":"BPEDecoder","suffix":"</w>"},
             "model":{"type":"BPE","continuing_subword_prefix":"@","end_of_word_suffix":"</w>","unk_token":"?","vocab":
              {"?":0,"a":1,"@a":2,"@b</w>":3,"aa":4,"aab</w>":5,"a</w>":6},"merges":["a @a","aa @b</w>"]}}
            """);
        Assert.Equal([5, 6], tokenizer.Encode("aab a").Ids);
        Assert.Equal([4, 0, 6], tokenizer.Encode("aax a").Ids);
        Assert.Equal("aab a", tokenizer.Decode(tokenizer.Encode("aab a").Ids));
    }

    [Theory]
    [InlineData("false", "false", "xyb", new[] { 0, 0, 2 })]
    [InlineData("true", "false", "xyb", new[] { 0, 2 })]
    [InlineData("false", "true", "ab", new[] { 4 })]                       // the whole word, although no merge makes it
    [InlineData("false", "false", "ab", new[] { 1, 2 })]
    public void Bpe_fuses_unknown_ones_and_ignores_merges_where_asked(string fuse, string ignore, string text, int[] expected) => Assert.Equal(expected, Load($$$"""
        {"model":{"type":"BPE","unk_token":"?","fuse_unk":{{{fuse}}},"ignore_merges":{{{ignore}}},"dropout":0.1,"vocab":{"?":0,"a":1,"b":2,"c":3,"ab":4},"merges":[]}}
        """).Encode(text).Ids);

    [Theory]
    [InlineData("""{"max_length":4,"strategy":"LongestFirst","direction":"Right","stride":0}""", new[] { 1, 2, 4, 5 })]
    [InlineData("""{"max_length":4,"strategy":"LongestFirst","direction":"Left","stride":0}""", new[] { 2, 3, 4, 5 })]
    [InlineData("""{"max_length":4,"strategy":"OnlyFirst","direction":"Right","stride":0}""", new[] { 1, 2, 4, 5 })]
    [InlineData("""{"max_length":4,"strategy":"OnlySecond","direction":"Right","stride":0}""", new[] { 1, 2, 3, 4 })]
    [InlineData("null", new[] { 1, 2, 3, 4, 5 })]
    public void Truncation_of_the_file_holds_where_the_caller_names_no_length(string truncation, int[] expected)
    {
        var tokenizer = Load($$$"""
            {"truncation":{{{truncation}}},"padding":{"strategy":{"Fixed":9},"pad_id":0,"pad_token":"?","direction":"Right"},
             "pre_tokenizer":{"type":"Whitespace"},"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"b":2,"c":3,"d":4,"e":5}} }
            """);
        Assert.Equal(expected, tokenizer.Encode("a b c", "d e").Ids);
        Assert.Equal(5, tokenizer.Encode("a b c", "d e").FullLength);
        Assert.Equal(5, tokenizer.Encode("a b c", "d e", 100).Ids.Length);
    }

    [Fact]
    public void A_pattern_that_takes_too_long_is_an_error_and_not_a_hang()
    {
        var tokenizer = Load("""{"normalizer":{"type":"Replace","pattern":{"Regex":"(a+)+$"},"content":""},"model":{"type":"WordLevel","vocab":{"a":0}}}""");
        Assert.Contains("took longer than 0.25 s", Assert.Throws<DataException>(() => tokenizer.Encode(new string('a', 40) + "b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_stretch_alone_gets_the_sign_of_scheme_first()
    {
        var tokenizer = Load("""
            {"added_tokens":[{"id":9,"content":"<s>","special":true,"normalized":false}],"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first"},
             "model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"_a":1,"a":2}}}
            """);
        Assert.Equal([1, 9, 2], tokenizer.Encode("a<s>a").Ids);
        Assert.Equal([9, 2], tokenizer.Encode("<s>a").Ids);
    }
}
