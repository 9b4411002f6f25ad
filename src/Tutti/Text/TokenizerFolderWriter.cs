using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Writes a tokenizer as a Hugging Face folder. Each file is written beside its place and then renamed.</summary>
static class TokenizerFolderWriter
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    static readonly JsonSerializerOptions dense = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Tokenizer tokenizer, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, text) in Files(tokenizer))
            if (text is not null) WriteFile(folder, name, text);
            else File.Delete(Path.Combine(folder, name));               // of another tokenizer saved here before
    }

    /// <summary>The files that give equal ids when read again, by name; null for one that this tokenizer must not have.</summary>
    public static IReadOnlyDictionary<string, string?> Files(Tokenizer tokenizer)
    {
        var parts = tokenizer.Parts;
        var vocabulary = parts.Model.Vocabulary.OrderBy(entry => entry.Value).ToArray();
        var files = new Dictionary<string, string?> { ["vocab.txt"] = null, ["vocab.json"] = null, ["merges.txt"] = null, ["added_tokens.json"] = null };
        if (parts.Model is Bpe bpe)
        {
            files["vocab.json"] = bpe.VocabularyJson().ToJsonString(dense);
            files["merges.txt"] = string.Concat(bpe.MergeLines.Prepend("#version: 0.2").Select(line => line + "\n"));
        }
        else if (FitsVocabTxt(vocabulary)) files["vocab.txt"] = string.Concat(vocabulary.Select(entry => entry.Key + "\n"));
        var beyond = parts.Added.Where(token => !parts.Model.Vocabulary.ContainsKey(token.Content)).ToArray();
        if (beyond.Length > 0) files["added_tokens.json"] = AddedJson(beyond).ToJsonString(indented);
        files["special_tokens_map.json"] = SpecialMap(parts).ToJsonString(indented);
        files["tokenizer_config.json"] = Config(parts).ToJsonString(indented);
        files["tokenizer.json"] = TokenizerJson(parts).ToJsonString(indented);
        return files;
    }

    static bool FitsVocabTxt(KeyValuePair<string, int>[] vocabulary) =>
        vocabulary[^1].Value == vocabulary.Length - 1 && vocabulary.All(entry => entry.Key.AsSpan().IndexOfAny('\n', '\r') < 0);

    static JsonObject AddedJson(IEnumerable<AddedToken> tokens)
    {
        var json = new JsonObject();
        foreach (var token in tokens) json[token.Content] = token.Id;
        return json;
    }

    static JsonObject SpecialMap(TokenizerParts parts)
    {
        var map = new JsonObject();
        foreach (var role in SpecialTokens.Roles)
            if (parts.Special[role] is { } token) map[role] = Describe(token);
        var played = parts.Special.All.ToHashSet();
        var others = parts.Added.Where(token => token.Special && !played.Contains(token.Content)).ToArray();
        if (others.Length > 0) map["additional_special_tokens"] = new JsonArray([.. others.Select(token => Describe(token.Content))]);
        return map;

        JsonNode Describe(string content)
        {
            if (parts.Added.FirstOrDefault(token => token.Content == content) is not { } token) return JsonValue.Create(content);
            var json = token.ToJson();
            json.Remove("id");
            json.Remove("special");
            return json;
        }
    }

    static JsonObject Config(TokenizerParts parts)
    {
        var config = new JsonObject { ["tokenizer_class"] = parts.ClassName };
        foreach (var (name, value) in parts.Arguments) config[name] = JsonSerializer.SerializeToNode(value);
        // Hugging Face's fast classes take their own defaults for what is not stated here, whatever tokenizer.json says.
        if (parts.Normalizer is BertNormalizer bert)
        {
            config["do_lower_case"] = bert.LowerCase;
            config["strip_accents"] = bert.StripsAccents;
            config["tokenize_chinese_chars"] = bert.SetsIdeographsApart;
        }
        if (parts.PreTokenizer is ByteLevel bytes) config["add_prefix_space"] = bytes.PrefixSpace || parts.Prefix != PrefixBlank.No;
        if (parts.ModelMaxLength is { } length) config["model_max_length"] = length;
        JsonNode[] inputs = parts.UsesTokenTypes ? ["input_ids", "token_type_ids", "attention_mask"] : ["input_ids", "attention_mask"];
        config["model_input_names"] = new JsonArray(inputs);
        if (parts.Slow) config[TokenizerFolder.ReadKey] = TokenizerFolder.ReadFiles;
        return config;
    }

    static JsonObject TokenizerJson(TokenizerParts parts) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. parts.Added.OrderBy(token => token.Id).Select(token => token.ToJson())]),
        ["normalizer"] = parts.Normalizer?.ToJson(),
        // The fast classes know no blank before the whole text only, so this comes nearest; see TokenizerFolder.ReadKey.
        ["pre_tokenizer"] = (parts.Prefix == PrefixBlank.No ? parts.PreTokenizer : new ByteLevel(prefixSpace: true))?.ToJson(),
        ["post_processor"] = parts.Template.ToJson() ?? (parts.Model is Bpe ? new ByteLevel(false).ToJson() : null),
        ["decoder"] = parts.Model.DecoderJson(),
        ["model"] = parts.Model.ToJson(),
    };

    static void WriteFile(string folder, string name, string text)
    {
        var (path, part) = (Path.Combine(folder, name), Path.Combine(folder, name + ".part"));
        using (var file = new FileStream(part, FileMode.Create, FileAccess.Write))
        {
            file.Write(new UTF8Encoding(false).GetBytes(text));
            file.Flush(flushToDisk: true);
        }
        File.Move(part, path, overwrite: true);
    }
}
