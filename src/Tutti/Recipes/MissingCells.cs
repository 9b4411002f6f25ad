using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run makes of cells that are not finished.</summary>
/// <param name="cells">All of the run.</param>
/// <param name="missing">Those that are not finished.</param>
/// <param name="failed">Those of them that failed here, and why.</param>
/// <param name="options">Whether this is a part of the cells only.</param>
/// <param name="limited">Time is limited: a run of whole seeds is a run.</param>
sealed class MissingCells(Cell[] cells, Cell[] missing, IReadOnlyDictionary<Cell, string> failed, GridOptions options, bool limited)
{
    const int Most = 5;

    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    /// <summary>The cells of the members' seeds with all their folds.</summary>
    public Cell[] Complete { get; } = [.. cells.GroupBy(cell => (cell.Member, cell.Seed)).Where(group => !group.Any(missing.Contains)).SelectMany(group => group)];

    /// <summary>What is not in the results, as a note.</summary>
    public string LeftOut => FormattableString.Invariant($"limit: {missing.Length} of {cells.Length} cells are not trained; left out of the results: {string.Join(", ", Groups(missing).Select(group => $"{group.Member} seed {group.Seed}"))}; {options.Again} goes on with them");

    /// <summary>Refuses to make results where they would not be those of the recipe.</summary>
    /// <exception cref="IncompleteRunException">Says what is missing and what to do.</exception>
    public void Check()
    {
        if (failed.Count > 0)
            throw new IncompleteRunException(FormattableString.Invariant($"{failed.Count} of {cells.Length} cells failed, so there are no results: {string.Join("; ", failed.Take(Most).Select(pair => $"{pair.Key.Name}: {OneLine(pair.Value)}"))}{(failed.Count > Most ? FormattableString.Invariant($"; and {failed.Count - Most} more") : "")}\n")
                + FormattableString.Invariant($"{cells.Length - missing.Length} cells are finished and kept; what is missing is trained by: {options.Again}"), failed: true);
        if (missing.Length == 0) return;
        if (options.Shard is { } shard)
            throw new IncompleteRunException(FormattableString.Invariant($"part {shard} ends here; {missing.Length} of {cells.Length} cells are not finished: {Some(missing)}\nThe part that finishes the last cell makes the results."), failed: false);
        if (!limited || Complete.Length == 0)
            throw new IncompleteRunException(FormattableString.Invariant($"limit: time ended before any member had all folds of a seed; {cells.Length - missing.Length} of {cells.Length} cells are finished and kept, as are the states of those in training\n")
                + $"What is missing is trained by: {options.Again}; or raise the limit.", failed: true);
    }

    /// <summary>Records what the results do not have, for whoever reads the run.</summary>
    public void Write(RunFolder files)
    {
        if (missing.Length == 0) File.Delete(files.LeftOut);
        else AtomicFile.Write(files.LeftOut, new JsonArray([.. Groups(missing).Select(group => (JsonNode)new JsonObject { ["member"] = group.Member, ["seed"] = group.Seed })]).ToJsonString(indented) + "\n");
    }

    /// <summary>Whether the results of a run do not have a member's seed.</summary>
    public static Func<string, int, bool> Read(RunFolder files)
    {
        if (!File.Exists(files.LeftOut)) return (_, _) => false;
        try
        {
            var left = JsonNode.Parse(File.ReadAllText(files.LeftOut))!.AsArray().Select(group => ((string)group!["member"]!, (int)group["seed"]!)).ToHashSet();
            return (member, seed) => left.Contains((member, seed));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new DataException(files.LeftOut, "cannot be read; repeat tutti train to write it again", inner: e);
        }
    }

    /// <summary>The names of some cells, at most five.</summary>
    public static string Some(IReadOnlyList<Cell> cells) => string.Join(", ", cells.Take(Most).Select(cell => cell.Name)) + (cells.Count > Most ? FormattableString.Invariant($" and {cells.Count - Most} more") : "");

    static IEnumerable<(string Member, int Seed)> Groups(IEnumerable<Cell> some) => some.Select(cell => (cell.Member, cell.Seed)).Distinct();

    static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
