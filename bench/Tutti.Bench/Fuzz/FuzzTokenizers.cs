using System.Text;
using System.Text.Json.Nodes;
using Tutti.Text;

namespace Tutti.Bench.Fuzz;

/// <summary>Small tokenizers of each kind, and those of the recorded fixtures where they are beside the repository.</summary>
static class FuzzTokenizers
{
    const int MaxBytes = 300_000;

    static readonly string[] texts = ["forest fire near the lake", "the lake is near", "fires are burning in the forest", "ünder the bridge", "nearly burnt"];

    public static IEnumerable<FuzzSeed> All()
    {
        yield return Of(WordPieceTrainer.Train(texts, 120));
        yield return Of(UnigramTrainer.Train(texts, 80));
        yield return BytePairs();
        foreach (var folder in Recorded())
            if (Read(folder) is { } files) yield return new(files, [.. files.Keys], Change);
    }

    static FuzzSeed Of(Tokenizer tokenizer)
    {
        var files = TokenizerFolderWriter.Files(tokenizer).Where(file => file.Value is not null).ToDictionary(file => file.Key, file => file.Value!);
        return new(files, [.. files.Keys], Change);
    }

    static readonly string[] specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
    static readonly string[] merges = ["f o", "fo r", "r e", "e s", "t h", "th e", "Ġ f", "Ġ the"];

    // The bytes as GPT-2 spells them, and a few merges.
    static FuzzSeed BytePairs()
    {
        var tokens = specials.Concat(Enumerable.Range(33, 94).Concat(Enumerable.Range(161, 12)).Concat(Enumerable.Range(174, 82)).Concat(Enumerable.Range(256, 68)).Select(code => ((char)code).ToString()))
            .Concat(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)));
        var files = new Dictionary<string, byte[]>
        {
            ["vocab.json"] = Encoding.UTF8.GetBytes(new JsonObject(tokens.Select((token, id) => KeyValuePair.Create<string, JsonNode?>(token, id))).ToJsonString()),
            ["merges.txt"] = Encoding.UTF8.GetBytes("#version: 0.2\n" + string.Concat(merges.Select(merge => merge + "\n"))),
            ["tokenizer_config.json"] = Encoding.UTF8.GetBytes("""{"tokenizer_class":"RobertaTokenizer","model_max_length":512,"add_prefix_space":false}"""),
        };
        var folder = Directory.CreateTempSubdirectory("tutti-fuzz-").FullName;
        try
        {
            foreach (var (name, bytes) in files) File.WriteAllBytes(Path.Combine(folder, name), bytes);
            return Of(Tokenizer.Load(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static IEnumerable<string> Recorded()
    {
        var root = Environment.GetEnvironmentVariable("TUTTI_FIXTURES") is { Length: > 0 } set ? set : Path.Combine("..", "shared", "fixtures");
        var folder = Path.Combine(root, "02_tokenizers");
        return Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal) : [];
    }

    // A folder that is small and whose kind is built; null otherwise.
    static Dictionary<string, byte[]>? Read(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Where(file => !file.EndsWith(".jsonl", StringComparison.Ordinal) && Path.GetFileName(file) != "meta.json").ToArray();
        if (files.Length == 0 || files.Sum(file => new FileInfo(file).Length) > MaxBytes) return null;
        try
        {
            Tokenizer.Load(folder);
        }
        catch (InputException)
        {
            return null;
        }
        return files.ToDictionary(file => Path.GetFileName(file)!, File.ReadAllBytes);
    }

    static byte[] Change(byte[] file, byte[] other, Dice dice) => file is [(byte)'{', ..] ? FuzzSeed.Json(file, other, dice) : Mutator.Change(file, other, dice);
}
