using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Where the special tokens stand around one text and around two: the "post_processor" of a tokenizer.json.</summary>
/// <param name="onceEach">A special token is left out where the text before it ends in the same one (T5's end).</param>
sealed class SpecialTemplate(SpecialTemplate.Part[] single, SpecialTemplate.Part[] pair, bool onceEach = false)
{
    /// <param name="Token">A special token, or null for a text.</param>
    /// <param name="Second">The second text instead of the first.</param>
    internal readonly record struct Part(string? Token, int Id, bool Second, byte Type);

    public static Part First(byte type = 0) => new(null, -1, false, type);
    public static Part Second(byte type) => new(null, -1, true, type);
    public static Part Special(string token, int id, byte type = 0) => new(token, id, false, type);

    /// <summary>No special tokens: texts are put one after the other, the second with type 1 (GPT-2).</summary>
    public static readonly SpecialTemplate Bare = new([First()], [First(), Second(1)]);

    /// <summary>Whether the second text of a pair has another type than the first.</summary>
    public bool HasTypes => pair.Any(part => part.Type != 0);

    /// <summary>Special tokens of the longer form.</summary>
    public int MostSpecials => Math.Max(single.Count(part => part.Token is not null), pair.Count(part => part.Token is not null));

    public IEnumerable<string> Tokens => single.Concat(pair).Select(part => part.Token).OfType<string>().Distinct();

    /// <summary>
    /// Joins the texts' ids with the special tokens, cut to <paramref name="maxLength"/> from the right: token by token from the longer text, from
    /// the second if both are equally long ("longest_first" of transformers' slow tokenizers), unless the files say otherwise.
    /// </summary>
    public TokenIds Build(List<int> first, List<int>? second, int maxLength, Truncation? way = null)
    {
        var parts = second is null ? single : pair;
        var specials = parts.Count(part => part.Token is not null);
        if (maxLength < specials)
            throw new ArgumentOutOfRangeException(nameof(maxLength), maxLength, $"the special tokens alone are {specials}");
        var (firstLength, secondLength) = (first.Count, second?.Count ?? 0);
        var full = onceEach ? Length(parts, first, second) : firstLength + secondLength + specials;
        (firstLength, secondLength) = Truncation.Lengths(way, firstLength, second is null ? null : secondLength, maxLength - specials);
        var ids = new int[firstLength + secondLength + specials];
        byte[]? types = null;
        var (at, last) = (0, -1);                                       // last: what the text just before ends in
        foreach (var part in parts)
        {
            var from = at;
            if (part.Token is not null)
            {
                if (!onceEach || last != part.Id) ids[at++] = part.Id;
                last = -1;
            }
            else
            {
                var source = part.Second ? second! : first;
                var length = part.Second ? secondLength : firstLength;
                source.CopyTo(way?.FromLeft == true ? source.Count - length : 0, ids, at, length);
                at += length;
                last = length > 0 ? ids[at - 1] : -1;
            }
            if (part.Type != 0 && at > from) (types ??= new byte[ids.Length]).AsSpan(from, at - from).Fill(part.Type);
        }
        return new(at == ids.Length ? ids : ids[..at], types, full);
    }

    /// <summary>How many ids two texts make without truncation where no special token comes twice.</summary>
    static int Length(Part[] parts, List<int> first, List<int>? second)
    {
        var (length, last) = (0, -1);
        foreach (var part in parts)
        {
            if (part.Token is not null)
            {
                if (last != part.Id) length++;
                last = -1;
                continue;
            }
            var source = part.Second ? second! : first;
            length += source.Count;
            last = source.Count > 0 ? source[^1] : -1;
        }
        return length;
    }

    public JsonObject? ToJson()
    {
        if (!Tokens.Any() && ReferenceEquals(this, Bare)) return null;
        var specials = new JsonObject();
        foreach (var part in single.Concat(pair))
            if (part.Token is { } token && !specials.ContainsKey(token))
                specials[token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(part.Id), ["tokens"] = new JsonArray(token) };
        return new()
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. single.Select(Write)]),
            ["pair"] = new JsonArray([.. pair.Select(Write)]),
            ["special_tokens"] = specials,
        };

        static JsonNode Write(Part part) => part.Token is { } token
            ? new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = part.Type } }
            : new JsonObject { ["Sequence"] = new JsonObject { ["id"] = part.Second ? "B" : "A", ["type_id"] = part.Type } };
    }
}
