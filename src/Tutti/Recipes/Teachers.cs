using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>Finished runs that others learn from: whether one may teach some rows, and what tells it from another.</summary>
static class Teachers
{
    static readonly ConcurrentDictionary<(string Path, long Length, DateTime Written), string> hashes = new();

    /// <summary>Refuses a run that would learn from itself: it would train its teacher away.</summary>
    /// <exception cref="ConfigException">The teacher's folder is the run's own.</exception>
    public static void RefuseOwn(Recipe recipe, RunFolder files)
    {
        foreach (var (key, folder) in new[] { ("data.unlabelled.run", recipe.Data.Unlabelled?.Run), ("distill.run", recipe.Distill?.Run) })
            if (folder is not null && Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(files.Root)))
                throw new ConfigException(key, $"{folder} is this run's own folder; train into another one with --run");
    }

    /// <summary>Opens a run whose cells of a fold saw the same rows as this run's cells of that fold, and no others.</summary>
    /// <param name="key">Of the recipe, for errors.</param>
    /// <exception cref="InputException">It is no finished run, or was divided otherwise, or tells other classes apart.</exception>
    public static TrainedRun Open(string key, string folder, RunData data)
    {
        TrainedRun run;
        Folds folds;
        var files = new RunFolder(folder);
        try
        {
            run = TrainedRun.Open(folder);
            folds = Folds.Load(files.Folds, data.TrainIds);
        }
        catch (DataException e)
        {
            throw new ConfigException(key, $"{folder} cannot teach this run: {e.Message}", e);
        }
        var others = Enumerable.Range(0, data.Train.Count).Where(row => folds.Of(row) != data.Folds.Of(row)).ToArray();
        if (others.Length > 0 || folds.Count != data.Folds.Count)
            throw new ConfigException(key, FormattableString.Invariant($"{folder} has other folds: {folds.Count} and not {data.Folds.Count}, and {others.Length} of {data.Train.Count} rows in another one{(others.Length > 0 ? $", first '{data.TrainIds[others[0]]}'" : "")}. ")
                + "Its models of a fold saw rows that this run holds out there.\nGive this recipe the data.folds of the teacher, or train a teacher with these.");
        if (!run.Classes.Order(StringComparer.Ordinal).SequenceEqual(data.Labels.Names.Order(StringComparer.Ordinal)))
            throw new ConfigException(key, $"{folder} tells other classes apart: {string.Join(", ", run.Classes.Take(5))}; expected {string.Join(", ", data.Labels.Names.Take(5))}");
        return run;
    }

    /// <summary>Probabilities (n*K) in the order of other names of the same classes.</summary>
    public static double[] InOrder(double[] probabilities, IReadOnlyList<string> from, IReadOnlyList<string> to)
    {
        var place = from.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        int[] columns = [.. to.Select(name => place[name])];
        return [.. Enumerable.Range(0, probabilities.Length).Select(i => probabilities[(i / columns.Length * columns.Length) + columns[i % columns.Length]])];
    }

    /// <summary>The settings with what they name in place of its path, as a fingerprint needs them.</summary>
    /// <param name="test">The test rows, which are kept out of those without labels.</param>
    /// <param name="dataHash">Null leaves the paths; empty takes them out.</param>
    public static UnlabelledConfig? Identified(UnlabelledConfig? config, string? test, string? dataHash) => dataHash is null || config is null ? config
        : dataHash.Length == 0 ? config with { File = "", Run = "" }
        : config with { File = Joined(HashOf(config.File), HashOf(test)), Run = CellsOf(config.Run) };

    /// <inheritdoc cref="Identified(UnlabelledConfig, string, string)"/>
    public static DistillConfig? Identified(DistillConfig? config, string? test, string? dataHash) => dataHash is null || config is null ? config
        : dataHash.Length == 0 ? config with { Run = "", Unlabelled = config.Unlabelled is null ? null : "" }
        : config with
        {
            Run = Joined(CellsOf(config.Run), HashOf(new RunFolder(config.Run).OutOfFold), HashOf(new RunFolder(config.Run).Blend)),
            Unlabelled = config.Unlabelled is null ? null : Joined(HashOf(config.Unlabelled), HashOf(test)),
        };

    /// <summary>The cells of a run, each with the fingerprint of what it was trained from.</summary>
    static string CellsOf(string folder) => Joined([.. TrainedRun.Open(folder).Members.SelectMany(member => member).Select(cell => $"{Path.GetFileName(cell.Root)} {Cell.Recorded(cell, "fingerprint")}")]);

    static string Joined(params IEnumerable<string> parts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));

    /// <summary>Of a file's bytes; computed once as long as it is not changed.</summary>
    static string HashOf(string? path)
    {
        if (path is null) return "none";
        try
        {
            var file = new FileInfo(path);
            return hashes.GetOrAdd((file.FullName, file.Length, file.LastWriteTimeUtc), _ =>
            {
                using var stream = File.OpenRead(path);
                return Convert.ToHexStringLower(SHA256.HashData(stream));
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(path, $"the file cannot be read: {e.Message}", inner: e);
        }
    }
}
