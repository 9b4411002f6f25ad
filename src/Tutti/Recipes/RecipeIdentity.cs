using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Tutti.Recipes;

/// <summary>A recipe and what its files hold, so that copies of both on several machines can be compared.</summary>
public static class RecipeIdentity
{
    /// <summary>The recipe's settings, in which the contents of every file and folder stand for its path.</summary>
    /// <exception cref="InputException">The recipe cannot be used, or a file cannot be read.</exception>
    public static JsonObject Of(Recipe recipe)
    {
        var node = RecipeJson.Node(recipe);
        Replace(node);
        return node;
    }

    /// <summary>What differs, one line each: "train.batch: was 20, is 16".</summary>
    public static IReadOnlyList<string> Differences(JsonObject was, JsonObject now) => SettingsDifference.Of(was, now);

    /// <summary>A short name of all of it.</summary>
    public static string Short(JsonObject identity) => RecipeJson.Hash(identity)[..8];

    static void Replace(JsonNode node)
    {
        if (node is JsonObject map)
            foreach (var key in map.Select(pair => pair.Key).ToArray())
                if (Hash(map[key]) is { } hash) map[key] = hash;
                else if (map[key] is { } inner) Replace(inner);
        if (node is JsonArray list)
            for (var i = 0; i < list.Count; i++)
                if (Hash(list[i]) is { } hash) list[i] = hash;
                else if (list[i] is { } inner) Replace(inner);
    }

    static string? Hash(JsonNode? node)
    {
        // Paths of a recipe that was loaded are full.
        if (node is not JsonValue value || !value.TryGetValue(out string? path) || !Path.IsPathRooted(path)) return null;
        try
        {
            return File.Exists(path) ? OfFile(path) : Directory.Exists(path) ? RecipeJson.Hash(Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).Select(file => new { Name = Path.GetFileName(file), Sha256 = OfFile(file) })) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(path, $"the file cannot be read: {e.Message}", inner: e);
        }
    }

    static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
