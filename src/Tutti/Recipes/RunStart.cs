using System.Globalization;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The beginning of a run on disk, after everything has been checked: writes what the run is, or joins processes that work on the same run already.
/// A folder that this made is removed again when the run fails before it has anything to keep.
/// </summary>
sealed class RunStart : IDisposable
{
    readonly RunFolder files;
    readonly string? made;
    FileLock? working;

    /// <param name="files">The run folder.</param>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public RunStart(RunFolder files)
    {
        this.files = files;
        made = FirstMissing(files.Root);
        try
        {
            Events = new EventLog(files.Events, lockPath: files.Lock("events"));
        }
        catch
        {
            RemoveEmpty();
            throw;
        }
    }

    public EventLog Events { get; }

    /// <summary>Refuses a recipe while other processes work on another one in the folder.</summary>
    /// <param name="train">Hash of the training rows.</param>
    /// <param name="test">Hash of the test rows, or null.</param>
    /// <exception cref="ConfigException">Names what differs.</exception>
    public static void CheckOthers(RunFolder files, Recipe recipe, string? train, string? test)
    {
        if (!Directory.Exists(files.Locks)) return;
        using var turn = FileLock.Wait(files.Lock("start"));
        if (FileLock.IsHeld(files.Lock("workers"))) CheckSame(files, recipe, train, test);
    }

    static void CheckSame(RunFolder files, Recipe recipe, string? train, string? test)
    {
        List<string> differences = [.. SettingsDifference.Of(Shared(Recipe.Load(files.Recipe)), Shared(recipe))];
        foreach (var (key, hash) in new[] { ("train", train), ("test", test) })
            if (!File.ReadLines(files.Recipe).Contains($"# {key}: {hash ?? "none"}")) differences.Add($"data.{key}: the contents of its file are others");
        if (differences.Count > 0)
            throw new ConfigException(files.Root, $"another process is training this folder's run with other settings: {string.Join("; ", differences)}\nWait for it, end it, or choose another folder with --run.");
    }

    /// <summary>What processes that share a run must agree on.</summary>
    static System.Text.Json.Nodes.JsonObject Shared(Recipe recipe) => RecipeJson.Node(recipe with { Limit = null });

    /// <summary>Recipe in effect with hashes and versions, folds, hashes of the rows. What a killed process left half written goes.</summary>
    public void Write(Recipe recipe, RunData data, Device device, int cells, IReadOnlyList<(string Name, object? Value)> models)
    {
        WriteRecipe(recipe, data.Train.ContentHash, data.Test?.ContentHash, device, cells, models, () =>
        {
            data.Folds.Save(files.Folds, data.TrainIds);
            SeenRows.Write(files.SeenRows, data);
        });
    }

    /// <summary>Recipe in effect with hashes and versions, then what else a kind of run has to write; nothing where other processes work on the same already.</summary>
    /// <param name="train">Hash of the training rows.</param>
    /// <param name="test">Hash of the test rows, or null.</param>
    /// <exception cref="ConfigException">Others work on another recipe.</exception>
    public void WriteRecipe(Recipe recipe, string? train, string? test, Device device, int cells, IReadOnlyList<(string Name, object? Value)> models, Action? then = null)
    {
        List<(string Name, object? Value)> facts =
        [
            ("tutti", typeof(Run).Assembly.GetName().Version?.ToString(3)), ("libtorch", Engine.Version), ("dotnet", Environment.Version.ToString()), ("threads", Engine.Threads), ("device", device.ToString()),
            ("train", train), ("test", test), ("cells", cells),
            .. models,
        ];
        using var turn = FileLock.Wait(files.Lock("start"));
        using (var alone = FileLock.Try(files.Lock("workers")))
            if (alone is null) CheckSame(files, recipe, train, test);
            else
            {
                AtomicFile.RemoveUnfinished(files.Root, below: false);
                AtomicFile.Write(files.Recipe, recipe.ToYaml(string.Join("\n", facts.Select(fact => string.Create(CultureInfo.InvariantCulture, $"{fact.Name}: {fact.Value ?? "none"}")))));
                then?.Invoke();
            }
        working = FileLock.TryShared(files.Lock("workers"));
        Events.Write("started", [.. facts]);
    }

    /// <summary>A fact that a run's recipe.yaml records at its top, such as the hash of the training rows; null where it does not.</summary>
    internal static string? Recorded(RunFolder files, string name) => File.ReadLines(files.Recipe).TakeWhile(line => line.StartsWith('#'))
        .Where(line => line.StartsWith($"# {name}: ", StringComparison.Ordinal)).Select(line => line[(name.Length + 4)..]).FirstOrDefault();

    /// <summary>Removes what this run wrote, unless there was a folder before, others work in it, or a cell is finished or can be resumed.</summary>
    public void TakeBack()
    {
        Dispose();
        if (made is null || !Directory.Exists(made)) return;
        using var turn = FileLock.Wait(files.Lock("start"));
        if (FileLock.IsHeld(files.Lock("workers"))) return;
        if (Directory.Exists(files.Cells) && Directory.EnumerateDirectories(files.Cells).Select(cell => new CellFolder(cell)).Any(IsWorthKeeping)) return;
        Directory.Delete(made, recursive: true);
    }

    static bool IsWorthKeeping(CellFolder cell) => File.Exists(cell.Metrics) || new ResumeFolder(cell.Resume).Exists;

    public void Dispose()
    {
        Events.Dispose();
        working?.Dispose();
    }

    /// <summary>The highest folder on the way to this one that does not exist yet; null when all do.</summary>
    static string? FirstMissing(string path)
    {
        string? missing = null;
        for (var folder = Path.GetFullPath(path); folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)) missing = folder;
        return missing;
    }

    // The folder may be another process's by now, so only empty folders go.
    void RemoveEmpty()
    {
        if (made is null) return;
        for (var folder = Path.GetFullPath(files.Root); folder is not null && folder.Length >= made.Length; folder = Path.GetDirectoryName(folder))
        {
            if (!Directory.Exists(folder)) continue;
            if (Directory.EnumerateFileSystemEntries(folder).Any()) return;
            Directory.Delete(folder);
        }
    }
}
