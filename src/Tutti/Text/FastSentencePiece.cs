using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// What comes nearest to a SentencePiece model among the components of tokenizer.json, as transformers' convert_slow_tokenizer writes it. Where runs of blanks
/// count for one, words are cut at white space first, as in the published files of XLM-RoBERTa.
/// </summary>
static class FastSentencePiece
{
    /// <summary>What a number with a comma costs more: ALBERT's slow class cuts it again, the fast one shuns it.</summary>
    const float NumberPenalty = 100;

    public static JsonObject? Normalizer(SentencePieceTokens tokens, Normalizer? lower)
    {
        var steps = new JsonArray();
        if (tokens.Before is AlbertNormalizer albert)
            foreach (var step in albert.ToJson()["normalizers"]!.AsArray()) steps.Add(step!.DeepClone());
        else if (lower is not null) steps.Add((JsonNode)lower.ToJson());
        if (tokens.File.Charsmap.Length > 0)
            steps.Add((JsonNode)new JsonObject { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(tokens.File.Charsmap) });
        if (tokens.File.RemoveExtraSpaces)
        {
            steps.Add((JsonNode)new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["Regex"] = " {2,}" }, ["content"] = " " });
            if (tokens.File.Charsmap.Length == 0) steps.Add((JsonNode)new JsonObject { ["type"] = "Strip", ["strip_left"] = true, ["strip_right"] = true });
        }
        return steps.Count == 0 ? null : new() { ["type"] = "Sequence", ["normalizers"] = steps };
    }

    public static JsonObject PreTokenizer(SentencePieceTokens tokens, PreTokenizer? first)
    {
        var steps = new JsonArray();
        if (first is not null) steps.Add((JsonNode)first.ToJson());
        if (tokens.File.Charsmap.Length > 0 && tokens.File.RemoveExtraSpaces) steps.Add((JsonNode)new JsonObject { ["type"] = "WhitespaceSplit" });
        steps.Add((JsonNode)Metaspace(tokens.File.DummyPrefix));
        return steps.Count == 1 ? steps[0]!.DeepClone().AsObject() : new() { ["type"] = "Sequence", ["pretokenizers"] = steps };
    }

    public static JsonObject Metaspace(bool prefix = true) =>
        new() { ["type"] = "Metaspace", ["replacement"] = "\u2581", ["add_prefix_space"] = prefix, ["prepend_scheme"] = prefix ? "always" : "never" };

    /// <summary>The model, or null where tokenizer.json has no component like it: character and word models, white space at the end of words.</summary>
    public static JsonObject? Model(SentencePieceTokens tokens) => !CanSay(tokens.File) ? null : tokens.File.Model == PieceModel.Bpe ? Bpe(tokens) : Unigram(tokens);

    public static bool CanSay(SentencePieceFile file) => file.Model is PieceModel.Unigram or PieceModel.Bpe && !file.SpaceAsSuffix && file.EscapeSpaces;

    static JsonObject Unigram(SentencePieceTokens tokens)
    {
        var scores = tokens.File.Pieces.Where(piece => tokens.Vocabulary.ContainsKey(piece.Text)).ToDictionary(piece => piece.Text, piece => piece.Score);
        var rows = new JsonArray();
        foreach (var (token, id) in tokens.Vocabulary.OrderBy(entry => entry.Value))
        {
            while (rows.Count < id) rows.Add((JsonNode)new JsonArray($"<unused_{rows.Count}>", -100f));
            var score = scores.GetValueOrDefault(token);
            if (tokens.RecutsNumbers && token is [.., var digit, ','] && char.IsDigit(digit)) score -= NumberPenalty;
            rows.Add((JsonNode)new JsonArray(token, score));
        }
        return new() { ["type"] = "Unigram", ["unk_id"] = tokens.UnknownId, ["vocab"] = rows, ["byte_fallback"] = tokens.File.ByteFallback };
    }

    /// <summary>The merges that give each piece, the piece with the highest score first (SentencePieceExtractor of transformers).</summary>
    static JsonObject Bpe(SentencePieceTokens tokens)
    {
        var rank = tokens.File.Pieces.Select((piece, id) => (piece.Text, id)).ToDictionary(entry => entry.Text, entry => entry.id);
        var merges = new JsonArray();
        foreach (var piece in tokens.File.Pieces.Where(piece => piece.Type == PieceType.Normal).OrderByDescending(piece => piece.Score))
            foreach (var cut in Enumerable.Range(1, piece.Text.Length - 1)
                .Where(cut => !char.IsLowSurrogate(piece.Text[cut]) && rank.ContainsKey(piece.Text[..cut]) && rank.ContainsKey(piece.Text[cut..]))
                .OrderBy(cut => rank[piece.Text[..cut]]).ThenBy(cut => rank[piece.Text[cut..]]))
                merges.Add((JsonNode)new JsonArray(piece.Text[..cut], piece.Text[cut..]));
        return new()
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = tokens.UnknownToken,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = true,
            ["byte_fallback"] = tokens.File.ByteFallback,
            ["ignore_merges"] = false,
            ["vocab"] = tokens.VocabularyJson(),
            ["merges"] = merges,
        };
    }
}
