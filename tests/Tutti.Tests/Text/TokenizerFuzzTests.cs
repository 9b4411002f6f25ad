using System.Text;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>Damaged tokenizer files end in an error that names the file or in a tokenizer that works; never in another fault, and not in great allocations.</summary>
public class TokenizerFuzzTests
{
    const int Rounds = 250;
    /// <summary>Tables that a tokenizer has whatever its files say: by character, by word, for the working memory of a thread.</summary>
    const long FixedBytes = 8 << 20;

    static readonly string[] texts = ["Hello, [MASK] world 123!", "caf\u00E9 \U0001F600\u4E2D\u6587 \u0000\t  x", "aaaaaaaaaaaaaaaaaaaab"];

    static readonly string wordPiece = """
        {"truncation":{"max_length":9,"strategy":"LongestFirst","direction":"Left","stride":0},
         "added_tokens":[{"id":0,"content":"[UNK]","special":true,"normalized":false},{"id":1,"content":"[MASK]","special":true,"lstrip":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"BertNormalizer"},{"type":"Replace","pattern":{"Regex":"a++"},"content":"b"},{"type":"Strip"}]},
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"BertPreTokenizer"},{"type":"Digits"},{"type":"Split","pattern":{"String":"l"},"behavior":"Isolated"}]},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[UNK]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
           "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"[UNK]":{"id":"[UNK]","ids":[0],"tokens":["[UNK]"]}}},
         "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
         "model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"[MASK]":1,"he":2,"##o":3,"l":4,"b":5,"123":6}}}
        """;

    static readonly string bpe = """
        {"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true},"decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"}]},
         "model":{"type":"BPE","unk_token":"?","fuse_unk":true,"byte_fallback":true,"end_of_word_suffix":"","vocab":{"?":0,"a":1,"aa":2,"l":3,"ll":4,"<0x41>":5},"merges":["a a",["l","l"]]}}
        """;

    static readonly string unigram = """
        {"normalizer":{"type":"Precompiled","precompiled_charsmap":"CAAAAAAEAAAAAQAAYWIA"},"pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first"},
         "model":{"type":"Unigram","unk_id":0,"byte_fallback":false,"vocab":[["<unk>",0],["\u2581",-2.5],["l",-3],["lo",-1e3],["a",-2]]}}
        """;

    static readonly string words = """
        {"added_tokens":[{"id":2,"content":"xxbos","special":true,"normalized":true}],"normalizer":{"type":"TuttiRules","version":1},
         "pre_tokenizer":{"type":"TuttiWords","version":1,"language":"de"},"decoder":{"type":"TuttiRules","pieces":false},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"xxbos","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
           "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":0}}],"special_tokens":{"xxbos":{"id":"xxbos","ids":[2],"tokens":["xxbos"]}}},
         "model":{"type":"TuttiWordList","vocab":["xxunk","xxpad","xxbos","xxrep","hello","a","21","xxfake","xxfake"]}}
        """;

