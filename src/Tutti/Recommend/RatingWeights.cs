using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>What a model of ratings consists of, to be kept in a folder.</summary>
/// <param name="Arrays">Numbers by name, with their shapes.</param>
/// <param name="Facts">What else it takes to make the model again, such as the range of its sigmoid.</param>
public sealed record RatingWeights(IReadOnlyDictionary<string, (float[] Values, long[] Shape)> Arrays, JsonObject Facts)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    const string ArraysFile = "model.safetensors", FactsFile = "model.json", KindKey = "model";

    /// <summary>The numbers of an array.</summary>
    /// <exception cref="DataException">There is none of that name.</exception>
    public float[] this[string name] => Arrays.TryGetValue(name, out var array) ? array.Values : throw new DataException(ArraysFile, $"there is no '{name}' in it, only {string.Join(", ", Arrays.Keys)}");

    /// <summary>A range among the facts; null where there is none.</summary>
    public (double Low, double High)? Range => Facts["range"] is JsonArray { Count: 2 } ends ? (ends[0]!.GetValue<double>(), ends[1]!.GetValue<double>()) : null;

    /// <summary>Arrays of rows of so many columns; 0 columns: no rows, only numbers.</summary>
    public static RatingWeights Of((double Low, double High)? range, params (string Name, float[] Values, int Columns)[] arrays) =>
        new(arrays.ToDictionary(array => array.Name, array => (array.Values, array.Columns == 0 ? new long[] { array.Values.Length } : [array.Values.Length / array.Columns, array.Columns])), Ranged(range));

    /// <summary>Facts that hold a range.</summary>
    public static JsonObject Ranged((double Low, double High)? range) => range is var (low, high) ? new() { ["range"] = new JsonArray(low, high) } : [];

    /// <summary>Writes a model: <c>model.safetensors</c>, then <c>model.json</c>.</summary>
    internal void Save(string folder, string kind)
    {
        using var scope = new Scope();
        var tensors = Arrays.ToDictionary(pair => pair.Key, pair => Tensor.From<float>(pair.Value.Values, pair.Value.Shape));
        AtomicFile.Write(Path.Combine(folder, ArraysFile), stream => SafeTensors.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" }));
        var facts = Facts.DeepClone().AsObject();
        facts.Insert(0, KindKey, kind);
        AtomicFile.Write(Path.Combine(folder, FactsFile), facts.ToJsonString(indented) + "\n");
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="DataException">A file is missing or broken, or of another kind of model.</exception>
    internal static RatingWeights Load(string folder, string kind)
    {
        var file = Path.Combine(folder, FactsFile);
        if (!File.Exists(file)) throw new DataException(folder, $"holds no model of ratings: {FactsFile} is missing");
        JsonObject facts;
        try
        {
            facts = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DataException(file, $"is not the description of a model: {e.Message}", inner: e);
        }
        if (facts[KindKey]?.ToString() != kind) throw new DataException(file, $"is of a model '{facts[KindKey]}', expected {kind}");
        using var scope = new Scope();
        using var values = new SafeTensors(Path.Combine(folder, ArraysFile));
        return new(values.Names.ToDictionary(name => name, name => (values.Read(name).ToArray<float>(), values.Shape(name))), facts);
    }
}
