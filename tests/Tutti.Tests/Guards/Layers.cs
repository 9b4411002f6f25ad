using System.Text.RegularExpressions;

namespace Tutti.Tests.Guards;

/// <summary>A use of a folder by another that the direction of the library does not allow.</summary>
sealed record Violation(string File, int Line, string What, string Allowed)
{
    public override string ToString() => $"{File}:{Line}: {What}; allowed: {Allowed}";
}

/// <summary>Which folder of the library may use which (docs/overview.md), and the finder of uses in a file's text.</summary>
static partial class Layers
{
    /// <summary>The rank of every folder; a folder uses folders of a lower rank, and files in the root of src/Tutti, only.</summary>
    public static readonly IReadOnlyDictionary<string, int> Ranks = new Dictionary<string, int>
    {
        ["Torch"] = 0,
        ["Tables"] = 0,
        ["Hub"] = 0,
        ["Runs"] = 0,
        ["Nn"] = 1,
        ["Distributed"] = 1,
        ["Text"] = 1,
        ["Vision"] = 1,
        ["Predictions"] = 1,
        ["Models"] = 2,
        ["Evaluation"] = 2,
        ["Training"] = 3,
        ["Baselines"] = 3,
        ["Ensembling"] = 3,
        ["Labels"] = 3,
        ["Recommend"] = 4,
        ["Reports"] = 4,
        ["Recipes"] = 5,
    };

    /// <summary>Files in the root of src/Tutti: everything may use them, they use nothing.</summary>
    public const int RootRank = -1;

    /// <summary>The program: it may use everything, nothing uses it.</summary>
    public const int AppRank = 6;

    /// <summary>Tensors are known to these and to what stands above Training; the rest is ordinary C# on arrays, whatever its rank.</summary>
    static readonly string[] tensors = ["Torch", "Nn", "Distributed", "Models"];
    static readonly string[] arrays = ["Tables", "Hub", "Runs", "Text", "Vision", "Predictions", "Evaluation", "Baselines", "Ensembling", "Labels", "Reports"];

    /// <param name="folder">The folder that uses, "" for the root of src/Tutti, "App" for the program.</param>
    public static bool MayUse(string folder, string used) => folder == used
        || (used == "App" ? false : (Ranks[used] < RankOf(folder) && !(arrays.Contains(folder) && tensors.Contains(used))));

    public static int RankOf(string folder) => folder switch { "" => RootRank, "App" => AppRank, _ => Ranks[folder] };

    public static string Allowed(string folder) => string.Join(", ", Ranks.Keys.Where(used => used != folder && MayUse(folder, used))) is { Length: > 0 } names ? names : "no other folder";

    /// <summary>The folder of a file under src.</summary>
    public static string FolderOf(string file) => file.Split('/') switch
    {
        ["src", "Tutti.App", ..] => "App",
        ["src", "Tutti", var folder, _, ..] => folder,
        _ => "",
    };

    /// <summary>Names of the types that a file's text declares.</summary>
    public static IEnumerable<string> Declared(string code) => Declaration().Matches(code).Select(match => match.Groups[1].Value);

    /// <summary>Uses of folders that are not allowed: using directives, and names such as Tables.Table or Tutti.Tables.Table.</summary>
    /// <param name="file">The path from the root, such as src/Tutti/Nn/Linear.cs.</param>
    /// <param name="code">Its text.</param>
    /// <param name="types">The types of each folder, to tell a folder from a property of that name.</param>
    public static IEnumerable<Violation> Find(string file, string code, IReadOnlyDictionary<string, HashSet<string>> types)
    {
        var folder = FolderOf(file);
        var lines = Repository.WithoutComments(code).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].TrimStart().StartsWith("namespace ", StringComparison.Ordinal)) continue;
            var uses = Using().Matches(lines[i]).Select(match => match.Groups[1].Value)
                .Concat(Qualified().Matches(lines[i]).Where(match => match.Groups[1].Success || types.GetValueOrDefault(match.Groups[2].Value)?.Contains(match.Groups[3].Value) == true)
                    .Select(match => match.Groups[2].Value));
            foreach (var used in uses.Distinct())
            {
                if (used != "App" && !Ranks.ContainsKey(used))
                    yield return new(file, i + 1, $"uses Tutti.{used}, which has no rank", "the folders in Layers.Ranks; give a new folder its rank there and in docs/overview.md");
                else if (!MayUse(folder, used))
                    yield return new(file, i + 1, $"{(folder.Length == 0 ? "the root of src/Tutti" : folder)} uses {used}", Allowed(folder));
            }
        }
    }

    // using Tutti.X; using static Tutti.X.Y; using Z = Tutti.X.Y; global using Tutti.X;
    [GeneratedRegex(@"^\s*(?:global\s+)?using\s+(?:static\s+|\w+\s*=\s*)?(?:global::)?Tutti\.(\w+)")]
    private static partial Regex Using();

    // Tutti.X.Type, or X.Type as a file inside namespace Tutti may write it.
    [GeneratedRegex(@"(?<![\w.])(?:global::)?(Tutti\.)?(Torch|Tables|Hub|Runs|Nn|Distributed|Text|Vision|Predictions|Models|Evaluation|Training|Ensembling|Labels|Recommend|Reports|Recipes|App)\.([A-Z]\w*)")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+struct)?)\s+([A-Z]\w*)")]
    private static partial Regex Declaration();
}
