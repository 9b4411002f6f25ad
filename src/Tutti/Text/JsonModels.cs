namespace Tutti.Text;

/// <summary>Reads the "model" of a tokenizer.json.</summary>
static class JsonModels
{
    public const string Known = "WordPiece, BPE, Unigram or WordLevel";

    /// <summary>The kind of the model, or null for one that is not known. Files written before 2020 name no type.</summary>
    public static string? Kind(JsonPart model) => model.TextOf("type") switch
    {
        "WordPiece" or "BPE" or "Unigram" or "WordLevel" or WordList.Type => model.TextOf("type"),
        null when model.Find("merges") is not null => "BPE",
        null when model.Find("continuing_subword_prefix") is not null => "WordPiece",
        null when model.Find("vocab") is { IsList: true } => "Unigram",
        _ => null,
    };

    public static TokenModel Read(JsonPart model) => Kind(model) switch
    {
        "WordPiece" => ReadWordPiece(model),
        "BPE" => ReadBpe(model),
        "Unigram" => ReadUnigram(model),
        "WordLevel" => ReadWordLevel(model),
        WordList.Type => WordList.Read(model),
        _ => throw TokenizerJson.Unsupported(model, Known),
    };

    static WordPiece ReadWordPiece(JsonPart model)
    {
        var vocabulary = VocabularyFiles.ReadMap(model["vocab"]);
        return new(vocabulary, Unknown(model, vocabulary) ?? Unknown(model, vocabulary, "[UNK]")!, model.TextOf("continuing_subword_prefix") ?? "##",
            model.Find("max_input_chars_per_word")?.Number ?? 100);
    }

    static WordLevel ReadWordLevel(JsonPart model)
    {
        var vocabulary = VocabularyFiles.ReadMap(model["vocab"]);
        return new(vocabulary, model.TextOf("unk_token") is { } token && vocabulary.ContainsKey(token) ? token : null);
    }

    static Bpe ReadBpe(JsonPart model)
    {
        var vocabulary = VocabularyFiles.ReadMap(model["vocab"]);
        var prefix = model.TextOf("continuing_subword_prefix");
        // Written as "a b" before 2024, as ["a", "b"] since.
        var merges = model["merges"].Items.Select(merge =>
        {
            string[] parts = merge.IsList ? [.. merge.Items.Select(part => part.Text)] : merge.Text.Split(' ');
            if (VocabularyFiles.FaultOf(parts, vocabulary, prefix) is { } fault) throw new DataException(model.File, $"'{merge.Place}': {fault}");
            return (parts[0], parts[1]);
        });
        return new(vocabulary, [.. merges], Unknown(model, vocabulary), model.FlagOf("fuse_unk"), model.FlagOf("ignore_merges"))
        {
            Prefix = prefix is { Length: > 0 } ? prefix : null,
            Suffix = model.TextOf("end_of_word_suffix") is { Length: > 0 } suffix ? suffix : null,
            ByteFallback = model.FlagOf("byte_fallback"),
        };
    }

    static Unigram ReadUnigram(JsonPart model)
    {
        var rows = model["vocab"].Items.Select(row =>
        {
            var cells = row.Items.Take(3).ToArray();
            return cells.Length == 2 ? (cells[0].Text, Score(cells[1])) : throw row.Error("a token and its score");
        }).ToArray();
        if (rows.Length == 0) throw new DataException(model.File, "the vocabulary is empty");
        var unknown = model.Find("unk_id");
        if (unknown is { } id && (id.Number < 0 || id.Number >= rows.Length)) throw id.Error($"an id from 0 to {rows.Length - 1}");
        return new(rows, unknown?.Number ?? -1, model.FlagOf("byte_fallback"));
    }

    static double Score(JsonPart part) => part.Value.ValueKind == System.Text.Json.JsonValueKind.Number && part.Value.TryGetDouble(out var score) && double.IsFinite(score)
        ? score : throw part.Error("a number");

    static string? Unknown(JsonPart model, Dictionary<string, int> vocabulary, string? otherwise = null)
    {
        var token = model.TextOf("unk_token") ?? otherwise;
        return token is null || vocabulary.ContainsKey(token) ? token : throw new DataException(model.File, $"'model.unk_token' is '{token}', which the vocabulary lacks");
    }
}
