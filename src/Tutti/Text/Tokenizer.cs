using System.Security.Cryptography;
using System.Text;

namespace Tutti.Text;

/// <summary>
/// Cuts texts into the ids that a model was trained on, equal to the reference tokenizers of Hugging Face: WordPiece (BERT, DistilBERT, ELECTRA, MPNet),
/// byte-level BPE (RoBERTa, GPT-2, ModernBERT) and SentencePiece (ALBERT, DeBERTa-v2 and v3, XLM-RoBERTa, CamemBERT, T5), and to fastai's words behind its rules (<see cref="UlmfitTokenizer"/>). Immutable and thread-safe.
/// </summary>
public sealed class Tokenizer
{
    readonly TokenizerParts parts;
    // Not an array: a damaged file may give a token an enormous id.
    readonly Dictionary<int, string> tokens;
    readonly Dictionary<string, int> ids;
    readonly HashSet<int> special;
    readonly AddedTokens raw, normalized;
    readonly Lazy<byte[]> identity;

    [ThreadStatic] static TextPieces? scratch;

    internal Tokenizer(TokenizerParts parts)
    {
        this.parts = parts;
        ids = new(parts.Model.Vocabulary);
        foreach (var token in parts.Added) ids[token.Content] = token.Id;
        tokens = new(ids.Count);
        var highest = ids.MaxBy(entry => entry.Value);
        if (highest.Value > (8L * ids.Count) + 4096)           // a list of all ids is kept
            throw new DataException("the tokenizer's files", $"the token '{highest.Key}' has the id {highest.Value} among {ids.Count} tokens; ids without so large a gap are expected");
        foreach (var (token, id) in ids) tokens[id] = token;
        VocabularySize = ids.Values.Max() + 1;
        special = [.. parts.Added.Where(token => token.Special).Select(token => token.Id)];
        // The words that the text rules write are words of the list like any other.
        var sought = parts.Model is WordList ? [] : parts.Added;
        raw = new(sought.Where(token => !token.Normalized).Select(token => (token.Content, token)), parts.Slow);
        normalized = new(sought.Where(token => token.Normalized)
            .Select(token => (parts.Normalizer?.Normalize(token.Content) ?? token.Content, token)), parts.Slow);
        identity = new(Hash);
    }

    /// <summary>The highest id + 1, added tokens included: the rows that an embedding needs.</summary>
    public int VocabularySize { get; }
    public int? PadId => RoleId(parts.Special.Pad);
    public int? ClsId => RoleId(parts.Special.Cls);
    public int? SepId => RoleId(parts.Special.Sep);
    public int? MaskId => RoleId(parts.Special.Mask);
    public int? UnknownId => RoleId(parts.Special.Unknown);
    public int? BosId => RoleId(parts.Special.Bos);
    public int? EosId => RoleId(parts.Special.Eos);

    /// <summary>Whether the model of this kind reads token types (BERT: the second text of a pair has type 1; RoBERTa: no types).</summary>
    public bool UsesTokenTypes => parts.UsesTokenTypes;

    /// <summary>Hugging Face's name of the kind, such as BertTokenizer.</summary>
    public string Kind => parts.ClassName;

    /// <summary>The longest input that the files say the model takes, in ids; null if they do not say.</summary>
    public int? ModelMaxLength => parts.ModelMaxLength;

    /// <summary>SHA-256 of the files that <see cref="Save"/> would write: tokenizers that agree in it give the same ids.</summary>
    internal ReadOnlySpan<byte> Identity => identity.Value;

    internal TokenizerParts Parts => parts;
    internal IReadOnlyDictionary<string, int> Ids => ids;

    /// <summary>Reads a Hugging Face folder: tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece model, with their side files.</summary>
    /// <exception cref="DataException">A file is missing or cannot be used; the text says which and where.</exception>
    public static Tokenizer Load(string folder) => TokenizerFolder.Load(folder);

    /// <summary>
    /// Writes a Hugging Face folder that gives equal ids when read again: tokenizer.json, tokenizer_config.json, special_tokens_map.json and the
    /// vocabulary files of the kind (vocab.txt only where the ids have no gaps and no token holds a line break, which that format cannot say).
    /// </summary>
    public void Save(string folder) => TokenizerFolderWriter.Write(this, folder);

    /// <summary>The ids of a text, or of two that belong together, with special tokens.</summary>
    /// <param name="maxLength">
    /// The most ids; surplus ones are cut on the right, of a pair from the longer text (ties: the second), unless the files say otherwise. Null: what the
    /// "truncation" of tokenizer.json says, without one no limit.
    /// </param>
    public TokenIds Encode(string text, string? pair = null, int? maxLength = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = new List<int>(text.Length / 3 + 2);
        Append(text, first);
        List<int>? second = null;
        if (pair is not null) Append(pair, second = new(pair.Length / 3 + 2));
        return parts.Template.Build(first, second, maxLength ?? parts.Truncation?.MaxLength ?? int.MaxValue, parts.Truncation);
    }

