using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>The weights of a Hugging Face folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> lists.</summary>
public sealed class WeightFiles : IDisposable
{
    readonly Dictionary<string, SafeTensors> files = new(StringComparer.Ordinal);
    readonly Dictionary<string, (SafeTensors File, string Name)> weights = new(StringComparer.Ordinal);
    readonly HashSet<string> used = new(StringComparer.Ordinal);

    /// <param name="folder">The model's folder.</param>
    /// <param name="prefix">The encoder's prefix: a checkpoint of the bare encoder has names without it.</param>
    /// <exception cref="DataException">No weights, or a broken file or index.</exception>
    public WeightFiles(string folder, string prefix)
    {
        try
        {
            Open(folder);
        }
        catch
        {
            Dispose();
            throw;
        }
        if (!weights.Keys.Any(name => name.StartsWith(prefix + ".", StringComparison.Ordinal)))
            foreach (var (name, place) in weights.ToArray())
            {
                weights.Remove(name);
                weights[$"{prefix}.{name}"] = place;
            }
    }

    /// <summary>The stored value of a weight, or null.</summary>
    public Tensor? Read(string name)
    {
        if (!weights.TryGetValue(name, out var place)) return null;
        used.Add(name);
        return place.File.Read(place.Name);
    }

    /// <summary>As <see cref="Read"/>, without the values.</summary>
    public Tensor? Describe(string name)
    {
        if (!weights.TryGetValue(name, out var place)) return null;
        used.Add(name);
        return place.File.Describe(place.Name);
    }

    /// <summary>The shape of a stored weight, or null.</summary>
    public long[]? Shape(string name) => weights.TryGetValue(name, out var place) ? place.File.Entries[place.Name].Shape : null;

    /// <summary>Stored weights that the model never asked for; the position_ids buffers of old checkpoints are not weights.</summary>
    public IReadOnlyList<string> Unexpected =>
        [.. weights.Keys.Where(name => !used.Contains(name) && !name.EndsWith(".position_ids", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }

    void Open(string folder)
    {
        var single = Path.Combine(folder, "model.safetensors");
        var index = single + ".index.json";
        if (File.Exists(single)) Add(single, null);
        else if (File.Exists(index))
        {
            foreach (var (file, names) in Shards(index)) Add(Path.Combine(folder, file), names);
        }
        else throw new DataException(folder, "there are no weights; expected model.safetensors, or model.safetensors.index.json with its shards");
    }

    void Add(string file, List<string>? names)
    {
        var tensors = files[file] = new SafeTensors(file);
        foreach (var name in names ?? [.. tensors.Entries.Keys])
        {
            if (!tensors.Entries.ContainsKey(name)) throw new DataException(file, $"the index says that '{name}' is in this shard, but it is not");
            if (!weights.TryAdd(Modern(name), (tensors, name)))
                throw new DataException(file, $"the weight '{Modern(name)}' is stored twice, here as '{name}'");
        }
    }

    static Dictionary<string, List<string>> Shards(string index)
    {
        var map = ModelConfig.Parse(index, "the index")["weight_map"] as JsonObject ?? throw new DataException(index, "there is no weight_map");
        var shards = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var (name, value) in map)
        {
            // A path from a file never leaves its folder.
            var file = value is JsonValue text && text.TryGetValue<string>(out var s) ? s : "";
            if (file.Length == 0 || file != Path.GetFileName(file) || file is "." or "..")
                throw new DataException(index, $"weight '{name}' is said to be in '{value}'; expected the plain name of a file beside the index");
            if (!shards.TryGetValue(file, out var names)) shards[file] = names = [];
            names.Add(name);
        }
        return shards;
    }

    // The first published BERT files call a norm's weight and bias gamma and beta.
    static string Modern(string name) =>
        name.EndsWith("LayerNorm.gamma", StringComparison.Ordinal) ? name[..^5] + "weight"
        : name.EndsWith("LayerNorm.beta", StringComparison.Ordinal) ? name[..^4] + "bias" : name;
}