    /// <summary>The file that is damaged, what it holds, and the files beside it.</summary>
    static (string Name, byte[] Bytes, (string Name, string Text)[] Beside) Subject(string kind)
    {
        const string List = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n##s\nworld\n,\n", Map = """{"a":0,"b":1,"ab":2,"<|endoftext|>":3,"\u0120":4,"\u0120a":5}""";
        var pieces = SentencePieceMade.Letters("<unk>", "<s>", "</s>").Concat(Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, PieceType.Byte)));
        return kind switch
        {
            "wordpiece.json" => ("tokenizer.json", Encoding.UTF8.GetBytes(wordPiece), []),
            "bpe.json" => ("tokenizer.json", Encoding.UTF8.GetBytes(bpe), []),
            "words.json" => ("tokenizer.json", Encoding.UTF8.GetBytes(words), []),
            "unigram.json" => ("tokenizer.json", Encoding.UTF8.GetBytes(unigram), []),
            "vocab.txt" => ("vocab.txt", Encoding.UTF8.GetBytes(List), []),
            "vocab.json" => ("vocab.json", Encoding.UTF8.GetBytes(Map), [("merges.txt", "a b\n")]),
            "merges.txt" => ("merges.txt", "#version: 0.2\na b\n\u0120 a\n"u8.ToArray(), [("vocab.json", Map)]),
            "tokenizer_config.json" => ("tokenizer_config.json",
                """{"tokenizer_class":"BertTokenizer","do_lower_case":true,"mask_token":{"content":"[MASK]","lstrip":true},"model_max_length":512,"added_tokens_decoder":{"9":{"content":"x"}}}"""u8.ToArray(),
                [("vocab.txt", List)]),
            "unigram.model" => ("spiece.model", SentencePieceMade.File(pieces, byteFallback: true), [("tokenizer_config.json", """{"tokenizer_class":"AlbertTokenizer"}""")]),
            "bpe.model" => ("spm.model", SentencePieceMade.File(SentencePieceMade.Letters("<unk>"), PieceModel.Bpe, normalizer: spec => SentencePieceMade.Field(spec, 2, Convert.FromBase64String("CAAAAAAEAAAAAQAAYWIA"))),
                [("tokenizer_config.json", """{"tokenizer_class":"T5Tokenizer"}""")]),
            _ => throw new ArgumentException(kind, nameof(kind)),
        };
    }

    [Theory]
    [InlineData("wordpiece.json")]
    [InlineData("bpe.json")]
    [InlineData("unigram.json")]
    [InlineData("words.json")]
    [InlineData("vocab.txt")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("tokenizer_config.json")]
    [InlineData("unigram.model")]
    [InlineData("bpe.model")]
    public void Damage_is_an_error_that_names_a_file_or_does_no_harm(string kind)
    {
        var (name, bytes, beside) = Subject(kind);
        var random = new TestRandom((ulong)kind.Length * 7919);
        using var folder = Shared.Temp();
        foreach (var (file, text) in beside) folder.Write(file, text);
        var (worked, refused) = (0, 0);
        for (var round = 0; round <= Rounds; round++)
        {
            var damaged = round == 0 ? bytes : Damage(bytes, random);
            folder.Write(name, damaged);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var tokenizer = Tokenizer.Load(folder.Path);
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 * damaged.Length + FixedBytes);
                foreach (var text in texts) tokenizer.Decode(tokenizer.Encode(text).Ids);
                worked++;
            }
            catch (DataException error)
            {
                Assert.StartsWith(folder.Path, error.File, StringComparison.Ordinal);
                refused++;
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"round {round}: {error}\n{Convert.ToBase64String(damaged)}");
            }
            if (round == 0) Assert.Equal((1, 0), (worked, refused));
        }
        Assert.True(refused > Rounds / 20, $"only {refused} of {Rounds} were refused: the damage does not reach anything");
    }

    /// <summary>Bytes changed, a stretch removed, doubled or moved, the end cut off, or a number made enormous.</summary>
    static byte[] Damage(byte[] bytes, TestRandom random)
    {
        var result = bytes.ToList();
        for (var times = 1 + random.Below(3); times > 0 && result.Count > 4; times--)
        {
            var (from, length) = (random.Below(result.Count - 2), 1 + random.Below(8));
            length = Math.Min(length, result.Count - from);
            switch (random.Below(6))
            {
                case 0: result[from] = (byte)random.Below(256); break;
                case 1: result[from] ^= (byte)(1 << random.Below(8)); break;
                case 2: result.RemoveRange(from, length); break;
                case 3: result.InsertRange(random.Below(result.Count), result.GetRange(from, length)); break;
                case 4: result.RemoveRange(from, result.Count - from); break;
                default:
                    var digit = result.FindIndex(from, b => b is >= (byte)'0' and <= (byte)'9');
                    if (digit >= 0) result.InsertRange(digit, "99999999"u8.ToArray());
                    break;
            }
        }
        return [.. result];
    }
}
