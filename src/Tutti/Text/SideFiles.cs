namespace Tutti.Text;

/// <summary>
/// What tokenizer_config.json, special_tokens_map.json and added_tokens.json of a folder say; each may be absent. The map wins over the
/// configuration, as in Hugging Face's from_pretrained.
/// </summary>
sealed class SideFiles
{
    /// <summary>A special token as declared; the flags are null where only its name is given.</summary>
    public sealed record Declared(string Content, string File, bool? LeftStrip = null, bool? RightStrip = null, bool? SingleWord = null);

    readonly string configFile;
    readonly JsonPart? config, model;

    public Dictionary<string, Declared> Roles { get; } = [];
    public List<Declared> Additional { get; } = [];
    /// <summary>Tokens with ids of their own, of added_tokens.json and the configuration's added_tokens_decoder.</summary>
    public Dictionary<string, (int Id, bool Special, Declared Flags)> Added { get; } = [];

    public SideFiles(string folder)
    {
        configFile = Path.Combine(folder, "tokenizer_config.json");
        config = ReadIfPresent(configFile);
        model = ReadIfPresent(Path.Combine(folder, "config.json"));
        var map = ReadIfPresent(Path.Combine(folder, "special_tokens_map.json"));
        foreach (var source in new[] { config, map }.OfType<JsonPart>())
        {
            foreach (var role in SpecialTokens.Roles)
                if (source.Find(role) is { } token) Roles[role] = Declare(token);
            if (source.Find("additional_special_tokens") is { IsList: true } more) Additional.AddRange(more.Items.Select(Declare));
        }
        if (config?.Find("added_tokens_decoder") is { } decoder)
            foreach (var (id, token) in decoder.Members)
                Added[token["content"].Text] = (int.TryParse(id, System.Globalization.CultureInfo.InvariantCulture, out var number) && number is >= 0 and < 1 << 28 ? number
                    : throw new DataException(configFile, $"'{token.Place}': expected an id as key"), token.FlagOf("special"), Declare(token));
        if (ReadIfPresent(Path.Combine(folder, "added_tokens.json")) is { } added)
            foreach (var (content, id) in added.Members)
                Added.TryAdd(content, (VocabularyFiles.Id(id), false, new(content, added.File)));
    }

    /// <summary>The class without "Fast", or null; a class that stands for any tokenizer.json says nothing.</summary>
    public string? ClassName => (config?.TextOf("tokenizer_class") ?? KnownByModel) is { } name && name is not (TokenizerJson.Generic or "PreTrainedTokenizer")
        ? name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name : null;

    /// <summary>The class that config.json names, where it is one that is built.</summary>
    string? KnownByModel => model?.TextOf("tokenizer_class") is { } name && TokenizerKind.Find(name) is not null ? name : null;

    /// <summary>Whether tokenizer_config.json says that the tokenizer is nothing but its tokenizer.json.</summary>
    public bool IsGeneric => ClassName is null && config?.TextOf("tokenizer_class") is not null;

    /// <summary>What the model beside the tokenizer is, or null: the kind follows from it where no class is named.</summary>
    public string? ModelType => model?.TextOf("model_type");

    public string ConfigFile => configFile;

    /// <summary>An argument that may be absent.</summary>
    public JsonPart? Argument(string name) => config?.Find(name);
    public bool Flag(string name, bool otherwise) => config?.FlagOf(name, otherwise) ?? otherwise;

    /// <summary>Hugging Face writes 1e30 where there is no limit.</summary>
    public int? ModelMaxLength => Argument("model_max_length")?.Value is { ValueKind: System.Text.Json.JsonValueKind.Number } value
        && value.GetDouble() is >= 1 and <= int.MaxValue and var length ? (int)length : null;

    /// <summary>Whether the model reads token types, if the configuration says so.</summary>
    public bool? UsesTokenTypes => Argument("model_input_names") is { IsList: true } names ? names.Items.Any(name => name.Text == "token_type_ids") : null;

    static JsonPart? ReadIfPresent(string file) => File.Exists(file) ? JsonPart.Read(file) : null;

    static Declared Declare(JsonPart token) => token.IsText
        ? new(token.Text, token.File)
        : new(token["content"].Text, token.File, token.Find("lstrip")?.Flag, token.Find("rstrip")?.Flag, token.Find("single_word")?.Flag);
}
