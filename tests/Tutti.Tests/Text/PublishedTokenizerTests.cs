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
}
