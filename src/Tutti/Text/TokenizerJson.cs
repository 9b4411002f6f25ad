using System.Text;

namespace Tutti.Text;

/// <summary>Reads tokenizer.json of the WordPiece and byte-level BPE kinds; a component that is not known here is an error, never passed over.
/// Where tokenizer_config.json states the case, accents or prefix blank, it wins, as in the fast classes.</summary>
static class TokenizerJson
{
    /// <summary>WordPiece or BPE; null for a model of another kind. Files written before 2020 name no type.</summary>
    public static string? ModelKind(JsonPart root)
    {
        var model = root["model"];
        return model.TextOf("type") switch
        {
            "WordPiece" => "WordPiece",
            "BPE" => "BPE",
            null when model.Find("merges") is not null => "BPE",
            null when model.Find("continuing_subword_prefix") is not null => "WordPiece",
            _ => null,
        };
    }

    public static TokenizerParts Read(JsonPart root, SideFiles side)
    {
        var model = root["model"];
        TokenModel read = ModelKind(root) switch
        {
            "WordPiece" => ReadWordPiece(model),
            "BPE" => ReadBpe(model),
            _ => throw Unsupported(model, "WordPiece or BPE"),
        };
        var preTokenizer = root.Find("pre_tokenizer") is { } pre ? ReadPreTokenizer(pre) : null;
        if (preTokenizer is ByteLevel bytes) preTokenizer = bytes.With(side);
        var normalizer = root.Find("normalizer") is { } norm ? ReadNormalizer(norm) : null;
        if (normalizer is BertNormalizer bert) normalizer = bert.With(side);
        if (read is Bpe && !IsByteLevel(preTokenizer))
            throw new DataException(root.File, "'pre_tokenizer' has no ByteLevel; only byte-level BPE is supported");
        var added = ReadAdded(root, read.Vocabulary);
        var ids = new Dictionary<string, int>(read.Vocabulary);
        foreach (var token in added) ids[token.Content] = token.Id;
        var template = root.Find("post_processor") is { } post ? ReadTemplate(post, ids) : SpecialTemplate.Bare;
        var className = side.ClassName ?? (read is WordPiece ? "BertTokenizer" : template.Tokens.Any() ? "RobertaTokenizer" : "GPT2Tokenizer");
        var kind = TokenizerKind.Find(className);
        return new()
        {
            ClassName = className,
            Normalizer = normalizer,
            PreTokenizer = preTokenizer,
            Model = read,
            Template = template,
            Special = ReadRoles(side, kind, read, ids),
            Added = added,
            UsesTokenTypes = side.UsesTokenTypes ?? kind?.UsesTokenTypes ?? template.HasTypes,
            ModelMaxLength = side.ModelMaxLength ?? (root.Find("truncation") is { } truncation ? truncation["max_length"].Number : null),
        };
    }

    static WordPiece ReadWordPiece(JsonPart model)
    {
        var vocabulary = VocabularyFiles.ReadMap(model["vocab"]);
        var unknown = model.TextOf("unk_token") ?? "[UNK]";
        if (!vocabulary.ContainsKey(unknown)) throw new DataException(model.File, $"'model.unk_token' is '{unknown}', which the vocabulary lacks");
        return new(vocabulary, unknown, model.TextOf("continuing_subword_prefix") ?? "##", model.Find("max_input_chars_per_word")?.Number ?? 100);
    }

