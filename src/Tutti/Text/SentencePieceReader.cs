using System.Globalization;

namespace Tutti.Text;

/// <summary>
/// A folder with a SentencePiece model and no tokenizer.json, by the rules of transformers' slow classes: which ids the pieces have, which tokens stand beside
/// them, and what happens to a text before.
/// </summary>
static class SentencePieceReader
{
    const int T5Sentinels = 100, MostSentinels = 1000;

    /// <summary>The names that published models use.</summary>
    public static readonly IReadOnlyList<string> FileNames = ["spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model", "sentencepiece.model"];

    public static string? FileIn(string folder) => FileNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>The name that a class of Hugging Face looks for.</summary>
    public static string FileName(string className) => className switch
    {
        "AlbertTokenizer" or "T5Tokenizer" => FileNames[0],
        "XLMRobertaTokenizer" or "CamembertTokenizer" => FileNames[1],
        "DebertaV2Tokenizer" => FileNames[2],
        _ => FileNames[3],
    };

    public static TokenizerParts Read(string path, SideFiles side)
    {
        var kind = TokenizerFolder.Kind(side, TokenizerFamily.SentencePiece, usual: null, Path.GetFileName(path));
        var file = SentencePieceFile.Read(path);
        var model = new SentencePiece(file);
        var (idOf, vocabulary, builtIn) = Number(kind, file, side);
        var specials = new SlowSpecials(path, kind, side, vocabulary, builtIn);
        var albert = kind.ClassName == "AlbertTokenizer";
        var lower = kind.ClassName is "AlbertTokenizer" or "DebertaV2Tokenizer" && side.Flag("do_lower_case", albert);
        var before = albert ? new AlbertNormalizer(side.Flag("remove_space", true), side.Flag("keep_accents", false), lower) : null;
        return new()
        {
            ClassName = kind.ClassName,
            Normalizer = lower ? new LowercaseNormalizer() : null,
            PreTokenizer = kind.ClassName == "DebertaV2Tokenizer" && side.Flag("split_by_punct", false) ? new PunctuationSplit(SplitBehavior.Isolated) : null,
            Model = new SentencePieceTokens(model, vocabulary, idOf, before, recutsNumbers: albert),
            Template = kind.Template(specials.Special, specials.Ids, addBos: false),
            Special = specials.Special,
            Added = specials.Added(lower),
            UsesTokenTypes = side.UsesTokenTypes ?? kind.UsesTokenTypes,
            ModelMaxLength = side.ModelMaxLength,
            Slow = true,
            Arguments = TokenizerFolder.Arguments(side, "do_lower_case", "remove_space", "keep_accents", "split_by_punct", "extra_ids"),
        };
    }

    /// <summary>The id of each piece, the vocabulary by id, and the class's own special tokens.</summary>
    static (int[] IdOf, Dictionary<string, int> Vocabulary, string[] BuiltIn) Number(TokenizerKind kind, SentencePieceFile file, SideFiles side)
    {
        var count = file.Pieces.Count;
        var vocabulary = new Dictionary<string, int>(count + 8);
        switch (kind.ClassName)
        {
            case "XLMRobertaTokenizer":                         // fairseq's four first, then the pieces one place on
                string[] first = ["<s>", "<pad>", "</s>", "<unk>"];
                for (var id = 0; id < first.Length; id++) vocabulary[first[id]] = id;
                return (Shifted(1, unknown: 3), With("<mask>", count + 1), []);
            case "CamembertTokenizer":                          // fairseq's four, of which two are unused because the pieces have them too
                string[] own = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"];
                for (var id = 0; id < own.Length; id++) vocabulary[own[id]] = id;
                return (Shifted(4, unknown: 3), With("<mask>", count + 4), [own[0], own[2]]);
            case "T5Tokenizer":
                var sentinels = side.Argument("extra_ids")?.Number ?? T5Sentinels;
                if (sentinels is < 0 or > MostSentinels) throw side.Argument("extra_ids")!.Value.Error($"0 to {MostSentinels}");
                var idOf = Shifted(0, file.UnknownId);
                var names = Enumerable.Range(0, sentinels).Select(i => string.Create(CultureInfo.InvariantCulture, $"<extra_id_{i}>")).ToArray();
                for (var i = 0; i < names.Length; i++) With(names[i], count + sentinels - 1 - i);
                return (idOf, vocabulary, names);
            default:
                return (Shifted(0, file.UnknownId), vocabulary, []);
        }

        int[] Shifted(int by, int unknown)
        {
            var ids = new int[count];
            for (var id = 0; id < count; id++)
                if (id == file.UnknownId)
                {
                    ids[id] = unknown;
                    vocabulary.TryAdd(file.Pieces[id].Text, unknown);
                }
                else ids[id] = vocabulary.TryGetValue(file.Pieces[id].Text, out var taken) ? taken : vocabulary[file.Pieces[id].Text] = id + by;
            return ids;
        }

        Dictionary<string, int> With(string token, int id)
        {
            if (!vocabulary.TryAdd(token, id) && vocabulary[token] != id) throw new DataException(file.File, $"has a piece '{token}', which a {kind.ClassName} adds itself");
            return vocabulary;
        }
    }
}
