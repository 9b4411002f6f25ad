using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Tutti.Models.Vision;

namespace Tutti.Models;

/// <summary>Reads typed values from a checkpoint's config.json, with the file named when a value is not what it should be.</summary>
/// <param name="Json">The whole object; kept, so that keys Tutti does not know survive a save.</param>
/// <param name="Where">The file, for errors.</param>
public sealed record ModelConfig(JsonObject Json, string Where)
{
    /// <summary>Classes that a config without names may claim.</summary>
    const int MaxLabels = 100_000;

    /// <summary>No network is so deep; each layer takes memory before its weights are looked for.</summary>
    const int MaxLayers = 1000;

    public static ModelConfig Read(string file)
    {
        if (!File.Exists(file)) throw new DataException(file, "the file does not exist; a model folder holds config.json, model.safetensors or pytorch_model.bin, and the tokenizer's files");
        return new(Parse(file, "the config"), file);
    }

    /// <summary>A JSON file whose root is an object without doubled keys.</summary>
    /// <exception cref="DataException">It is not, or cannot be read.</exception>
    internal static JsonObject Parse(string file, string what)
    {
        try
        {
            var bytes = File.ReadAllBytes(file).AsSpan();
            if (bytes.StartsWith(Encoding.UTF8.Preamble)) bytes = bytes[Encoding.UTF8.Preamble.Length..];
            if (!Utf8.IsValid(bytes)) throw new DataException(file, $"{what} is not UTF-8");
            CheckTexts(bytes);
            return JsonNode.Parse(bytes, null, new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new DataException(file, $"{what} is not a JSON object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DataException(file, $"{what} is not valid JSON: {e.Message}", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(file, $"{what} cannot be read: {e.Message}", inner: e);
        }
    }

    // Texts of a JsonNode are read late: one that ends in half a surrogate pair must be noticed here.
    static void CheckTexts(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped) continue;
            var room = ArrayPool<char>.Shared.Rent(reader.ValueSpan.Length);
            reader.CopyString(room);
            ArrayPool<char>.Shared.Return(room);
        }
    }

    /// <summary>The architecture, such as <c>bert</c>.</summary>
    public string ModelType => Text("model_type", "") is { Length: > 0 } type ? type : PictureConfig.Family(this) is { } family ? family
        : this.IsTimm() ? throw new DataException(Where, $"no network of pictures is called '{Text("architecture", Text("class", ""))}'{Nearest.Hint(Text("architecture", ""), TimmNames.All, "")}")
        : throw new DataException(Where, $"model_type is missing; expected one of {string.Join(", ", Catalog.Names)}");

    /// <summary>Class names in the order of the logits, or as many empty names as num_labels says (2 by default, as transformers).</summary>
    /// <exception cref="DataException">id2label does not number its classes from 0, or num_labels is not a count.</exception>
    public IReadOnlyList<string> Labels
    {
        get
        {
            if (this.IsTimm() && Texts("label_names") is { Count: > 0 } timm) return timm;
            if (Json["id2label"] is JsonObject names)
                return [.. Enumerable.Range(0, names.Count).Select(i => names[i.ToString(CultureInfo.InvariantCulture)]?.ToString()
                    ?? throw new DataException(Where, $"id2label has {names.Count} names but none for class {i}; expected the keys 0 to {names.Count - 1}"))];
            return [.. Enumerable.Range(0, LabelCount).Select(i => FormattableString.Invariant($"LABEL_{i}"))];
        }
    }

    /// <summary>How many there are; a config that names none may claim many, so they are not listed for it.</summary>
    /// <exception cref="DataException">num_labels is not a count.</exception>
    public int LabelCount
    {
        get
        {
            if (Json["id2label"] is JsonObject) return Labels.Count;
            var (key, usual) = this.IsTimm() ? ("num_classes", 1000) : ("num_labels", 2);
            var count = Int(key, usual);
            return count is >= 1 and <= MaxLabels ? count : throw new DataException(Where, $"{key} is {count}; expected 1 to {MaxLabels}");
        }
    }

    /// <summary>The pooling in place of the architecture's own; a key of this project, which transformers passes over.</summary>
    public Pooling Pooling => Text("tutti_pooling", "own") is var text && Array.Find(Enum.GetValues<Pooling>(), value => Name(value) == text) is var found && Name(found) == text ? found
        : throw new DataException(Where, $"tutti_pooling is '{text}'; expected {string.Join(", ", Enum.GetValues<Pooling>().Select(Name))}");

    /// <summary>The same config with another pooling.</summary>
    public ModelConfig WithPooling(Pooling pooling) => With("tutti_pooling", pooling == Pooling.Own ? null : Name(pooling));

