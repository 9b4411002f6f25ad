using System.Globalization;
using System.Text;
using System.Text.Json;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>From a recipe file to a checked <see cref="Recipe"/>: read, change, bind, resolve paths, validate.</summary>
static class RecipeFile
{
    const int MostBytes = 1 << 20;
    const int MostFaults = 5;

    public static Recipe Load(string path, IEnumerable<string> changes) => Parse(Text(path), path, FolderOf(path), changes);

    public static Recipe Parse(string yaml, string file, string folder, IEnumerable<string> changes) => Parse<Recipe>(Root(yaml, file, changes), file, recipe => recipe.RelativeTo(folder), recipe => recipe.Validate());

    public static RatingsRecipe LoadRatings(string path, IEnumerable<string> changes) => ParseRatings(Text(path), path, FolderOf(path), changes);

    public static RatingsRecipe ParseRatings(string yaml, string file, string folder, IEnumerable<string> changes) => Parse<RatingsRecipe>(Root(yaml, file, changes), file, recipe => recipe.RelativeTo(folder), recipe => recipe.Validate());

    /// <summary>What stands in a recipe's task key, before anything is checked; null where there is none, or no recipe that can be read.</summary>
    public static string? TaskOf(string path)
    {
        try
        {
            return RecipeYaml.Read(Text(path), path)?.Entries?.GetValueOrDefault("task")?.Text;
        }
        catch (ConfigException)
        {
            return null;
        }
    }

    static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    static RecipeNode Root(string yaml, string file, IEnumerable<string> changes)
    {
        var root = RecipeYaml.Read(yaml, file);
        if (root is null || root.IsNull) throw new ConfigException(file, "is empty; a recipe needs at least data and members, see docs/recipe.md");
        if (root.Entries is null) throw new ConfigException(file, $"got {root.Got}, expected key: value lines such as data: and members:");
        foreach (var change in changes) RecipeSet.Apply(root, change);
        return root;
    }

    static T Parse<T>(RecipeNode root, string file, Func<T, T> relative, Func<T, IReadOnlyList<ConfigFault>> validate)
    {
        if (typeof(T) == typeof(Recipe) && root.Entries!.GetValueOrDefault("task")?.Text == RatingsRecipe.TaskName)
            throw new ConfigException("task", $"is ratings, whose recipes have keys of their own: tutti train, predict, evaluate, recommend and report take them ({file}; docs/ratings.md)");
        if (typeof(T) == typeof(Recipe)) FillPictures(root);
        var (json, faults) = RecipeBinder.Bind(root, typeof(T));
        Throw(file, [.. faults.Select(Placed)]);
        var recipe = relative(json.Deserialize<T>(RecipeJson.Options)!);
        Throw(file, [.. validate(recipe).Select(Placed)]);
        return recipe;

        ConfigFault Placed(ConfigFault fault)
        {
            var at = root.At(fault.Path);
            var place = at == root ? file : at.Place == RecipeSet.Place ? at.Place : $"{file}, {at.Place}";
            return fault with { Text = $"{fault.Text} ({place})" };
        }
    }

    /// <summary>The columns of pictures where a recipe does not name them; folders of classes have these.</summary>
    static void FillPictures(RecipeNode root)
    {
        var task = root.Entries!.GetValueOrDefault("task")?.Text;
        var several = task == RecipeJson.Name(RecipeTask.ImageMultiTarget);
        if ((task != RecipeJson.Name(RecipeTask.ImageClassification) && !several) || root.Entries!.GetValueOrDefault("data") is not { Entries: { } data } node) return;
        void Fill(string key, string text)
        {
            if (!data.TryGetValue(key, out var given) || given.IsNull) data[key] = new(node.Place) { Text = text, Quoted = true };
        }
        Fill("picture", "picture");
        var column = data["picture"].Text ?? "picture";
        Fill("text", $"{{{column}}}");
        if (!several) Fill("label", "label");
        Fill("id", column);
    }

    /// <summary>One fault is the message; of several up to five are listed.</summary>
    public static void Throw(string file, IReadOnlyList<ConfigFault> faults)
    {
        if (faults.Count == 0) return;
        if (faults.Count == 1) throw new ConfigException(faults[0].Path, faults[0].Text);
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{faults.Count} faults"));
        foreach (var fault in faults.Take(MostFaults)) text.Append(CultureInfo.InvariantCulture, $"\n  {fault.Path}: {fault.Text}");
        if (faults.Count > MostFaults) text.Append(CultureInfo.InvariantCulture, $"\n  and {faults.Count - MostFaults} more");
        throw new ConfigException(file, text.ToString());
    }

    static string Text(string path)
    {
        if (Directory.Exists(path)) throw new ConfigException(path, "is a folder, expected a recipe file (YAML)");
        try
        {
            using var file = File.OpenRead(path);
            // One byte beyond the limit shows that there is more, also where a length is not known (a pipe).
            var bytes = new byte[MostBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MostBytes) throw new ConfigException(path, "is larger than 1 MiB, which no recipe is; is it the data file?");
            return new StreamReader(new MemoryStream(bytes, 0, length), new UTF8Encoding(false, throwOnInvalidBytes: true)).ReadToEnd();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException(path, "no such file; expected a recipe (YAML), see docs/recipe.md", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new ConfigException(path, "is not UTF-8 text; save it as UTF-8", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigException(path, $"cannot be read: {e.Message}", e);
        }
    }
}
