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
        foreach (var (name, bytes) in Files(tokenizer))
            if (bytes is not null) WriteFile(folder, name, bytes);
            else File.Delete(Path.Combine(folder, name));               // of another tokenizer saved here before
    }

    /// <summary>The files that give equal ids when read again, by name; null for one that this tokenizer must not have.</summary>
    public static IReadOnlyDictionary<string, byte[]?> Files(Tokenizer tokenizer)
    {
        var parts = tokenizer.Parts;
        var vocabulary = parts.Model.Vocabulary.OrderBy(entry => entry.Value).ToArray();
        var files = new Dictionary<string, byte[]?> { ["vocab.txt"] = null, ["vocab.json"] = null, ["merges.txt"] = null, ["added_tokens.json"] = null };
        foreach (var name in SentencePieceReader.FileNames) files[name] = null;
        if (parts.Model is Bpe bpe && TokenizerJson.IsByteLevel(parts.PreTokenizer))
        {
            files["vocab.json"] = Bytes(bpe.VocabularyJson().ToJsonString(dense));
            files["merges.txt"] = Bytes(string.Concat(bpe.MergeLines.Prepend("#version: 0.2").Select(line => line + "\n")));
        }
        else if (parts.Model is SentencePieceTokens pieces) files[SentencePieceReader.FileName(parts.ClassName)] = pieces.File.Bytes;
        else if (parts.Model is WordPiece && FitsVocabTxt(vocabulary)) files["vocab.txt"] = Bytes(string.Concat(vocabulary.Select(entry => entry.Key + "\n")));
        var beyond = parts.Added.Where(token => !parts.Model.Vocabulary.ContainsKey(token.Content)).ToArray();
        if (beyond.Length > 0) files["added_tokens.json"] = Bytes(AddedJson(beyond).ToJsonString(indented));
        files["special_tokens_map.json"] = Bytes(SpecialMap(parts).ToJsonString(indented));
        files["tokenizer_config.json"] = Bytes(Config(parts).ToJsonString(indented));
        files["tokenizer.json"] = parts.Model is SentencePieceTokens odd && !FastSentencePiece.CanSay(odd.File) ? null : Bytes(Json(parts).ToJsonString(indented));
        return files;
    }

    static byte[] Bytes(string text) => new UTF8Encoding(false).GetBytes(text);

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

    static JsonObject Json(TokenizerParts parts) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = parts.Truncation?.ToJson(),
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. parts.Added.OrderBy(token => token.Id).Select(token => token.ToJson())]),
        ["normalizer"] = parts.Model is SentencePieceTokens raw ? FastSentencePiece.Normalizer(raw, parts.Normalizer) : parts.Normalizer?.ToJson(),
        ["pre_tokenizer"] = PreTokenizer(parts),
        ["post_processor"] = parts.Template.ToJson() ?? (parts.Model is Bpe && TokenizerJson.IsByteLevel(parts.PreTokenizer) ? new ByteLevel(false).ToJson() : null),
        ["decoder"] = parts.Decoder?.ToJson() ?? parts.Model.DecoderJson(),
        ["model"] = parts.Model.ToJson(),
    };

    static JsonObject? PreTokenizer(TokenizerParts parts) =>
        parts.Model is SentencePieceTokens pieces ? FastSentencePiece.PreTokenizer(pieces, parts.PreTokenizer)
        // The fast classes know no blank before the whole text only, so this comes nearest; see TokenizerFolder.ReadKey.
        : (parts.Prefix == PrefixBlank.No ? parts.PreTokenizer : new ByteLevel(prefixSpace: true))?.ToJson();

    static void WriteFile(string folder, string name, byte[] bytes)
    {
        var (path, part) = (Path.Combine(folder, name), Path.Combine(folder, name + ".part"));
        using (var file = new FileStream(part, FileMode.Create, FileAccess.Write))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }
        File.Move(part, path, overwrite: true);
    }
}
