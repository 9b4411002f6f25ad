namespace Tutti.Text;

/// <summary>The special and added tokens of a folder of vocabulary files, by the rules of transformers' slow classes.</summary>
sealed class SlowSpecials
{
    readonly TokenizerKind kind;
    readonly SideFiles side;
    readonly IReadOnlyList<string> builtIn;

    /// <param name="builtIn">Special tokens beyond the roles that the class has by itself; they are in the vocabulary.</param>
    public SlowSpecials(string vocabularyFile, TokenizerKind kind, SideFiles side, IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<string>? builtIn = null)
    {
        (this.kind, this.side, this.builtIn) = (kind, side, builtIn ?? []);
        var ids = new Dictionary<string, int>(vocabulary);
        var tokens = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
        foreach (var (content, (id, _, flags)) in side.Added)
        {
            if (ids.TryGetValue(content, out var own) && own != id)
                throw new DataException(flags.File, $"token '{content}' has id {id} here and {own} in {vocabularyFile}");
            if (!tokens.TryAdd(id, content) && tokens[id] != content)
                throw new DataException(flags.File, $"id {id} belongs to '{content}' here and to '{tokens[id]}' in {vocabularyFile}");
            ids[content] = id;
        }
        if (kind.Family == TokenizerFamily.SentencePiece) AddMissing(ids);
        Ids = ids;
        foreach (var role in SpecialTokens.Roles)
        {
            var declared = side.Roles.GetValueOrDefault(role);
            var token = declared?.Content ?? kind.Defaults[role];
            if (token is null) continue;
            if (ids.ContainsKey(token)) Special = Special.With(role, token);
            else if (declared is not null || kind.Needs(role))
                throw new DataException(declared?.File ?? vocabularyFile,
                    $"the special token '{token}' ({role}) is missing from the vocabulary; add it there or to added_tokens.json");
        }
        foreach (var token in side.Additional)
            if (!ids.ContainsKey(token.Content))
                throw new DataException(token.File, $"the special token '{token.Content}' is missing from the vocabulary; add it to added_tokens.json");
    }

    public SpecialTokens Special { get; } = new();
    public IReadOnlyDictionary<string, int> Ids { get; }

    public IEnumerable<string> SpecialContents => Special.All
        .Concat(builtIn).Concat(side.Additional.Select(token => token.Content))
        .Concat(side.Added.Where(entry => entry.Value.Special).Select(entry => entry.Key)).Distinct();

    /// <summary>Tokens to look for in the text.</summary>
    /// <param name="lowerCase">
    /// The slow classes lower-case the text, special tokens apart, before they look for them; so a token that is lower case itself is also found where
    /// the text has capitals, and a token that a user added is lower-cased.
    /// </param>
    public IReadOnlyList<AddedToken> Added(bool lowerCase)
    {
        var special = SpecialContents.ToHashSet();
        return [.. special.Concat(side.Added.Keys).Distinct().Select(content =>
        {
            var role = SpecialTokens.Roles.LastOrDefault(name => Special[name] == content);
            var flags = (role is null ? null : side.Roles.GetValueOrDefault(role))
                ?? side.Additional.FirstOrDefault(token => token.Content == content)
                ?? (side.Added.TryGetValue(content, out var entry) ? entry.Flags : null);
            var left = flags?.LeftStrip ?? kind.StripsLeft(role);
            var right = flags?.RightStrip ?? kind.StripsRight(role);
            return new AddedToken(Ids[content], content, special.Contains(content), flags?.SingleWord ?? false, left, right,
                Normalized: lowerCase && (!special.Contains(content) || content == string.Concat(content.EnumerateRunes().Select(CodePoints.Lower))));
        }).OrderBy(token => token.Id)];
    }

    /// <summary>
    /// A special token that the model file lacks gets the next id, as in from_pretrained: DeBERTa-v3's [MASK] is such a one.
    /// </summary>
    void AddMissing(Dictionary<string, int> ids)
    {
        var next = ids.Values.Max() + 1;
        foreach (var role in missingOrder)
            if ((side.Roles.GetValueOrDefault(role)?.Content ?? kind.Defaults[role]) is { } token && ids.TryAdd(token, next)) next++;
        foreach (var token in side.Additional)
            if (ids.TryAdd(token.Content, next)) next++;
    }

    static readonly string[] missingOrder = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
}
