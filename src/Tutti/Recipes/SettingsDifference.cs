using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tutti.Recipes;

/// <summary>Which settings of a member changed since a cell was begun, as a recipe spells them.</summary>
static partial class SettingsDifference
{
    const int Most = 5;
    const int LongestText = 60;

    /// <summary>Lines such as "train.batch: was 32, is 64", at most five, then "and 2 more"; none when nothing differs.</summary>
    /// <param name="was">What <see cref="Recipe.FingerprintNode"/> gave then.</param>
    /// <param name="now">What it gives now. Its order is that of the lines.</param>
    public static IReadOnlyList<string> Of(JsonObject was, JsonObject now)
    {
        List<string> lines = [];
        Compare("", was, now, lines);
        return lines.Count <= Most ? lines : [.. lines.Take(Most), string.Create(CultureInfo.InvariantCulture, $"and {lines.Count - Most} more")];
    }

    static void Compare(string path, JsonNode? was, JsonNode? now, List<string> lines)
    {
        // A section on one side only is compared with an empty one, so that every line names a key with a value.
        if ((was is JsonObject && now is JsonObject or null) || (was is null && now is JsonObject))
        {
            var (before, after) = (was as JsonObject ?? [], now as JsonObject ?? []);
            foreach (var key in after.Select(pair => pair.Key).Union(before.Select(pair => pair.Key)))
                Compare(path.Length == 0 ? key : $"{path}.{key}", before[key], after[key], lines);
            return;
        }
        var (old, current) = (Exact(was), Exact(now));
        if (old == current) return;
        // The contents of a file stand here as a hash, which tells a reader nothing.
        lines.Add(was is not null && now is not null && Hash().IsMatch(old) && Hash().IsMatch(current)
            ? $"{path}: the contents of its files are others" : $"{path}: was {Shown(was)}, is {Shown(now)}");
    }

    static string Exact(JsonNode? node) => node is null ? "" : node.ToJsonString(RecipeJson.Options);

    static string Shown(JsonNode? node)
    {
        if (node is null) return "not set";
        if (node.GetValueKind() != JsonValueKind.String) return Cut(node.GetValueKind() == JsonValueKind.Number ? Exact(node).ToLowerInvariant() : Exact(node));
        var text = node.GetValue<string>();
        return Word().IsMatch(text) ? Cut(text) : $"'{Cut(text)}'";
    }

    static string Cut(string text) => text.Length <= LongestText ? text : $"{text[..LongestText]}...";

    [GeneratedRegex(@"^[\w./-]+\z")]
    private static partial Regex Word();

    [GeneratedRegex("^\"[0-9a-f]{64}\"\\z")]
    private static partial Regex Hash();
}
