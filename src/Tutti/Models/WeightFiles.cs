using System.Text.Json.Nodes;
using Tutti.Torch;
using Tutti.Torch.Pickles;

namespace Tutti.Models;

/// <summary>
/// The weights of a Hugging Face folder: <c>model.safetensors</c>, else <c>pytorch_model.bin</c>, else fastai's <c>model.pth</c>, or the shards that the index beside them
/// (<c>model.safetensors.index.json</c>) lists. Names of old checkpoints are given as today's.
/// </summary>
public sealed class WeightFiles : IDisposable
{
    /// <summary>What torch's DataParallel puts before the names of a model's weights.</summary>
    const string Parallel = "module.";

    readonly Dictionary<string, TensorFile> files = new(StringComparer.Ordinal);
    readonly Dictionary<string, (TensorFile File, string Name)> weights = new(StringComparer.Ordinal);
    readonly HashSet<string> used = new(StringComparer.Ordinal);

    /// <param name="folder">The model's folder.</param>
    /// <param name="prefix">The encoder's prefix: a checkpoint of the bare encoder has names without it.</param>
    /// <param name="renamed">A stored name, and whether others are stored, to the model's name or null for what is passed over; null where they are the same.</param>
    /// <exception cref="DataException">No weights, or a broken file or index.</exception>
    public WeightFiles(string folder, string prefix, Func<string, Func<string, bool>, string?>? renamed = null)
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
        Rename();
        if (renamed is not null) Rename(renamed);
        if (prefix.Length > 0 && !weights.Keys.Any(name => name.StartsWith(prefix + ".", StringComparison.Ordinal)))
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
    public long[]? Shape(string name) => weights.TryGetValue(name, out var place) ? place.File.Shape(place.Name) : null;

    /// <summary>How many weights are stored.</summary>
    public int Count => weights.Count;

    /// <summary>Stored weights that the model never asked for; the buffers of positions and token types in old checkpoints are not weights.</summary>
    public IReadOnlyList<string> Unexpected => [.. weights.Keys.Where(name => !used.Contains(name) && !IsBuffer(name)).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }

    void Open(string folder)
    {
        // Safetensors first: where both are there they hold the same, and these are read faster.
        foreach (var name in (ReadOnlySpan<string>)["model.safetensors", "pytorch_model.bin", "model.pth"])
        {
            var single = Path.Combine(folder, name);
            var index = single + ".index.json";
            if (File.Exists(single)) Add(single, null);
            else if (File.Exists(index))
            {
                foreach (var (file, names) in Shards(index)) Add(Path.Combine(folder, file), names);
            }
            else continue;
            return;
        }
        throw new DataException(folder, "there are no weights; expected model.safetensors or pytorch_model.bin (or fastai's model.pth), or the index of either (model.safetensors.index.json) with its shards");
    }

    void Add(string file, List<string>? names)
    {
        var tensors = files[file] = file.EndsWith(".safetensors", StringComparison.Ordinal) ? new SafeTensors(file) : new TorchFile(file);
        foreach (var name in names ?? [.. tensors.Names])
        {
            if (!tensors.Has(name)) throw new DataException(file, $"the index says that '{name}' is in this shard, but it is not");
            if (!weights.TryAdd(name, (tensors, name))) throw new DataException(file, $"the weight '{name}' is stored twice");
        }
    }

    // What training on several devices put before all names goes; then each name becomes today's.
    void Rename()
    {
        var stored = weights.ToArray();
        var begin = stored.Length > 0 && stored.All(weight => weight.Key.StartsWith(Parallel, StringComparison.Ordinal)) ? Parallel.Length : 0;
        weights.Clear();
        foreach (var (name, place) in stored)
            if (!weights.TryAdd(Modern(name[begin..]), place)) throw new DataException(files.First(file => file.Value == place.File).Key, $"the weight '{Modern(name[begin..])}' is stored twice, here as '{name}'");
    }

    void Rename(Func<string, Func<string, bool>, string?> renamed)
    {
        var stored = weights.ToDictionary();
        weights.Clear();
        foreach (var (name, place) in stored)
            if (renamed(name, stored.ContainsKey) is { } own && !weights.TryAdd(own, place)) throw new DataException(files.First(file => file.Value == place.File).Key, $"the weight '{own}' is stored twice, here as '{name}'");
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
                throw new DataException(index, $"weight '{Short(name)}' is said to be in '{(file.Length > 0 ? Short(file) : value is null ? "null" : value.GetValueKind().ToString())}'; expected the plain name of a file beside the index");
            if (!shards.TryGetValue(file, out var names)) shards[file] = names = [];
            names.Add(name);
        }
        return shards;
    }

    // The first published BERT files call a norm's weight and bias gamma and beta, as TensorFlow does.
    static string Modern(string name)
    {
        var dot = name.LastIndexOf('.');
        var layer = dot < 0 ? "" : name[(name.LastIndexOf('.', dot - 1) + 1)..dot];
        if (!layer.Contains("norm", StringComparison.OrdinalIgnoreCase)) return name;
        return name[dot..] switch { ".gamma" => name[..dot] + ".weight", ".beta" => name[..dot] + ".bias", _ => name };
    }

    static string Short(string text) => text.Length > 80 ? text[..80] + "..." : text;

    static bool IsBuffer(string name) => name.Split('.')[^1] is "position_ids" or "token_type_ids" or "num_batches_tracked" or "relative_position_index" or "relative_coords_table" or "attn_mask";
}