    static Bpe ReadBpe(JsonPart model)
    {
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model.TextOf(name) is { Length: > 0 }) throw model[name].Error("none: this is not supported");
        if (model.FlagOf("byte_fallback")) throw model["byte_fallback"].Error("false: this is not supported");
        if (model.Find("dropout") is { } dropout && !(dropout.Value.TryGetDouble(out var rate) && rate == 0)) throw dropout.Error("none or 0");
        var vocabulary = VocabularyFiles.ReadMap(model["vocab"]);
        var unknown = model.TextOf("unk_token");
        if (unknown is not null && !vocabulary.ContainsKey(unknown))
            throw new DataException(model.File, $"'model.unk_token' is '{unknown}', which the vocabulary lacks");
        // Written as "a b" before 2024, as ["a", "b"] since.
        var merges = model["merges"].Items.Select(merge =>
        {
            string[] parts = merge.IsList ? [.. merge.Items.Select(part => part.Text)] : merge.Text.Split(' ');
            if (VocabularyFiles.FaultOf(parts, vocabulary) is { } fault) throw new DataException(model.File, $"'{merge.Place}': {fault}");
            return (parts[0], parts[1]);
        });
        return new(vocabulary, [.. merges], unknown, model.FlagOf("fuse_unk"), model.FlagOf("ignore_merges"));
    }

    static Normalizer ReadNormalizer(JsonPart part) => part["type"].Text switch
    {
        "BertNormalizer" => new BertNormalizer(
            part.FlagOf("clean_text", true), part.FlagOf("handle_chinese_chars", true), part.Find("strip_accents")?.Flag, part.FlagOf("lowercase", true)),
        "Lowercase" => new LowercaseNormalizer(),
        "StripAccents" => new StripAccentsNormalizer(),
        "NFC" => new UnicodeNormalizer(NormalizationForm.FormC),
        "NFD" => new UnicodeNormalizer(NormalizationForm.FormD),
        "NFKC" => new UnicodeNormalizer(NormalizationForm.FormKC),
        "NFKD" => new UnicodeNormalizer(NormalizationForm.FormKD),
        "Sequence" => new NormalizerSequence([.. part["normalizers"].Items.Select(ReadNormalizer)]),
        _ => throw Unsupported(part, "BertNormalizer, Lowercase, StripAccents, NFC, NFD, NFKC, NFKD or Sequence"),
    };

    static PreTokenizer ReadPreTokenizer(JsonPart part) => part["type"].Text switch
    {
        "BertPreTokenizer" => new BertPreTokenizer(),
        "ByteLevel" => new ByteLevel(part.FlagOf("add_prefix_space", true), part.FlagOf("use_regex", true)),
        "Whitespace" => new WhitespacePreTokenizer(spacesOnly: false),
        "WhitespaceSplit" => new WhitespacePreTokenizer(spacesOnly: true),
        "Sequence" => new PreTokenizerSequence([.. part["pretokenizers"].Items.Select(ReadPreTokenizer)]),
        _ => throw Unsupported(part, "BertPreTokenizer, ByteLevel, Whitespace, WhitespaceSplit or Sequence"),
    };

    public static bool IsByteLevel(PreTokenizer? preTokenizer) =>
        preTokenizer is ByteLevel || preTokenizer is PreTokenizerSequence sequence && sequence.Steps.Any(IsByteLevel);

    static SpecialTemplate ReadTemplate(JsonPart part, Dictionary<string, int> ids)
    {
        switch (part["type"].Text)
        {
            case "BertProcessing" or "RobertaProcessing":
                var (cls, sep) = (Named("cls"), Named("sep"));
                return TokenizerKind.Around(cls.Token, cls.Id, sep.Token, sep.Id, twoBetween: part["type"].Text == "RobertaProcessing");
            case "TemplateProcessing":
                return new(ReadTemplateParts(part, part["single"], ids), ReadTemplateParts(part, part["pair"], ids));
            case "ByteLevel":                                       // concerns offsets only
                return SpecialTemplate.Bare;
            case "Sequence":
                var steps = part["processors"].Items.Where(step => step["type"].Text != "ByteLevel").ToArray();
                return steps.Length switch
                {
                    0 => SpecialTemplate.Bare,
                    1 => ReadTemplate(steps[0], ids),
                    _ => throw part["processors"].Error("one processor beside ByteLevel"),
                };
            default:
                throw Unsupported(part, "BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel or Sequence");
        }

        (string Token, int Id) Named(string name)
        {
            var items = part[name].Items.ToArray();
            return items.Length == 2 ? (items[0].Text, KnownId(items[1], items[0].Text, ids)) : throw part[name].Error("a token and its id");
        }
    }

    static SpecialTemplate.Part[] ReadTemplateParts(JsonPart template, JsonPart list, Dictionary<string, int> ids)
    {
        var parts = new List<SpecialTemplate.Part>();
        foreach (var item in list.Items)
        {
            var inner = item.Find("Sequence") ?? item["SpecialToken"];
            var type = inner.Find("type_id")?.Number ?? 0;
            if (type is < 0 or > byte.MaxValue) throw inner["type_id"].Error("a type from 0 to 255");
            var name = inner["id"].Text;
            if (item.Find("Sequence") is not null)
            {
                if (name is not ("A" or "B")) throw inner["id"].Error("A or B");
                parts.Add(new(null, -1, name == "B", (byte)type));
                continue;
            }
            var special = template["special_tokens"][name];
            foreach (var (id, token) in special["ids"].Items.Zip(special["tokens"].Items))
                parts.Add(SpecialTemplate.Special(token.Text, KnownId(id, token.Text, ids), (byte)type));
        }
        return [.. parts];
    }

    static int KnownId(JsonPart id, string token, Dictionary<string, int> ids) => ids.TryGetValue(token, out var known) && known == id.Number ? known
        : throw new DataException(id.File, $"'{id.Place}': the special token '{token}' with id {id.Number} is missing from the vocabulary");

    static AddedToken[] ReadAdded(JsonPart root, Dictionary<string, int> vocabulary)
    {
        var owners = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
        return root.Find("added_tokens") is not { } list ? [] : [.. list.Items.Select(part =>
        {
            var (content, id) = (part["content"].Text, part["id"].Number);
            if (id < 0) throw part["id"].Error("an id of 0 or more");
            if (vocabulary.TryGetValue(content, out var own) && own != id)
                throw new DataException(root.File, $"'{part.Place}': token '{content}' has id {id} here and {own} in the vocabulary");
            if (!owners.TryAdd(id, content) && owners[id] != content)
                throw new DataException(root.File, $"'{part.Place}': id {id} belongs to '{content}' here and to '{owners[id]}' elsewhere");
            return new AddedToken(id, content, part.FlagOf("special"), part.FlagOf("single_word"), part.FlagOf("lstrip"), part.FlagOf("rstrip"),
                part.FlagOf("normalized", true));
        })];
    }

    /// <summary>tokenizer.json does not say which token plays which part: the side files do, else the names that the kind has by default.</summary>
    static SpecialTokens ReadRoles(SideFiles side, TokenizerKind? kind, TokenModel model, Dictionary<string, int> ids)
    {
        var special = new SpecialTokens();
        foreach (var role in SpecialTokens.Roles)
        {
            var declared = side.Roles.GetValueOrDefault(role);
            if (declared is not null && !ids.ContainsKey(declared.Content))
                throw new DataException(declared.File, $"the special token '{declared.Content}' ({role}) is missing from the vocabulary of tokenizer.json");
            var token = declared?.Content ?? (role == "unk_token" ? model.UnknownToken : null) ?? kind?.Defaults[role];
            if (token is not null && ids.ContainsKey(token)) special = special.With(role, token);
        }
        return special;
    }

    static DataException Unsupported(JsonPart part, string expected) =>
        new(part.File, $"'{part.Place}' is {part.TextOf("type") ?? "of an unnamed type"}, which is not supported; expected {expected}");
}
