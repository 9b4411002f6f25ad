using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>
/// Text rules and vocabularies equal to recorded ones of fastai 2.7, for every file of the folders <c>text_rules*</c> under 03_awdlstm. Everything is read from the
/// files; a key that is not known fails.
/// </summary>
public class TextRulesParityTests(ITestOutputHelper output)
{
    static readonly Dictionary<string, Func<string, string>> rules = new()
    {
        ["fix_html"] = TextRules.FixHtml,
        ["replace_rep"] = TextRules.ReplaceRepetitions,
        ["replace_wrep"] = TextRules.ReplaceWordRepetitions,
        ["spec_add_spaces"] = TextRules.AddSpaces,
        ["rm_useless_spaces"] = TextRules.RemoveUselessSpaces,
        ["replace_all_caps"] = TextRules.ReplaceAllCaps,
        ["replace_maj"] = TextRules.ReplaceCapitalized,
        ["lowercase"] = text => TextRules.Lowercase(text),
        ["lowercase_no_bos_eos"] = text => TextRules.Lowercase(text, begin: false, end: true),
        ["chain"] = text => TextRules.Apply(text),
        ["replace_space"] = TextRules.ReplaceSpace,
    };

    static IEnumerable<string> Folders => Directory.GetDirectories(Path.Combine(Shared.Fixtures, "03_awdlstm"), "text_rules*");

    public static TheoryData<string> TextFiles() => [.. Folders.SelectMany(folder => Directory.GetFiles(folder, "*.jsonl")).Order()];

    public static TheoryData<string> VocabularyFiles() => [.. Folders.SelectMany(folder => Directory.GetFiles(folder, "vocab*.json")).Order()];

    [Theory, MemberData(nameof(TextFiles))]
    public void Each_rule_and_all_of_them_give_the_recorded_text(string file)
    {
        var (wrong, compared) = (0, 0);
        foreach (var line in File.ReadLines(file))
        {
            var row = JsonNode.Parse(line)!.AsObject();
            var text = (string)row["text"]!;
            foreach (var (key, value) in row)
            {
                if (key is "n" or "cat" or "text" or "tokens") continue;
                Assert.True(rules.TryGetValue(key, out var rule), $"{file}: no rule is called '{key}'");
                compared++;
                var got = rule(text);
                if (got == (string)value!) continue;
                if (wrong++ < 10) output.WriteLine($"{key} of {JsonSerializer.Serialize(text)}\n  recorded {JsonSerializer.Serialize((string)value!)}\n  got      {JsonSerializer.Serialize(got)}");
            }
        }
        Assert.Equal(0, wrong);
        Assert.True(compared > 0, $"{file} holds no recorded text");
    }

    /// <summary>The recorded tokens are what stands between blanks; the empty one of an empty text has no id of its own.</summary>
    [Theory, MemberData(nameof(TextFiles))]
    public void A_tokenizer_without_a_language_gives_the_recorded_tokens(string file)
    {
        string[][] recorded = [.. File.ReadLines(file).Select(line => JsonNode.Parse(line)!["tokens"]!.AsArray().Select(token => (string)token!).ToArray())];
        var tokenizer = UlmfitTokenizer.Of(WordVocabulary.Make(recorded, least: 1), WordLanguage.None);
        foreach (var (tokens, line) in recorded.Zip(File.ReadLines(file)))
            Assert.Equal(tokens.Where(token => token.Length > 0), tokenizer.Tokens(tokenizer.Encode((string)JsonNode.Parse(line)!["text"]!).Ids));
    }

    [Theory, MemberData(nameof(VocabularyFiles))]
    public void Vocabulary_and_ids_are_the_recorded_ones(string file)
    {
        var recorded = JsonNode.Parse(File.ReadAllText(file))!;
        string[][] tokens = [.. recorded["tokens"]!.AsArray().Select(text => text!.AsArray().Select(token => (string)token!).ToArray())];
        var words = WordVocabulary.Make(tokens, (int)recorded["min_freq"]!, (int)recorded["max_vocab"]!);
        Assert.Equal(recorded["vocab"]!.AsArray().Select(word => (string)word!), words);
        var list = WordList.Of(words, file);
        Assert.Equal(recorded["ids"]!.AsArray().Select(text => text!.AsArray().Select(id => (int)id!)), tokens.Select(text =>
        {
            var ids = new List<int>();
            foreach (var token in text) list.Encode(token, ids);
            return ids.AsEnumerable();
        }));
    }
}
