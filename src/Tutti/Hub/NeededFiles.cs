using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Hub;

/// <summary>Which files of a repository are worth their bytes: of a model config, tokenizer and one form of weights; never code, never a second form.</summary>
static class NeededFiles
{
    public const string SafeTensors = "model.safetensors", Pickle = "pytorch_model.bin", Index = ".index.json";

    static readonly HashSet<string> always = new(StringComparer.Ordinal)
    {
        "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt",
    };

    // Of data sets everything but what is run when it is loaded.
    static readonly string[] executable = [".py", ".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".dill"];

    /// <summary>The files to get; where an index lists the weights, it is the last, and <see cref="Shards"/> says what else.</summary>
    /// <param name="paths">All files of the repository.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="ConfigException">It is no model: no config, or no weights that are read.</exception>
    public static string[] Of(IReadOnlyCollection<string> paths, HubName name)
    {
        if (name.IsDataSet) return [.. paths.Where(path => path != ".gitattributes" && !executable.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))];
        if (!paths.Contains("config.json")) throw new ConfigException(name.ToString(), $"holds no config.json, so it is no model that can be loaded{(paths.Count == 0 ? " (it is empty)" : "")}; is it a data set? Then write datasets/{name}");
        string? weights = new[] { SafeTensors, SafeTensors + Index, Pickle, Pickle + Index }.FirstOrDefault(paths.Contains);
        if (weights is null) throw new ConfigException(name.ToString(), $"holds no weights that can be read; expected {SafeTensors} or {Pickle}, or the index of one in shards, got {Some(paths)}");
        return [.. paths.Where(path => always.Contains(path) || IsSentencePiece(path)).Order(StringComparer.Ordinal), weights];
    }

    /// <summary>The shards that an index lists.</summary>
    /// <param name="index">The index's file.</param>
    /// <param name="shown">Its name in messages.</param>
    /// <param name="paths">All files of the repository.</param>
    /// <exception cref="HubException">It is no index, or lists what the repository does not have.</exception>
    public static string[] Shards(string index, string shown, IReadOnlyCollection<string> paths)
    {
        var ending = shown.EndsWith(SafeTensors + Index, StringComparison.Ordinal) ? ".safetensors" : ".bin";
        JsonObject? map;
        try
        {
            using var stream = File.OpenRead(index);
            map = (JsonNode.Parse(stream) as JsonObject)?["weight_map"] as JsonObject;
        }
        catch (JsonException e)
        {
            throw new HubException(shown, "is not valid JSON, so the weights are not known", e);
        }
        if (map is null || map.Count == 0) throw new HubException(shown, "has no weight_map, so the weights are not known");
        var shards = map.Select(pair => pair.Value is JsonValue value && value.TryGetValue<string>(out var text) ? text : "").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        foreach (var shard in shards)
            if (shard.Contains('/', StringComparison.Ordinal) || !shard.EndsWith(ending, StringComparison.Ordinal) || !paths.Contains(shard))
                throw new HubException(shown, $"lists weights in '{Printable.Of(shard)}'; expected a file of the repository that ends in {ending}");
        return shards;
    }

    public static bool IsIndex(string path) => path is SafeTensors + Index or Pickle + Index;

    static bool IsSentencePiece(string path) => path.EndsWith(".model", StringComparison.Ordinal) && !path.Contains('/', StringComparison.Ordinal);

    static string Some(IReadOnlyCollection<string> paths) => string.Join(", ", paths.Order(StringComparer.Ordinal).Take(6).Select(Printable.Of)) + (paths.Count > 6 ? ", ..." : "");
}
