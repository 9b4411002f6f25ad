using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// The files from which an interrupted fit goes on exactly (docs/file-formats.md). A point is complete when its manifest is there. The newest point and the one before
/// are kept, both whole: without the optimizer's state no fit could go on from the older one exactly when the newest turns out damaged.
/// One process at a time may use a folder. One that is not opened before the first file is saved is begun anew: what is in it is removed.
/// </summary>
/// <param name="path">The folder; created when the first file is saved.</param>
/// <param name="diskBytes">The most bytes that it may take at any moment; null: no limit.</param>
/// <param name="note">Gets the one line that is said when the limit leaves no room for two points.</param>
public sealed partial class ResumeFolder(string path, long? diskBytes = null, Action<string>? note = null)
{
    const string Key = "checkpoint.disk";

    List<ResumeManifest> kept = [];                           // the points known to be sound, the older first
    StoredFile? best;                                         // the best weights that the next point will refer to
    long last;                                                // the highest number given so far
    bool said;

    public string Root => path;

    /// <summary>The file of the best weights that the next point will refer to, or null.</summary>
    public string? BestFile => best is null ? null : Path.Combine(path, best.Name);

    /// <summary>Whether there is a point; <see cref="Open"/> tells whether it is sound.</summary>
    public bool Exists => Directory.Exists(path) && Directory.EnumerateFiles(path, "point-*.json").Any();

    /// <summary>
    /// The newest point all of whose bytes are those that were written, or null. Points that are damaged or incomplete are passed over and are removed when
    /// the next file is saved.
    /// </summary>
    /// <param name="note">Gets one line for each point passed over: the file, what is wrong with it, and what is done instead.</param>
    public ResumePoint? Open(Action<string> note)
    {
        List<string> faults = [];
        ResumePoint? found = null;
        foreach (var number in Numbers())
        {
            try
            {
                found = new(path, number);
                break;
            }
            catch (DataException e)
            {
                faults.Add(e.Message);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                faults.Add($"{Path.Combine(path, ResumeManifest.NameOf(number))}: the point cannot be read ({e.Message})");
            }
        }
        kept = found is null ? [] : [found.Manifest];
        best = found?.Manifest.Best;
        var instead = found is null ? "there is no sound point before it, so the cell begins again"
            : FormattableString.Invariant($"the point before it is used ({found.Manifest.Name}, update {found.Update})");
        foreach (var fault in faults) note($"{fault}; {instead}");
        return found;
    }

    /// <summary>What the newest point whose manifest can be read says of the fit, its tensors not looked at; null where there is none.</summary>
    public JsonObject? Peek() => Numbers().Select(Readable).FirstOrDefault(manifest => manifest is not null)?.State;

    /// <summary>A manifest, or null: <see cref="Open"/> says what is wrong with it, and one that is gone was removed by the process that trains here.</summary>
    ResumeManifest? Readable(long number)
    {
        try
        {
            return ResumeManifest.Read(path, number);
        }
        catch (Exception e) when (e is DataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps the best weights so far; the points saved from now on refer to them.</summary>
    /// <param name="update">Updates done.</param>
    /// <param name="weights">By name; not changed until this returns.</param>
    /// <exception cref="ConfigException">The disk is full or cannot be written, or the folder's limit is too small. Points that are complete stay so, but for those that the limit has no room for.</exception>
    public void SaveBest(long update, IReadOnlyDictionary<string, Tensor> weights)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(update);
        Clean();
        var bytes = SafeTensors.Size(weights);
        MakeRoom(bytes, bytes, update, replaced: best);
        best = Write(ResumeManifest.BestOf(++last), weights);
        Clean();
    }

    /// <summary>Saves a point; from the moment that this returns it is the newest.</summary>
    /// <param name="update">Updates done; several points may have the same.</param>
    /// <param name="state">What else the fit needs to go on. Numbers that JSON lacks come back as texts.</param>
    /// <param name="tensors">Weights, moments, gradients by name; not changed until this returns.</param>
    /// <exception cref="ConfigException">As for <see cref="SaveBest"/>.</exception>
    public void Save(long update, JsonObject state, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(update);
        Clean();
        if (best is not null && !File.Exists(Path.Combine(path, best.Name)))
            throw new ConfigException(Path.Combine(path, best.Name), "is gone, so no point can be saved that refers to these best weights; run the same command again");
        var number = ++last;
        // The manifest's length is known before the hash is.
        var point = new ResumeManifest(number, update, new(ResumeManifest.TensorsOf(number), SafeTensors.Size(tensors), new('0', 64)), best, state);
        var bytes = point.Tensors.Bytes + point.ToBytes().Length;
        MakeRoom(bytes, bytes + (best?.Bytes ?? 0), update, replaced: null);
        try
        {
            point = point with { Tensors = Write(point.Tensors.Name, tensors) };
            AtomicFile.Write(Path.Combine(path, point.Name), stream => stream.Write(point.ToBytes()));
        }
        catch
        {
            Remove(point.Tensors.Name);
            throw;
        }
        kept = [.. kept.TakeLast(1), point];
        Clean();
    }

    /// <summary>Removes the folder: the cell is finished.</summary>
    public void Delete()
    {
        (kept, best) = ([], null);
        Try(() =>
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            return true;
        });
    }

