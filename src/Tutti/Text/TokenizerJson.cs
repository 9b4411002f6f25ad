namespace Tutti.Text;

/// <summary>Reads a tokenizer.json; a component that is not known is an error that names it, never passed over. Padding is not read: batches here have none.
/// Where tokenizer_config.json states the case, accents or prefix blank, it wins, as in the fast classes.</summary>
static class TokenizerJson
{
    /// <summary>What Hugging Face calls a tokenizer that is nothing but its tokenizer.json.</summary>
    public const string Generic = "PreTrainedTokenizerFast";

    /// <summary>Whether the model is of a kind that is known.</summary>
    public static bool IsKnown(JsonPart root) => JsonModels.Kind(root["model"]) is not null;

    public static TokenizerParts Read(JsonPart root, SideFiles side)
    {
        var read = JsonModels.Read(root["model"]);
        var preTokenizer = root.Find("pre_tokenizer") is { } pre ? JsonPreTokenizers.Read(pre) : null;
        if (preTokenizer is ByteLevel bytes) preTokenizer = bytes.With(side);
        var normalizer = root.Find("normalizer") is { } norm ? JsonNormalizers.Read(norm) : null;
        if (normalizer is BertNormalizer bert) normalizer = bert.With(side);
        var added = ReadAdded(root, read.Vocabulary);
        var ids = new Dictionary<string, int>(read.Vocabulary);
        foreach (var token in added) ids[token.Content] = token.Id;
        var template = root.Find("post_processor") is { } post ? JsonProcessors.Read(post, ids) : SpecialTemplate.Bare;
        var className = side.ClassName ?? (IsUlmfit(normalizer) ? UlmfitTokenizer.ClassName : side.IsGeneric ? Generic : TokenizerKind.OfModel(side.ModelType)?.ClassName ?? Usual(read, preTokenizer, template));
        var kind = TokenizerKind.Find(className);
        var truncation = root.Find("truncation") is { } limit ? Truncation.Read(limit, template.MostSpecials) : null;
        return new()
        {
            ClassName = className,
            Normalizer = normalizer,
            PreTokenizer = preTokenizer,
            Model = read,
            Decoder = root.Find("decoder") is { } decoder ? Decoder.Read(decoder) : null,
            Template = template,
            Special = ReadRoles(side, IsUlmfit(normalizer) ? UlmfitTokenizer.Roles : kind?.Defaults, read, ids),
            Added = added,
            UsesTokenTypes = side.UsesTokenTypes ?? kind?.UsesTokenTypes ?? template.HasTypes,
            ModelMaxLength = side.ModelMaxLength ?? truncation?.MaxLength,
            Truncation = truncation,
        };
    }

    /// <summary>The class where nothing names one.</summary>
    static string Usual(TokenModel model, PreTokenizer? preTokenizer, SpecialTemplate template) => model is WordPiece ? "BertTokenizer"
        : model is Bpe && IsByteLevel(preTokenizer) ? template.Tokens.Any() ? "RobertaTokenizer" : "GPT2Tokenizer"
        : Generic;

    static bool IsUlmfit(Normalizer? normalizer) => normalizer is TextRulesNormalizer || normalizer is NormalizerSequence sequence && sequence.Steps.Any(IsUlmfit);

    public static bool IsByteLevel(PreTokenizer? preTokenizer) =>
        preTokenizer is ByteLevel || preTokenizer is PreTokenizerSequence sequence && sequence.Steps.Any(IsByteLevel);

    static AddedToken[] ReadAdded(JsonPart root, Dictionary<string, int> vocabulary)
    {
        var owners = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
        return root.Find("added_tokens") is not { } list ? [] : [.. list.Items.Select(part =>
        {
            var (content, id) = (part["content"].Text, VocabularyFiles.Id(part["id"]));
            if (vocabulary.TryGetValue(content, out var own) && own != id)
                throw new DataException(root.File, $"'{part.Place}': token '{content}' has id {id} here and {own} in the vocabulary");
            if (!owners.TryAdd(id, content) && owners[id] != content)
                throw new DataException(root.File, $"'{part.Place}': id {id} belongs to '{content}' here and to '{owners[id]}' elsewhere");
            return new AddedToken(id, content, part.FlagOf("special"), part.FlagOf("single_word"), part.FlagOf("lstrip"), part.FlagOf("rstrip"),
                part.FlagOf("normalized", true));
        })];
    }

    /// <summary>tokenizer.json does not say which token plays which part: the side files do, else the names that the kind has by default.</summary>
    static SpecialTokens ReadRoles(SideFiles side, SpecialTokens? usual, TokenModel model, Dictionary<string, int> ids)
    {
        var special = new SpecialTokens();
        foreach (var role in SpecialTokens.Roles)
        {
            var declared = side.Roles.GetValueOrDefault(role);
            if (declared is not null && !ids.ContainsKey(declared.Content))
                throw new DataException(declared.File, $"the special token '{declared.Content}' ({role}) is missing from the vocabulary of tokenizer.json");
            var token = declared?.Content ?? (role == "unk_token" ? model.UnknownToken : null) ?? usual?[role];
            if (token is not null && ids.ContainsKey(token)) special = special.With(role, token);
        }
        return special;
    }

    public static DataException Unsupported(JsonPart part, string expected) =>
        new(part.File, $"'{part.Place}' is {part.TextOf("type") ?? "of an unnamed type"}, which is not supported; expected {expected}");
}
