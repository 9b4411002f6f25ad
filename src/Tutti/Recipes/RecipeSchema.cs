using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The JSON Schema of recipe files, for editors (docs/recipe.schema.json).</summary>
static class RecipeSchema
{
    static readonly JsonSerializerOptions indented = new(RecipeJson.Options) { WriteIndented = true, NewLine = "\n" };

    public static string Text() => Text(typeof(Recipe), "Tutti recipe");

    /// <summary>The schema of a kind of recipe.</summary>
    public static string Text(Type recipe, string title)
    {
        var options = new JsonSerializerOptions(RecipeJson.Options) { NumberHandling = JsonNumberHandling.Strict };
        var schema = options.GetJsonSchemaAsNode(recipe, new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe }).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", title);
        if (recipe == typeof(Recipe)) PicturesNeedNoText(schema);
        return schema.ToJsonString(indented) + "\n";
    }

    /// <summary>The one key that a task can do without, though all others need it: pictures have no texts.</summary>
    static void PicturesNeedNoText(JsonObject schema)
    {
        var required = schema["properties"]!["data"]!["required"]!.AsArray();
        required.Remove(required.First(key => (string?)key == "text"));
        schema["if"] = new JsonObject
        {
            ["properties"] = new JsonObject { ["task"] = new JsonObject { ["enum"] = new JsonArray(RecipeJson.Name(RecipeTask.ImageClassification), RecipeJson.Name(RecipeTask.ImageMultiTarget)) } },
            ["required"] = new JsonArray("task"),
        };
        schema["else"] = new JsonObject { ["properties"] = new JsonObject { ["data"] = new JsonObject { ["required"] = new JsonArray("text") } } };
    }

    static JsonObject Describe(JsonSchemaExporterContext context, JsonNode node)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        var schema = Shape(type, node);
        if (context.PropertyInfo is not { } key) return schema;
        if (RecipeKeys.Range(key) is { } range) Limit(schema, range, type == typeof(int));
        if (!schema.ContainsKey("default") && RecipeKeys.Default(key) is { } value) schema["default"] = value;
        if (RecipeKeys.Description(key) is { } description) schema.Insert(0, "description", description);
        return schema;
    }

    static JsonObject Shape(Type type, JsonNode node)
    {
        if (type == typeof(MemorySize))
            return new() { ["type"] = new JsonArray("string", "null"), ["pattern"] = "^\\s*[0-9]+(\\.[0-9]+)?\\s*([kKmMgGtT][iI]?)?[bB]\\s*$" };
        if (type == typeof(Duration)) return new() { ["type"] = "string", ["pattern"] = "^\\s*[0-9]+(\\.[0-9]+)?\\s*([sS]|[mM][iI][nN]|[hH])\\s*$" };
        if (type == typeof(DeviceChoice)) return new() { ["type"] = "string", ["pattern"] = "^(auto|cpu|cuda(:[0-9]{1,2})?)$" };
        if (type == typeof(ClassWeights))
            return new()
            {
                ["anyOf"] = new JsonArray(
                    new JsonObject { ["enum"] = new JsonArray("none", "balanced") },
                    new JsonObject { ["type"] = "object", ["additionalProperties"] = new JsonObject { ["type"] = "number", ["exclusiveMinimum"] = 0 } }),
            };
        var schema = node as JsonObject ?? [];
        // What stands elsewhere already is pointed to, with its short form.
        if (type.GetCustomAttribute<ShortFormAttribute>() is not { } form || schema.ContainsKey("$ref")) return schema;
        var alone = schema["properties"]![form.Key]!.DeepClone().AsObject();
        alone.Remove("default");
        return new() { ["anyOf"] = new JsonArray(schema, alone) };
    }

    static void Limit(JsonObject schema, RangeAttribute range, bool whole)
    {
        var (low, high) = (Convert.ToDouble(range.Minimum, null), Convert.ToDouble(range.Maximum, null));
        schema[range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum"] = whole ? (int)low : low;
        if (high is not (int.MaxValue or double.MaxValue)) schema[range.MaximumIsExclusive ? "exclusiveMaximum" : "maximum"] = whole ? (int)high : high;
    }
}
