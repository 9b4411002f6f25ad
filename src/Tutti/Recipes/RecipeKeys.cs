using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>One key of a recipe, as docs/recipe.md lists it.</summary>
/// <param name="Path">Such as <c>data.folds.count</c>; a member of a list is <c>N</c>.</param>
sealed record RecipeKey(string Path, string Value, string Default, string Description);

/// <summary>Every key of a recipe, taken from the records.</summary>
static class RecipeKeys
{
    public static IReadOnlyList<RecipeKey> All { get; } = Of(typeof(Recipe));

    /// <summary>Every key of a kind of recipe.</summary>
    public static IReadOnlyList<RecipeKey> Of(Type recipe) => [.. Of(recipe, "")];

    /// <summary>What a key means; a member's own training keys mean what the common ones do.</summary>
    public static string? Description(JsonPropertyInfo key)
        => Attribute<DescriptionAttribute>(key)?.Description
            ?? (key.DeclaringType == typeof(TrainPatch) ? Description(Common(key)) : null);

    public static RangeAttribute? Range(JsonPropertyInfo key)
        => key.DeclaringType == typeof(TrainPatch) ? Range(Common(key)) : Attribute<RangeAttribute>(key);

    public static bool IsRecord(Type type) => type.Namespace is "Tutti.Recipes" or "Tutti.Training" && type.IsClass && type != typeof(ClassWeights);

    /// <summary>The value of a key that is left out, or null when it is required or absent.</summary>
    public static JsonNode? Default(JsonPropertyInfo key)
        => key.IsRequired || IsRecord(key.PropertyType) ? null
            : JsonSerializer.SerializeToNode(key.Get!(Activator.CreateInstance(key.DeclaringType)!), key.PropertyType, RecipeJson.Options);

    /// <summary>The keys as a table in Markdown.</summary>
    public static string Table() => Table(All);

    /// <inheritdoc cref="Table()"/>
    public static string Table(IReadOnlyList<RecipeKey> keys)
    {
        var table = new StringBuilder("| key | value | default | meaning |\n|---|---|---|---|\n");
        foreach (var key in keys)
            table.Append(CultureInfo.InvariantCulture, $"| `{key.Path}` | {Cell(key.Value)} | {Cell(key.Default)} | {Cell(key.Description)} |\n");
        return table.ToString();

        static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
    }

    static IEnumerable<RecipeKey> Of(Type record, string path)
    {
        foreach (var key in RecipeJson.Keys(record))
        {
            var at = path + key.Name;
            var type = Nullable.GetUnderlyingType(key.PropertyType) ?? key.PropertyType;
            var element = RecipeJson.Options.GetTypeInfo(type).ElementType;
            var value = key.IsRequired ? "required" : Default(key) is { } left ? $"`{Written(left)}`" : "";
            yield return new(at, Words(key, type, element), value, Description(key) ?? "");
            if (type == typeof(TrainPatch)) continue;
            foreach (var inner in IsRecord(type) ? Of(type, at + ".") : element is not null && IsRecord(element) ? Of(element, at + ".N.") : [])
                yield return inner;
        }
    }

    static string Words(JsonPropertyInfo key, Type type, Type? element)
    {
        if (type == typeof(TrainPatch)) return "keys of `train`";
        if (type == typeof(MemorySize) || type == typeof(Duration)) return "number and unit";
        if (type == typeof(DeviceChoice)) return "`auto`, `cpu`, `cuda` or `cuda:N`";
        if (type == typeof(ClassWeights)) return "`none`, `balanced` or a mapping";
        if (type.IsEnum) return string.Join(", ", Enum.GetNames(type).Select(name => $"`{JsonNamingPolicy.KebabCaseLower.ConvertName(name)}`"));
        if (element is not null) return IsRecord(element) ? "list of mappings" : element == typeof(string) ? "list of texts" : element == typeof(double) ? "list of numbers" : "list of whole numbers";
        if (IsRecord(type)) return type.GetCustomAttribute<ShortFormAttribute>() is { } form ? $"mapping, or its `{form.Key}` alone" : "mapping";
        var words = type == typeof(int) ? "whole number" : type == typeof(double) ? "number" : type == typeof(bool) ? "`true`, `false`" : "text";
        return Range(key) is { } range ? $"{words} {ConfigFault.Describe(range)}" : words;
    }

    static string Written(JsonNode value)
        => value.GetValueKind() == JsonValueKind.Number ? value.ToJsonString().ToLowerInvariant() : value.ToJsonString(RecipeJson.Options);

    static JsonPropertyInfo Common(JsonPropertyInfo patch) => RecipeJson.Keys(typeof(TrainConfig)).Single(common => common.Name == patch.Name);

    static T? Attribute<T>(JsonPropertyInfo key) where T : Attribute
        => key.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: true).OfType<T>().FirstOrDefault();
}
