using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The one JSON form of recipes: kebab-case names, no unknown keys, no nulls.</summary>
static class RecipeJson
{
    public static JsonSerializerOptions Options { get; } = Make();

    static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            RespectNullableAnnotations = true,
            // So that settings made in code can be compared and checked even when they hold a NaN; from a file none can come.
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false), new ClassWeightsConverter() },
        };
        options.MakeReadOnly();
        return options;
    }

    /// <summary>The keys of a record: the properties that can be read and set.</summary>
    public static IEnumerable<JsonPropertyInfo> Keys(Type record)
        => Options.GetTypeInfo(record).Properties.Where(property => property.Get is not null && property.Set is not null);

    /// <summary>A name of an enumeration as recipes spell it.</summary>
    public static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    public static JsonObject Node<T>(T value) => JsonSerializer.SerializeToNode(value, Options)!.AsObject();

    /// <summary>The canonical text: keys sorted, so that the order in which a mapping was written does not matter.</summary>
    public static string Text<T>(T value) => Sorted(JsonSerializer.SerializeToNode(value, Options))!.ToJsonString(Options);

    public static bool Same<T>(T a, T? b) where T : class => ReferenceEquals(a, b) || (b is not null && Text(a) == Text(b));

    public static string Hash<T>(T value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text(value))));

    /// <summary>The settings with the keys of a patch laid over them.</summary>
    public static TrainConfig Patched(TrainConfig common, TrainPatch patch)
    {
        var node = Node(common);
        foreach (var (key, value) in Node(patch)) node[key] = value?.DeepClone();
        return node.Deserialize<TrainConfig>(Options)!;
    }

    static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject mapping => new JsonObject(mapping.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}

/// <summary>"none", "balanced" or a mapping of label to weight.</summary>
sealed class ClassWeightsConverter : JsonConverter<ClassWeights>
{
    public override ClassWeights Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        => reader.TokenType == JsonTokenType.StartObject
            ? ClassWeights.Of(JsonSerializer.Deserialize<Dictionary<string, double>>(ref reader, options)!)
            : reader.GetString() switch
            {
                "none" => ClassWeights.None,
                "balanced" => ClassWeights.Balanced,
                var other => throw new JsonException($"'{other}' is neither none nor balanced"),
            };

    public override void Write(Utf8JsonWriter writer, ClassWeights value, JsonSerializerOptions options)
    {
        if (value.IsBalanced) writer.WriteStringValue("balanced");
        else if (value.Weights.Count == 0) writer.WriteStringValue("none");
        else JsonSerializer.Serialize(writer, value.Weights, options);
    }
}
