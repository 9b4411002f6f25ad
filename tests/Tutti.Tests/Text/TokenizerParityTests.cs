using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>
/// Ids, tokens and types equal to recorded ones of transformers' slow tokenizers, for every folder of a known kind under the fixtures. Everything is
/// read from the files; a kind that is not known fails.
/// </summary>
public class TokenizerParityTests(ITestOutputHelper output)
{
    static string Root => Path.Combine(Shared.Fixtures, "02_tokenizers");

    /// <summary>All but the models without any logic around them, which SentencePieceParityTests reads.</summary>
    public static TheoryData<string> Folders() =>
        [.. Directory.GetDirectories(Root).Where(folder => folder != SentencePieceParityTests.Folder).Select(folder => Path.GetFileName(folder)).Order()];

    [Theory, MemberData(nameof(Folders))]
    public void Ids_equal_the_recorded_ones(string name)
    {
        var folder = Path.Combine(Root, name);
        var meta = ReadMeta(folder);
        using var temp = Shared.Temp();
        var tokenizer = Load(folder, meta, temp);
        Assert.Equal((int)meta["len_with_added"]!, tokenizer.VocabularySize);
        foreach (var (token, id) in meta["special_ids"]!.AsObject()) Assert.Equal((int)id!, tokenizer.IdOf(token));
        var failed = Directory.GetFiles(folder, "*.jsonl").Order().Sum(file => Compare(name, file, tokenizer));
        Assert.Equal(0, failed);
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_saved_tokenizer_gives_equal_ids_when_read_again(string name)
    {
        var folder = Path.Combine(Root, name);
        using var temp = Shared.Temp();
        var tokenizer = Load(folder, ReadMeta(folder), temp);
        tokenizer.Save(temp.File("saved"));
        var again = Tokenizer.Load(temp.File("saved"));
        File.Delete(Path.Combine(temp.File("saved"), "tokenizer_config.json"));        // now tokenizer.json is what is read
        var fast = Tokenizer.Load(temp.File("saved"));
        var failed = 0;
        foreach (var file in Directory.GetFiles(folder, "*.jsonl").Order())
        {
            failed += Compare($"{name} saved", file, again);
            // The fast rules put a blank before each stretch, the slow ones before the whole text only; those of SentencePiece come near only.
            if (TokenizerKind.Find(tokenizer.Kind)!.Family == TokenizerFamily.SentencePiece) CompareFast(name, file, fast);
            else if (!File.ReadAllText(Path.Combine(folder, "meta.json")).Contains("add_prefix_space", StringComparison.Ordinal))
                failed += Compare($"{name} saved, tokenizer.json", file, fast);
        }
        Assert.Equal(0, failed);
    }

    [Fact]
    public void The_tokenizer_json_of_bert_gives_the_ids_of_its_vocabulary_file()
    {
        var data = Shared.Data(Path.Combine("tokenizers", "bert-base-uncased"));
        using var temp = Shared.Temp();
        File.Copy(Path.Combine(data, "vocab.txt"), temp.File("vocab.txt"));
        var slow = Tokenizer.Load(temp.Path);
        var fast = Tokenizer.Load(data);
        Assert.False(fast.Parts.Slow);
        var compared = 0;
        foreach (var line in Directory.GetDirectories(Root).SelectMany(folder => Directory.GetFiles(folder, "*.jsonl")).SelectMany(File.ReadLines))
        {
            var row = JsonNode.Parse(line)!;
            var (text, pair) = ((string)row["text"]!, (string?)row["text_pair"]);
            Assert.Equal(slow.Encode(text, pair).Ids, fast.Encode(text, pair).Ids);
            compared++;
        }
        output.WriteLine($"tokenizer.json against vocab.txt: {compared} lines compared");
        Assert.True(compared > 0);
    }

    static JsonNode ReadMeta(string folder)
    {
        var metas = Directory.GetFiles(folder, "*meta.json");
        Assert.NotEmpty(metas);
        var meta = JsonNode.Parse(File.ReadAllText(metas[0]))!;
        var kind = (string?)meta["tokenizer_class"];
        Assert.True(TokenizerKind.Find(kind) is not null, $"{folder}: tokenizer class '{kind}' is not known");
        return meta;
    }

    /// <summary>Lays the files that meta.json names out as a Hugging Face folder and reads it.</summary>
    static Tokenizer Load(string folder, JsonNode meta, TempFolder temp)
    {
        foreach (var (kind, entry) in meta["files"]!.AsObject())
        {
            var source = Find(folder, (string)entry!["path"]!);
            Assert.SkipWhen(source is null, $"the file {entry!["path"]} of {Path.GetFileName(folder)} is absent");
            var isMap = source!.EndsWith(".json", StringComparison.Ordinal);
            var pieces = source.EndsWith(".model", StringComparison.Ordinal);
            File.Copy(source, temp.File(kind == "merges_file" ? "merges.txt" : isMap ? "vocab.json" : pieces ? "spiece.model" : "vocab.txt"), overwrite: true);
        }
        var config = (JsonObject)meta["args"]!.DeepClone();
        config["tokenizer_class"] = (string)meta["tokenizer_class"]!;
        foreach (var (role, token) in meta["special_tokens"]!.AsObject())
            if (role != "additional_special_tokens") config.TryAdd(role, token!.DeepClone());
        temp.Write("tokenizer_config.json", config.ToJsonString());
        // Special tokens beyond the vocabulary get their recorded ids.
        var added = new JsonObject();
        foreach (var (token, id) in meta["special_ids"]!.AsObject())
            if ((int)id! >= (int)meta["vocab_size"]!) added[token] = id!.DeepClone();
        if (added.Count > 0) temp.Write("added_tokens.json", added.ToJsonString());
        return Tokenizer.Load(temp.Path);
    }

    /// <summary>Paths are written relative to the case's folder, the fixtures, this checkout or a folder beside the one that holds the fixtures.</summary>
    internal static string? Find(string folder, string path) => new[] { folder, Shared.Fixtures, Shared.Root, Path.Combine(Shared.Fixtures, "..", "..", "checkout") }
        .Select(start => Path.GetFullPath(Path.Combine(start, path))).FirstOrDefault(File.Exists);

    int Compare(string name, string file, Tokenizer tokenizer)
    {
        var (lines, wrong, newer) = (0, 0, 0);
        foreach (var line in File.ReadLines(file))
        {
            lines++;
            using var row = JsonDocument.Parse(line);
            if (Difference(row.RootElement, tokenizer) is not { } difference) continue;
            if (row.RootElement.TryGetProperty("unicode14_unassigned", out _))
            {
                newer++;
                continue;
            }
            if (++wrong <= 5) output.WriteLine($"  {difference}\n  in {line[..Math.Min(line.Length, 400)]}");
        }
        output.WriteLine($"{name} {Path.GetFileName(file)}: {lines} lines compared, {wrong} wrong, {newer} differ by Unicode version (tolerance: none)");
        return wrong;
    }

    /// <summary>
    /// The fast form of a SentencePiece model cuts texts as people write them alike. Of the crafted ones some differ by design: SentencePiece sums in single
    /// precision and takes the longest rule at each place, the fast form sums in double and takes rules character by character. Three in a hundred may.
    /// </summary>
    void CompareFast(string name, string file, Tokenizer fast)
    {
        var rows = File.ReadLines(file).Select(line => JsonDocument.Parse(line)).ToArray();
        var wrong = rows.Where(row => Difference(row.RootElement, fast) is not null).Select(row => row.RootElement.GetProperty("cat").GetString()!).CountBy(cat => cat).ToArray();
        output.WriteLine($"{name} saved, tokenizer.json, {Path.GetFileName(file)}: {rows.Length} lines, {wrong.Sum(entry => entry.Value)} differ: {string.Join(", ", wrong)}");
        Assert.InRange(wrong.Sum(entry => entry.Value), 0, Path.GetFileName(file) == "crafted.jsonl" ? rows.Length * 3 / 100 : 0);
        foreach (var row in rows) row.Dispose();
    }

    static string? Difference(JsonElement row, Tokenizer tokenizer)
    {
        var text = row.GetProperty("text").GetString()!;
        var pair = row.TryGetProperty("text_pair", out var second) ? second.GetString() : null;
        var max = row.TryGetProperty("max_length", out var length) ? length.GetInt32() : int.MaxValue;
        if (row.TryGetProperty("truncation", out var way)) Assert.Equal("longest_first", way.GetString());
        var got = tokenizer.Encode(text, pair, max);
        if (!Numbers(row, "ids").SequenceEqual(got.Ids)) return $"ids {string.Join(' ', got.Ids)}";
        if (got.FullLength != tokenizer.Encode(text, pair).Ids.Length) return $"full length {got.FullLength}";
        if (!row.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()).SequenceEqual(tokenizer.Tokens(got.Ids))) return "tokens";
        if (row.TryGetProperty("token_type_ids", out _)
            && !Numbers(row, "token_type_ids").SequenceEqual((got.TypeIds ?? new byte[got.Ids.Length]).Select(type => (int)type))) return "types";
        if (row.TryGetProperty("ids_max16", out _))
        {
            var cut = tokenizer.Encode(text, pair, 16);
            if (!Numbers(row, "ids_max16").SequenceEqual(cut.Ids) || !cut.Truncated) return $"ids cut to 16: {string.Join(' ', cut.Ids)}";
        }
        return null;
    }

    static int[] Numbers(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];
}