    /// <summary>How often the head's dropout and projection are computed for an update, each time with another mask.</summary>
    public int DropoutSamples => Int("tutti_dropout_samples", 1) is >= 1 and var samples ? samples : throw new DataException(Where, "tutti_dropout_samples is below 1; expected a whole number from 1");

    internal const string MaskedLanguage = "ForMaskedLM", CausalLanguage = "ForCausalLM";

    /// <summary>Whether the model predicts tokens, masked ones or the next, as the name of its class says.</summary>
    public bool IsLanguageModel => Json["architectures"] is JsonArray { Count: > 0 } list && list[0] is JsonValue value && value.TryGetValue<string>(out var name)
        && (name.EndsWith(MaskedLanguage, StringComparison.Ordinal) || name.EndsWith(CausalLanguage, StringComparison.Ordinal));

    /// <summary>The same config for a model that predicts tokens.</summary>
    /// <exception cref="DataException">The architecture has no such head.</exception>
    public ModelConfig AsLanguageModel() => With("architectures", new JsonArray(Catalog.Find(this).LanguageArchitecture));

    static string Name(Pooling pooling) => JsonNamingPolicy.KebabCaseLower.ConvertName(pooling.ToString());

    /// <summary>The same config for a classifier of other classes.</summary>
    public ModelConfig WithLabels(IReadOnlyList<string> labels)
    {
        var json = (JsonObject)Json.DeepClone();
        if (this.IsTimm())
        {
            json["num_classes"] = labels.Count;
            json["label_names"] = new JsonArray([.. labels.Select(name => (JsonNode?)name)]);
            return this with { Json = json };
        }
        json.Remove("num_labels");
        json.Remove("architectures");
        json["id2label"] = new JsonObject(labels.Select((name, i) => KeyValuePair.Create<string, JsonNode?>(FormattableString.Invariant($"{i}"), name)));
        json["label2id"] = new JsonObject(labels.Select((name, i) => KeyValuePair.Create<string, JsonNode?>(name, i)));
        return this with { Json = json };
    }

    /// <summary>The same config with a value set.</summary>
    public ModelConfig With(string key, JsonNode? value)
    {
        var json = (JsonObject)Json.DeepClone();
        if (value is null) json.Remove(key);
        else json[key] = value;
        return this with { Json = json };
    }

    /// <summary>The same config with a value where there is none.</summary>
    public ModelConfig WithDefault(string key, JsonNode value) => Json[key] is null ? With(key, value) : this;

    /// <summary>A whole number from 1.</summary>
    public int Size(string key, int fallback) => Int(key, fallback) is >= 1 and var size ? size : throw new DataException(Where, $"{key} is {Int(key, fallback)}; expected at least 1");

    /// <summary>A share from 0 to below 1, as of dropout.</summary>
    public double Share(string key, double fallback) => Number(key, fallback) is >= 0 and < 1 and var share ? share
        : throw new DataException(Where, FormattableString.Invariant($"{key} is {Number(key, fallback)}; expected a share from 0 to below 1"));

    public int Int(string key, int fallback) => Get(key, fallback, 1) is var value && value > MaxLayers && (key.Contains("layers", StringComparison.Ordinal) || key == "inner_group_num")
        ? throw new DataException(Where, $"{key} is {value}; expected at most {MaxLayers}") : value;
    public double Number(string key, double fallback) => Get(key, fallback, 0.0);
    public string Text(string key, string fallback) => Get(key, fallback, "");
    public bool Flag(string key, bool fallback) => Json[key] is null ? fallback : Json[key] is JsonValue value && value.TryGetValue<bool>(out var result) ? result
        : throw new DataException(Where, $"{key} is {Json[key]!.ToJsonString()}; expected true or false");
    /// <summary>Words as a list, or as one text with | between them; none where the key is missing.</summary>
    public IReadOnlyList<string> Texts(string key) => Json[key] switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => item is JsonValue value && value.TryGetValue<string>(out var text) ? text
            : throw new DataException(Where, $"{key} has {item?.ToJsonString() ?? "null"}; expected texts"))],
        _ => Text(key, "").ToLowerInvariant().Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
    };

    public double? NumberOrNull(string key) => Json[key] is null ? null : Get(key, 0.0, 0.0);

    T Get<T>(string key, T fallback, T example) where T : notnull
    {
        if (Json[key] is not { } node) return fallback;
        return node is JsonValue value && value.TryGetValue<T>(out var result) ? result
            : throw new DataException(Where, $"{key} is {node.ToJsonString()}; expected a {(example is string ? "text" : example is int ? "whole number" : "number")}");
    }
}
