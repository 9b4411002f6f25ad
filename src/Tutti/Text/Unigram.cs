using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// The unigram model of a tokenizer.json: each piece of the pre-tokenizer is cut in the most likely way. A run of unknown characters is one token, or bytes where
/// the vocabulary has them all.
/// </summary>
sealed class Unigram : TokenModel
{
    readonly (string Token, double Score)[] rows;
    readonly int unknown;
    readonly int[]? bytes;
    readonly BestPath path;

    [ThreadStatic] static ByteBuffer? buffer;
    [ThreadStatic] static List<BestPath.Part>? parts;

    /// <param name="rows">Token and score; the place is the id. Of equal tokens the last counts.</param>
    /// <param name="unknown">The id of what is unknown, or -1: then it is passed over.</param>
    public Unigram((string Token, double Score)[] rows, int unknown, bool byteFallback) : base(Number(rows))
    {
        (this.rows, this.unknown, ByteFallback) = (rows, unknown, byteFallback);
        if (byteFallback)
        {
            int[] found = [.. Enumerable.Range(0, 256).Select(b => Vocabulary.GetValueOrDefault(SentencePieceFile.ByteName(b), -1))];
            if (!found.Contains(-1)) bytes = found;
        }
        path = new(new(Vocabulary.Where(entry => entry.Key.Length > 0).Select(entry => (entry.Key, entry.Value))), [.. rows.Select(row => row.Score)],
            rows.Min(row => row.Score), 0, null, single: false);
    }

    public bool ByteFallback { get; }

    public override string? UnknownToken => unknown < 0 ? null : rows[unknown].Token;

    static Dictionary<string, int> Number((string Token, double Score)[] rows)
    {
        var vocabulary = new Dictionary<string, int>(rows.Length);
        for (var id = 0; id < rows.Length; id++) vocabulary[rows[id].Token] = id;
        return vocabulary;
    }

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        var text = buffer ??= new();
        text.Clear();
        text.Add(word);
        var cut = parts ??= [];
        cut.Clear();
        path.Cut(text.Bytes, cut);
        var afterUnknown = false;
        foreach (var part in cut)
        {
            // The unknown token's own name in the text is unknown too, and joins the run.
            var isUnknown = part.Id < 0 || part.Id == unknown;
            if (!isUnknown) ids.Add(part.Id);
            else if (bytes is not null && part.Id < 0)
                foreach (var b in text.Bytes[part.Start..part.End]) ids.Add(bytes[b]);
            else if (!afterUnknown && unknown >= 0) ids.Add(unknown);
            afterUnknown = isUnknown;
        }
    }

    /// <summary>As Hugging Face does without a decoder: a blank between tokens.</summary>
    public override string Decode(IEnumerable<string> tokens) => string.Join(' ', tokens);

    public override JsonObject ToJson() => new()
    {
        ["type"] = "Unigram",
        ["unk_id"] = unknown < 0 ? null : unknown,
        ["vocab"] = new JsonArray([.. rows.Select(row => new JsonArray(row.Token, row.Score))]),
        ["byte_fallback"] = ByteFallback,
    };

    public override JsonObject? DecoderJson() => null;
}
