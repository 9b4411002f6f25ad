using System.Text.Json;

namespace Tutti.Text;

/// <summary>
/// Reads a Hugging Face folder. tokenizer.json comes first, as with AutoTokenizer; vocab.txt, vocab.json with merges.txt, or a SentencePiece model are read
/// with the rules of the slow classes of transformers 4.30 where there is none, where its model is of another kind, or where tokenizer_config.json says
/// <c>"tutti_read": "files"</c> (a tokenizer read so and saved again).
/// </summary>
static class TokenizerFolder
{
    /// <summary>The key of tokenizer_config.json and its value that ask for the vocabulary files.</summary>
    public const string ReadKey = "tutti_read", ReadFiles = "files";

    public static Tokenizer Load(string folder)
    {
        if (!Directory.Exists(folder)) throw new DataException(folder, "the folder does not exist; expected one with tokenizer.json or vocabulary files");
        var side = new SideFiles(folder);
        var (json, vocabTxt) = (Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "vocab.txt"));
        var (vocabJson, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        var pieces = SentencePieceReader.FileIn(folder);
        var haveFiles = File.Exists(vocabTxt) || File.Exists(vocabJson) && File.Exists(merges) || pieces is not null;
        if (File.Exists(json) && !(haveFiles && side.Argument(ReadKey)?.Text == ReadFiles))
        {
            var root = JsonPart.Read(json);
            if (!haveFiles || TokenizerJson.IsKnown(root)) return new(TokenizerJson.Read(root, side));
        }
        var named = TokenizerKind.Find(side.ClassName) ?? TokenizerKind.OfModel(side.ModelType);
        if (pieces is not null && (named?.Family == TokenizerFamily.SentencePiece || !File.Exists(vocabTxt) && !File.Exists(vocabJson)))
            return new(SentencePieceReader.Read(pieces, side));
        if (File.Exists(vocabTxt)) return new(ReadWordPiece(vocabTxt, side));
        if (File.Exists(vocabJson)) return new(ReadBpe(vocabJson, merges, side));
        throw new DataException(folder, "no tokenizer here; expected tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece model ("
            + string.Join(", ", SentencePieceReader.FileNames) + ")");
    }

    static TokenizerParts ReadWordPiece(string file, SideFiles side)
    {
        var kind = Kind(side, TokenizerFamily.WordPiece, "BertTokenizer", "vocab.txt");
        if (!side.Flag("do_basic_tokenize", true))
            throw new DataException(side.ConfigFile, "'do_basic_tokenize' is false, which is not supported");
        var vocabulary = VocabularyFiles.ReadList(file);
        var reader = new SlowSpecials(file, kind, side, vocabulary);
        var lower = side.Flag("do_lower_case", true);
        var neverCut = side.Argument("never_split") is { } words ? words.Items.Select(word => word.Text) : [];
        var special = reader.Special;
        return new()
        {
            ClassName = kind.ClassName,
            Normalizer = new BertNormalizer(true, side.Flag("tokenize_chinese_chars", true), side.Argument("strip_accents")?.Flag, lower),
            PreTokenizer = new BertPreTokenizer(reader.SpecialContents.Concat(neverCut).ToHashSet()),
            Model = new WordPiece(vocabulary, special.Unknown!),
            Template = kind.Template(special, reader.Ids, addBos: false),
            Special = special,
            Added = reader.Added(lower),
            UsesTokenTypes = side.UsesTokenTypes ?? kind.UsesTokenTypes,
            ModelMaxLength = side.ModelMaxLength,
            Slow = true,
            Arguments = Arguments(side, "never_split"),
        };
    }

    static TokenizerParts ReadBpe(string file, string mergesFile, SideFiles side)
    {
        var vocabulary = VocabularyFiles.ReadMap(file);
        var kind = Kind(side, TokenizerFamily.ByteBpe, vocabulary.ContainsKey("<s>") ? "RobertaTokenizer" : "GPT2Tokenizer", "vocab.json");
        var merges = VocabularyFiles.ReadMerges(mergesFile, vocabulary);
        var reader = new SlowSpecials(file, kind, side, vocabulary);
        // An unknown token outside the model's own vocabulary cannot come out of the model.
        var unknown = reader.Special.Unknown is { } token && vocabulary.ContainsKey(token) ? token : null;
        return new()
        {
            ClassName = kind.ClassName,
            PreTokenizer = new ByteLevel(prefixSpace: false),
            Model = new Bpe(vocabulary, merges, unknown),
            Template = kind.Template(reader.Special, reader.Ids, side.Flag("add_bos_token", false)),
            Special = reader.Special,
            Added = reader.Added(lowerCase: false),
            UsesTokenTypes = side.UsesTokenTypes ?? kind.UsesTokenTypes,
            ModelMaxLength = side.ModelMaxLength,
            Prefix = side.Flag("add_prefix_space", false) ? kind.PrefixBlank : PrefixBlank.No,
            Slow = true,
            Arguments = Arguments(side, "add_bos_token"),
        };
    }

    /// <summary>The kind that tokenizer_config.json names, else what the model's type says where it is of this family, else the usual one.</summary>
    public static TokenizerKind Kind(SideFiles side, TokenizerFamily family, string? usual, string file)
    {
        if (side.ClassName is null && TokenizerKind.OfModel(side.ModelType) is { } known && known.Family == family) return known;
        if ((side.ClassName ?? usual) is not { } name)
            throw new DataException(side.ConfigFile, $"says no tokenizer_class (and there is no config.json with a known model_type), needed for {file}; expected one of {Names()}");
        return TokenizerKind.Find(name) is { } kind && kind.Family == family ? kind
            : throw new DataException(side.ConfigFile, $"tokenizer_class is {name}, expected for {file} one of {Names()}");

        string Names() => string.Join(", ", TokenizerKind.NamesOf(family));
    }

    public static Dictionary<string, JsonElement> Arguments(SideFiles side, params ReadOnlySpan<string> names)
    {
        var arguments = new Dictionary<string, JsonElement>();
        foreach (var name in names)
            if (side.Argument(name) is { } value) arguments[name] = value.Value;
        return arguments;
    }
}