    StoredFile Write(string name, IReadOnlyDictionary<string, Tensor> tensors)
    {
        StoredFile? file = null;
        AtomicFile.Write(Path.Combine(path, name), stream =>
        {
            using var hashed = new HashedStream(stream);
            SafeTensors.Write(hashed, tensors);
            file = new(name, hashed.Length, hashed.Hash);
        });
        return file!;
    }

    /// <summary>Removes points, as few as need be, until this many bytes more stay within the limit.</summary>
    /// <param name="bytes">What is written next.</param>
    /// <param name="alone">What is needed when nothing but the next point is kept.</param>
    /// <param name="update">For the message.</param>
    /// <param name="replaced">Best weights that are not needed once this is written, unless a point refers to them.</param>
    void MakeRoom(long bytes, long alone, long update, StoredFile? replaced)
    {
        if (diskBytes is not { } most) return;
        HashSet<string> own = [.. kept.SelectMany(point => point.Files)];
        if (best is not null) own.Add(best.Name);
        var others = Taken(name => !own.Contains(name));
        if (others + alone > most) throw TooSmall(most, others + alone, update);
        while (Taken(_ => true) + bytes > most)
        {
            if (replaced is not null && !kept.Exists(point => point.Best == replaced))
            {
                Remove(replaced.Name);
                replaced = null;
                continue;
            }
            if (kept.Count == 0) throw TooSmall(most, Taken(_ => true) + bytes, update);
            if (kept.Count == 1 && !said)
            {
                said = true;
                note?.Invoke(FormattableString.Invariant($"{path}: {Key} ({most} B) has no room for two points, so each is removed before the next is written; ")
                    + "if the process ends at that moment, the cell begins again");
            }
            kept.RemoveAt(0);
            Clean();
        }
    }

    ConfigException TooSmall(long most, long needed, long update) => new(Key, FormattableString.Invariant(
        $"got {most} B, but what is saved after update {update} needs {needed} B ({MemoryStats.Text(needed)}) in {path}; raise it ({2 * needed} B keep two points), or take it out"));

    /// <summary>Removes every file of ours that no kept point refers to, and what a process that was killed left half written; files of others stay.</summary>
    void Clean()
    {
        foreach (var name in Names()) last = Math.Max(last, ResumeManifest.NumberOf(name) ?? 0);
        HashSet<string> needed = [.. kept.SelectMany(point => point.Files)];
        if (best is not null) needed.Add(best.Name);
        // A manifest goes before its tensors, so that what is left after a kill in between is seen as incomplete.
        foreach (var name in Names().Where(name => !needed.Contains(name) && (ResumeManifest.NumberOf(name) is not null || Temporary().IsMatch(name)))
            .OrderByDescending(name => name.EndsWith(".json", StringComparison.Ordinal))) Remove(name);
    }

    void Remove(string name) => Try(() =>
    {
        if (Directory.Exists(path)) File.Delete(Path.Combine(path, name));
        return true;
    });

    /// <summary>Of the points, the newest first.</summary>
    IEnumerable<long> Numbers() => Names().Where(name => name.StartsWith("point-", StringComparison.Ordinal)).Select(ResumeManifest.NumberOf).OfType<long>().Distinct().OrderDescending();

    string[] Names() => Directory.Exists(path) ? Try(() => Directory.EnumerateFiles(path).Select(file => Path.GetFileName(file)).ToArray()) : [];

    long Taken(Func<string, bool> which) => Try(() => Names().Where(which).Sum(name => new FileInfo(Path.Combine(path, name)).Length));

    T Try<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, $"cannot be read or cleared ({e.Message}); mend its permissions and run the same command again", e);
        }
    }

    // As AtomicFile names them.
    [GeneratedRegex(@"^\.(point|best)-[0-9]+\.(json|safetensors)\..+\.tmp\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Temporary();
}
