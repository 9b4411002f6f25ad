using System.Text.Json.Nodes;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>tokenizer.json files of published models.</summary>
public class PublishedTokenizerTests(ITestOutputHelper output)
{
    /// <summary>The fast form says other than the slow one where blanks stand around special tokens, and where it sums more precisely.</summary>
    [Fact]
    public void The_tokenizer_json_of_a_t5_cuts_as_its_model_file_does()
    {
        var fast = Tokenizer.Load(Shared.Data(Path.Combine("tokenizers", "legal-t5-small-fr-en")));
        Assert.False(fast.Parts.Slow);
        Assert.Equal(32100, fast.VocabularySize);
        var (lines, wrong) = (0, new List<string>());
        foreach (var file in Directory.GetFiles(Path.Combine(Shared.Fixtures, "02_tokenizers", "t5_legal_fr_en"), "*.jsonl"))
            foreach (var row in File.ReadLines(file).Select(line => JsonNode.Parse(line)!))
            {
                lines++;
                var expected = row["ids"]!.AsArray().Select(id => (int)id!);
                // 128 is the truncation of this file, which a length of the caller's own overrides.
                var got = fast.Encode((string)row["text"]!, (string?)row["text_pair"], (int?)row["max_length"] ?? 100_000).Ids;
                if (!expected.SequenceEqual(got)) wrong.Add((string?)row["cat"] ?? "pair");
            }
        output.WriteLine($"{lines} lines, {wrong.Count} differ: {string.Join(", ", wrong.CountBy(cat => cat))}");
        Assert.True(lines > 200);
        Assert.Subset(new HashSet<string> { "empty_space", "control", "special_tokens", "long", "pair" }, wrong.ToHashSet());
        Assert.Equal(128, fast.Encode(string.Concat(Enumerable.Repeat("bonjour ", 500))).Ids.Length);
    }

    [Fact]
    public void The_tokenizer_json_of_a_pegasus_reads_saves_and_gives_the_text_back()
    {
        var tokenizer = Tokenizer.Load(Shared.Data(Path.Combine("tokenizers", "pegasus")));
        const string Text = "Shares of the company rose by 4.5 % on Friday, analysts said.";
        var ids = tokenizer.Encode(Text).Ids;
        Assert.Equal(tokenizer.EosId, ids[^1]);
        Assert.DoesNotContain(tokenizer.UnknownId!.Value, ids);
        Assert.Equal(Text, tokenizer.Decode(ids));
        using var folder = Shared.Temp();
        tokenizer.Save(folder.Path);
        Assert.Equal(ids, Tokenizer.Load(folder.Path).Encode(Text).Ids);
    }

    /// <summary>The parts of ModernBERT's file with a vocabulary of a few tokens: no class, runs of blanks as added tokens, a mask that takes the blank before it.</summary>
    [Fact]
    public void A_file_without_a_class_of_its_own_has_its_roles_from_the_configuration()
    {
        using var folder = Shared.Temp();
        folder.Write("tokenizer.json", """
            {"added_tokens":[{"id":0,"content":"[CLS]","special":true,"normalized":false},{"id":1,"content":"[SEP]","special":true,"normalized":false},
              {"id":2,"content":"[PAD]","special":true,"normalized":false},{"id":3,"content":"[MASK]","lstrip":true,"special":true,"normalized":false},
              {"id":9,"content":"  ","special":false,"normalized":true}],
             "normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
             "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
               "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
               "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[0],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[1],"tokens":["[SEP]"]}}},
             "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
             "model":{"type":"BPE","fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{"a":4,"b":5,"ab":6,"\u0120":7,"\u0120ab":8},"merges":[["a","b"],["\u0120","ab"]]}}
            """);
        folder.Write("tokenizer_config.json", """
            {"tokenizer_class":"PreTrainedTokenizerFast","cls_token":"[CLS]","sep_token":"[SEP]","pad_token":"[PAD]","mask_token":"[MASK]","model_max_length":8192,
             "model_input_names":["input_ids","attention_mask"]}
            """);
        folder.Write("config.json", """{"model_type":"modernbert"}""");
        for (var pass = 0; pass < 2; pass++)
        {
            var tokenizer = Tokenizer.Load(folder.Path);
            Assert.Equal([0, 6, 9, 6, 1], tokenizer.Encode("ab  ab").Ids);
            Assert.Equal([0, 6, 3, 8, 1, 4, 1], tokenizer.Encode("ab [MASK] ab", "a").Ids);
            Assert.Equal((0, 1, 2, 3, 8192, 10), (tokenizer.ClsId, tokenizer.SepId, tokenizer.PadId, tokenizer.MaskId, tokenizer.ModelMaxLength, tokenizer.VocabularySize));
            Assert.Equal(("PreTrainedTokenizerFast", false), (tokenizer.Kind, tokenizer.UsesTokenTypes));
            tokenizer.Save(folder.Path);                                   // what is written over it must read the same
        }
    }
}
