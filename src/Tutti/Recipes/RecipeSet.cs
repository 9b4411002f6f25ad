using System.Globalization;

namespace Tutti.Recipes;

/// <summary>Changes from the command line: <c>train.learning-rate=1e-5</c>, <c>members.0.seeds=[1,2]</c>.</summary>
static class RecipeSet
{
    public const string Place = "on the command line";

    /// <summary>Puts one change into the values of a recipe; whether the keys exist is checked with the rest of the recipe.</summary>
    /// <exception cref="ConfigException">It is not KEY=VALUE, or leads through something that is no section.</exception>
    public static void Apply(RecipeNode root, string change)
    {
        var equals = change.IndexOf('=', StringComparison.Ordinal);
        var path = equals < 0 ? "" : change[..equals].Trim();
        if (path.Length == 0 || path.Split('.').Any(string.IsNullOrWhiteSpace))
            throw new ConfigException("--set", $"got '{change}', expected KEY=VALUE, such as train.learning-rate=1e-5");
        var (node, keys) = (root, path.Split('.'));
        for (var i = 0; i < keys.Length - 1; i++) node = Section(node, keys[..(i + 1)]);
        Put(node, keys, Value(change[(equals + 1)..]));
    }

    static RecipeNode Value(string text)
    {
        RecipeNode? value;
        try { value = RecipeYaml.Read(text, "--set", Place); }
        // Not YAML, such as {keyword} | {text}: it can still be a text.
        catch (ConfigException) { value = new(Place) { Text = text }; }
        return value is null ? new(Place) { Text = "", Raw = text }
            : new(Place) { Text = value.Text, Quoted = value.Quoted, Entries = value.Entries, Items = value.Items, Raw = text };
    }

    /// <summary>The section under the last of the keys, made when it is missing.</summary>
    static RecipeNode Section(RecipeNode node, string[] keys)
    {
        if (node.Items is { } items)
        {
            var index = Index(items, keys);
            if (index == items.Count) items.Add(new(Place) { Entries = [] });
            return items[index];
        }
        var entries = node.Entries ?? throw NoSection(node, keys);
        if (!entries.TryGetValue(keys[^1], out var section) || section.IsNull) entries[keys[^1]] = section = new(Place) { Entries = [] };
        return section;
    }

    static void Put(RecipeNode node, string[] keys, RecipeNode value)
    {
        if (node.Items is { } items)
        {
            var index = Index(items, keys);
            if (index == items.Count) items.Add(value);
            else items[index] = value;
        }
        else (node.Entries ?? throw NoSection(node, keys))[keys[^1]] = value;
    }

    /// <summary>A position in the list, or the one past its end, where a new item goes.</summary>
    static int Index(List<RecipeNode> items, string[] keys)
        => int.TryParse(keys[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= items.Count ? index
            : throw new ConfigException(string.Join('.', keys), string.Create(CultureInfo.InvariantCulture,
                $"got '{keys[^1]}', expected a position in the list: 0 to {items.Count}, the last of which adds an item ({Place})"));

    static ConfigException NoSection(RecipeNode node, string[] keys)
    {
        var above = string.Join('.', keys[..^1]);
        return new(string.Join('.', keys), $"cannot be set, since {above} is {node.Got}; set {above} as a whole ({Place})");
    }
}
