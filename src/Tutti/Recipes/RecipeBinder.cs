using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Values as written to the JSON that the records are read from. The record's property decides what a scalar is; every fault is
/// collected with its key and place. Reading the JSON itself is left to System.Text.Json.
/// </summary>
sealed partial class RecipeBinder(Type recipe)
{
    /// <summary>Names that are planned, so that they are told apart from mistakes.</summary>
    static readonly Dictionary<Type, string[]> planned = new()
    {
        [typeof(RecipeTask)] = ["multi-label", "text-regression", "multi-target", "image-classification"],
        [typeof(Tables.FoldKind)] = ["time"],
    };

    readonly List<ConfigFault> faults = [];

    /// <summary>The JSON of a recipe, and every fault that stands in the way of reading it.</summary>
    public static (JsonObject Json, IReadOnlyList<ConfigFault> Faults) Bind(RecipeNode root, Type recipe)
    {
        var binder = new RecipeBinder(recipe);
        return (binder.Record(root, recipe, ""), binder.faults);
    }

    JsonNode? Value(RecipeNode node, Type type, string path)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return Text(node, path);
        if (type == typeof(int)) return Whole(node, path);
        if (type == typeof(double)) return Number(node, path);
        if (type == typeof(bool)) return Switch(node, path);
        if (type == typeof(MemorySize)) return Memory(node, path);
        if (type == typeof(Duration)) return Time(node, path);
        if (type == typeof(DeviceChoice)) return Place(node, path);
        if (type == typeof(ClassWeights)) return Weights(node, path);
        if (type.IsEnum) return Choice(node, path, Enum.GetNames(type), planned.GetValueOrDefault(type, []));
        return RecipeJson.Options.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element }
            ? List(node, element, path) : Record(node, type, path);
    }

    JsonObject Record(RecipeNode node, Type type, string path)
    {
        JsonObject json = [];
        var shortForm = type.GetCustomAttribute<ShortFormAttribute>()?.Key;
        if (shortForm is not null && node.Text is not null)
            node = new(node.Place) { Entries = new([KeyValuePair.Create(shortForm, node)]) };
        // A section whose keys are all commented out is a section of defaults.
        if (node.IsNull) node = new(node.Place) { Entries = [] };
        if (node.Entries is null)
        {
            Fault(path, node, $"expected key: value lines{(shortForm is null ? "" : $", or the {shortForm} alone")}");
            return json;
        }
        var keys = RecipeJson.Keys(type).ToDictionary(key => key.Name);
        foreach (var (name, value) in node.Entries)
        {
            var at = Join(path, name);
            if (!keys.TryGetValue(name, out var key)) faults.Add(new(at, Unknown(name, keys.Keys, recipe)));
            else if (!value.IsNull) { if (Value(value, key.PropertyType, at) is { } bound) json[name] = bound; }
            else if (type == typeof(TrainPatch)) Fault(at, value, "expected a value; take the key out to keep the common one");
            else if (!key.IsSetNullable)
            {
                if (RecipeKeys.IsRecord(key.PropertyType)) json[name] = Record(value, key.PropertyType, at);
                else Value(value, key.PropertyType, at);
            }
        }
        foreach (var key in keys.Values.Where(key => key.IsRequired && !node.Entries.ContainsKey(key.Name)))
            faults.Add(new(Join(path, key.Name), $"is required: {RecipeKeys.Description(key)}"));
        return json;
    }

    JsonArray? List(RecipeNode node, Type element, string path)
    {
        if (node.Items is null)
        {
            Fault(path, node, node.Text is { Length: > 0 } && !RecipeKeys.IsRecord(element) ? $"expected a list; write [{node.Text}]" : "expected a list");
            return null;
        }
        JsonArray json = [];
        for (var i = 0; i < node.Items.Count; i++)
            json.Add(Value(node.Items[i], element, Join(path, i.ToString(CultureInfo.InvariantCulture))));
        return json;
    }

    JsonNode? Text(RecipeNode node, string path)
    {
        if (node.Raw is { Length: > 0 } raw && !node.Quoted) return raw;
        if (node.Entries is { Count: > 0 } entries && entries.GetAt(0) is { Key: var key, Value.IsNull: true })
            return Fault(path, node, $"expected a text; a text that starts with {{ needs quotes, such as \"{{{key}}}\"");
        return node.Text is null || node.IsNull ? Fault(path, node, "expected a text") : node.Text;
    }

    JsonNode? Whole(RecipeNode node, string path)
    {
        var text = node.Text ?? "";
        if (!node.Quoted && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)) return value;
        if (!node.Quoted && WholeForm().IsMatch(text)) return Fault(path, node, "expected a whole number of at most nine digits");
        return Fault(path, node, $"expected a whole number{Ungrouped(text)}");
    }

    /// <summary>A number of YAML 1.2's core schema (section 10.3.2), without its .inf and .nan, which no key can use.</summary>
    JsonNode? Number(RecipeNode node, string path)
    {
        var text = node.Text ?? "";
        if (!node.Quoted && NumberForm().IsMatch(text) && double.Parse(text, CultureInfo.InvariantCulture) is var value && double.IsFinite(value)) return value;
        var percent = text.EndsWith('%') && NumberForm().IsMatch(text[..^1]) ? double.Parse(text[..^1], CultureInfo.InvariantCulture) / 100 : (double?)null;
        return Fault(path, node, $"expected a number{(percent is null ? Ungrouped(text) : $"; write {percent.Value.ToString(CultureInfo.InvariantCulture)}")}");
    }

    /// <summary>What to write for 1_000 or 1,000.</summary>
    static string Ungrouped(string text) => Grouped().IsMatch(text) ? $"; write {string.Concat(text.Where(letter => letter is not ('_' or ',')))}" : "";

    JsonNode? Memory(RecipeNode node, string path)
        => MemorySize.TryParse(node.Text ?? "", out var size) ? size.ToString() : Fault(path, node, MemorySize.Expected);

    JsonNode? Time(RecipeNode node, string path)
        => Duration.TryParse(node.Text ?? "", out var duration) ? duration.ToString() : Fault(path, node, Duration.Expected);

    JsonNode? Place(RecipeNode node, string path)
        => DeviceChoice.TryParse(node.Text ?? "", out var choice) ? choice.ToString() : Fault(path, node, DeviceChoice.Expected);

    JsonNode? Switch(RecipeNode node, string path) => node.Quoted ? Fault(path, node, "expected true or false, without quotes") : node.Text switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        { } text when text.ToLowerInvariant() is "yes" or "on" or "y" or "1" => Fault(path, node, "expected true or false; write true"),
        { } text when text.ToLowerInvariant() is "no" or "off" or "n" or "0" => Fault(path, node, "expected true or false; write false"),
        _ => Fault(path, node, "expected true or false"),
    };

    JsonNode? Choice(RecipeNode node, string path, string[] members, string[] later)
    {
        var names = members.Select(JsonNamingPolicy.KebabCaseLower.ConvertName).ToArray();
        if (node.Text is { } text && names.Contains(text)) return text;
        if (node.Text is not null && later.Contains(node.Text)) return Fault(path, node, $"which is not built yet; expected {Either(names)}");
        return Fault(path, node, $"expected {Either(names)}{DidYouMean(node.Text ?? "", names)}");
    }

    JsonNode? Weights(RecipeNode node, string path)
    {
        if (node.Entries is null && node.Text is null or "") return Fault(path, node, "expected none, balanced or label: weight pairs");
        if (node.Entries is null) return Choice(node, path, ["None", "Balanced"], []);
        JsonObject json = [];
        foreach (var (label, weight) in node.Entries) json[label] = Number(weight, Join(path, label));
        return json;
    }

    JsonNode? Fault(string path, RecipeNode node, string expected)
    {
        faults.Add(new(path, $"got {node.Got}, {expected}"));
        return null;
    }

    static string Unknown(string name, IEnumerable<string> keys, Type recipe)
    {
        var known = keys.ToArray();
        if (Nearest.Of(name, known) is { } near) return $"unknown key; did you mean '{near}'?";
        var elsewhere = RecipeKeys.Of(recipe).Where(key => key.Path.EndsWith("." + name, StringComparison.Ordinal)).Select(key => $"'{key.Path}'").ToArray();
        return elsewhere.Length > 0 ? $"unknown key here; did you mean {Either(elsewhere)}?" : $"unknown key; known here: {string.Join(", ", known)}";
    }

    /// <summary>The end of a message about a word that is none of these.</summary>
    public static string DidYouMean(string word, IEnumerable<string> names)
        => word.Length > 0 && Nearest.Of(word, names) is { } near ? $"; did you mean '{near}'?" : "";

    public static string Either(string[] names) => names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}";

    static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex NumberForm();

    [GeneratedRegex(@"^[-+]?[0-9]+\z")]
    private static partial Regex WholeForm();

    [GeneratedRegex(@"^[-+]?[0-9]{1,3}([_,][0-9]{3})+\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Grouped();
}
