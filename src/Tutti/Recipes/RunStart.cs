using System.Globalization;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The beginning of a run on disk, after everything has been checked: takes the folder for this process alone and writes what the run is.
/// A folder that this made is removed again when the run fails before it has anything to keep.
/// </summary>
sealed class RunStart : IDisposable
{
    readonly RunFolder files;
    readonly string? made;

    /// <param name="files">The run folder.</param>
    /// <exception cref="ConfigException">The folder cannot be written, or another process trains in it.</exception>
    public RunStart(RunFolder files)
    {
        this.files = files;
        made = FirstMissing(files.Root);
        try
        {
            Events = new EventLog(files.Events);
        }
        catch
        {
            RemoveEmpty();
            throw;
        }
    }

    public EventLog Events { get; }

    /// <summary>Recipe in effect with hashes and versions, folds, hashes of the rows. What a killed process left half written goes.</summary>
    public void Write(Recipe recipe, RunData data, Device device, int cells, IReadOnlyList<(string Name, object? Value)> models)
    {
        WriteRecipe(recipe, data.Train.ContentHash, data.Test?.ContentHash, device, cells, models, () =>
        {
            data.Folds.Save(files.Folds, data.TrainIds);
            SeenRows.Write(files.SeenRows, data);
        });
    }

    /// <summary>Recipe in effect with hashes and versions, then what else a kind of run has to write.</summary>
    /// <param name="train">Hash of the training rows.</param>
    /// <param name="test">Hash of the test rows, or null.</param>
    public void WriteRecipe(Recipe recipe, string? train, string? test, Device device, int cells, IReadOnlyList<(string Name, object? Value)> models, Action? then = null)
    {
        AtomicFile.RemoveUnfinished(files.Root, below: false);
        AtomicFile.RemoveUnfinished(files.Cells, below: true);
        List<(string Name, object? Value)> facts =
        [
            ("tutti", typeof(Run).Assembly.GetName().Version?.ToString(3)), ("libtorch", Engine.Version), ("dotnet", Environment.Version.ToString()), ("threads", Engine.Threads), ("device", device.ToString()),
            ("train", train), ("test", test), ("cells", cells),
            .. models,
        ];
        AtomicFile.Write(files.Recipe, recipe.ToYaml(string.Join("\n", facts.Select(fact => string.Create(CultureInfo.InvariantCulture, $"{fact.Name}: {fact.Value ?? "none"}")))));
        then?.Invoke();
        Events.Write("started", [.. facts]);
    }

    /// <summary>A fact that a run's recipe.yaml records at its top, such as the hash of the training rows; null where it does not.</summary>
    internal static string? Recorded(RunFolder files, string name) => File.ReadLines(files.Recipe).TakeWhile(line => line.StartsWith('#'))
        .Where(line => line.StartsWith($"# {name}: ", StringComparison.Ordinal)).Select(line => line[(name.Length + 4)..]).FirstOrDefault();

    /// <summary>Removes what this run wrote, unless there was a folder before, or a cell is finished or can be resumed.</summary>
    public void TakeBack()
    {
        Events.Dispose();
        if (made is null || !Directory.Exists(made)) return;
        if (Directory.Exists(files.Cells) && Directory.EnumerateDirectories(files.Cells).Select(cell => new CellFolder(cell)).Any(IsWorthKeeping)) return;
        Directory.Delete(made, recursive: true);
    }

    static bool IsWorthKeeping(CellFolder cell) => File.Exists(cell.Metrics) || new ResumeFolder(cell.Resume).Exists;

    public void Dispose() => Events.Dispose();

    /// <summary>The highest folder on the way to this one that does not exist yet; null when all do.</summary>
    static string? FirstMissing(string path)
    {
        string? missing = null;
        for (var folder = Path.GetFullPath(path); folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)) missing = folder;
        return missing;
    }

    // Without the lock the folder may be another process's by now, so only empty folders go.
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