    /// <summary>A text, or two, in as many pieces as <paramref name="windows"/> says, each with special tokens and of at most <paramref name="maxLength"/> ids; none where nothing is cut.</summary>
    public TokenIds[] EncodeWindows(string text, string? pair, int maxLength, TextWindows windows)
    {
        var (first, second) = (new List<int>(), pair is null ? null : new List<int>());
        Append(text, first);
        if (pair is not null) Append(pair, second!);
        var room = maxLength - parts.Template.Build([], second is null ? null : [], int.MaxValue).Ids.Length;
        if (first.Count + (second?.Count ?? 0) <= room) return [];
        var (one, other) = Truncation.Lengths(parts.Truncation, first.Count, second?.Count, room);
        return [.. windows.Starts((first.Count, one), (second?.Count ?? 0, other)).Select(start =>
            parts.Template.Build(first.GetRange(start.First, Math.Min(one, first.Count)), second?.GetRange(start.Second, Math.Min(other, second.Count)), maxLength, parts.Truncation))];
    }

    /// <summary>Encodes many texts on all processors; result i belongs to text i.</summary>
    public TokenIds[] EncodeAll(
        IReadOnlyList<string> texts, int? maxLength = null, IReadOnlyList<string>? pairs = null, CancellationToken cancellation = default)
    {
        if (pairs is not null && pairs.Count != texts.Count)
            throw new ArgumentException($"{pairs.Count} second texts, expected as many as first ones: {texts.Count}", nameof(pairs));
        var result = new TokenIds[texts.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        Parallel.For(0, texts.Count, options, i => result[i] = Encode(texts[i], pairs?[i], maxLength));
        return result;
    }

    /// <summary>The token of an id as the vocabulary spells it.</summary>
    public string TokenOf(int id) => tokens.TryGetValue(id, out var token) ? token
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"no token has this id; the vocabulary has {VocabularySize}");

    /// <summary>The id of a token as the vocabulary spells it, or null.</summary>
    public int? IdOf(string token) => ids.TryGetValue(token, out var id) ? id : null;

    public IReadOnlyList<string> Tokens(ReadOnlySpan<int> ids)
    {
        var result = new string[ids.Length];
        for (var i = 0; i < ids.Length; i++) result[i] = TokenOf(ids[i]);
        return result;
    }

    /// <summary>The text of ids, normalised as the vocabulary is; words of a WordPiece tokenizer are set apart by blanks.</summary>
    /// <param name="skipSpecial">Leaves special tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        var kept = new List<string>(ids.Length);
        foreach (var id in ids)
            if (!skipSpecial || !special.Contains(id)) kept.Add(TokenOf(id));
        return parts.Decoder?.Decode(kept) ?? parts.Model.Decode(kept);
    }

    byte[] Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in TokenizerFolderWriter.Files(this).OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{name}\0{bytes?.Length ?? -1}\0")));
            hash.AppendData(bytes ?? []);
        }
        return hash.GetHashAndReset();
    }

    int? RoleId(string? token) => token is null ? null : ids[token];

    void Append(string text, List<int> to)
    {
        if (parts.Prefix == PrefixBlank.Always || parts.Prefix == PrefixBlank.UnlessSpace && text.Length > 0 && !CodePoints.IsPythonSpace(text[0]))
            text = " " + text;
        ForEachStretch(raw, text, to, AppendStretch, atStart: true);
    }

    delegate void Stretch(ReadOnlySpan<char> text, List<int> to, bool atStart);

    static void ForEachStretch(AddedTokens added, ReadOnlySpan<char> text, List<int> to, Stretch encode, bool atStart)
    {
        for (var from = 0; from < text.Length;)
        {
            var (start, end, id) = added.Next(text, from);
            if (start > from) encode(text[from..start], to, atStart && from == 0);
            if (id >= 0) to.Add(id);
            from = end;
        }
    }

    void AppendStretch(ReadOnlySpan<char> text, List<int> to, bool atStart)
    {
        var pieces = scratch ??= new();
        pieces.Clear();
        pieces.AtStart = atStart;
        pieces.Append(text);
        parts.Normalizer?.Apply(pieces);
        if (normalized.IsEmpty) AppendWords(pieces, to);
        else ForEachStretch(normalized, pieces.Text.ToString(), to, AppendNormalized, atStart);
    }

    void AppendNormalized(ReadOnlySpan<char> text, List<int> to, bool atStart)
    {
        var pieces = scratch ??= new();
        pieces.Clear();
        pieces.AtStart = atStart;
        pieces.Append(text);
        AppendWords(pieces, to);
    }

    void AppendWords(TextPieces pieces, List<int> to)
    {
        pieces.CoverAll();
        parts.PreTokenizer?.Cut(pieces);
        foreach (var piece in pieces.Pieces) parts.Model.Encode(pieces[piece], to);
    }
}
