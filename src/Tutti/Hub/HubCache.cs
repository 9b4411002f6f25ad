namespace Tutti.Hub;

/// <summary>
/// One repository in the cache, laid out as huggingface_hub does: contents by their hash in <c>blobs/</c>, folders of links to them in
/// <c>snapshots/COMMIT/</c>, what a branch or tag stands for in <c>refs/</c>. Processes share it: a file lock stands on each blob that is fetched.
/// </summary>
sealed class HubCache
{
    readonly string root, locks;

    /// <param name="folder">Of all repositories; null where nothing may be kept.</param>
    /// <param name="name">The repository.</param>
    /// <exception cref="ConfigException">There is no place for a cache.</exception>
    public HubCache(string? folder, HubName name)
    {
        if (folder is null) throw new ConfigException(UserCache.Variable, $"leaves no place for {name}: models of the hub live in the cache; name a folder with {UserCache.Variable}=DIR, or unset it");
        Folder = folder;
        root = Path.Combine(folder, name.CacheFolder);
        locks = Path.Combine(folder, ".locks", name.CacheFolder);
    }

    public string Folder { get; }

    public string Blob(string hash) => Path.Combine(root, "blobs", hash);

    public string Snapshot(string commit) => Path.Combine(root, "snapshots", commit);

    /// <summary>Whether a blob is there with its whole length.</summary>
    public bool Has(HubFile file) => new FileInfo(Blob(file.Hash)) is { Exists: true } blob && blob.Length == file.Size;

    /// <summary>Bytes of a file that are still to be fetched.</summary>
    public long Missing(HubFile file) => Has(file) ? 0 : file.Size - (new FileInfo(Blob(file.Hash) + PartialFile.Ending) is { Exists: true } partial ? Math.Min(partial.Length, file.Size) : 0);

    /// <summary>The whole snapshot of a revision, or null.</summary>
    public HubSnapshot? Find(HubName name)
    {
        var commit = name.IsCommit ? name.Revision : ReadRef(root, name.Revision);
        if (commit is null || SnapshotManifest.Read(Manifest(commit)) is not { } manifest) return null;
        var folder = Snapshot(commit);
        return manifest.Files.All(file => Has(file) && File.Exists(Path.Combine(folder, file.Path))) ? new(name, commit, folder, manifest.Files) : null;
    }

    /// <summary>Makes the folders that are needed to fetch.</summary>
    public void Make() => Writing(Folder, () =>
    {
        UserCache.Make(Folder);
        Directory.CreateDirectory(Path.Combine(root, "blobs"));
        Directory.CreateDirectory(locks);
    });

    /// <summary>Room on the disk of the cache, or null where the system does not say.</summary>
    public long? FreeBytes()
    {
        try
        {
            return new DriveInfo(Folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Takes a blob for this process alone; the system lets go of it when the process ends, however that is.</summary>
    /// <param name="hash">The blob.</param>
    /// <param name="waiting">Is called once, where another process has it.</param>
    public async Task<FileStream> Lock(string hash, Action waiting, CancellationToken cancel)
    {
        // The file stays: who removed it might remove one that a third process has just locked.
        var path = Path.Combine(locks, hash + ".lock");
        for (var first = true; ; first = false)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException e) when (IsTaken(e))
            {
                if (first) waiting();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Unwritable(path, e);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancel);
        }
    }

    /// <summary>Lets a file of a snapshot lead to its blob: a link, or a copy where none can be made.</summary>
    public void Link(string commit, HubFile file)
    {
        var path = Path.Combine(Snapshot(commit), file.Path);
        var folder = Path.GetDirectoryName(path)!;
        var target = Path.GetRelativePath(folder, Blob(file.Hash));
        var present = new FileInfo(path);
        if (present.Exists && (present.LinkTarget == target || (present.LinkTarget is null && present.Length == file.Size))) return;
        var temporary = Path.Combine(folder, $".{Path.GetRandomFileName()}");
        Writing(path, () =>
        {
            Directory.CreateDirectory(folder);
            try
            {
                File.CreateSymbolicLink(temporary, target);
            }
            catch (Exception e) when (e is UnauthorizedAccessException or PlatformNotSupportedException || (e is IOException && !File.Exists(temporary)))
            {
                File.Copy(Blob(file.Hash), temporary);
            }
            File.Move(temporary, path, overwrite: true);
        });
    }

    /// <summary>Says that a snapshot is whole, and what the revision stands for.</summary>
    public void Complete(HubName name, string commit, IReadOnlyList<HubFile> files)
    {
        SnapshotManifest.Of(commit, files).Write(Manifest(commit));
        if (!name.IsCommit) AtomicFile.Write(Path.Combine(root, "refs", name.Revision), commit);
    }

    /// <exception cref="ConfigException">What was done failed: no room, no permission.</exception>
    public static void Writing(string path, Action action) => Writing(path, () =>
    {
        action();
        return true;
    });

    /// <inheritdoc cref="Writing(string, Action)"/>
    public static T Writing<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    public static ConfigException Unwritable(string path, Exception error) => new(path, AtomicFile.Explain(error, Path.GetDirectoryName(path)!), error);

    /// <summary>The commit that a branch or tag stood for, or null.</summary>
    public static string? ReadRef(string root, string revision)
    {
        var path = Path.Combine(root, "refs", revision);
        if (!File.Exists(path)) return null;
        try
        {
            var text = File.ReadAllText(path).Trim();
            return ContentHash.IsCommit(text) ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, $"cannot be read ({e.Message}); change its permissions, or name another cache with {UserCache.Variable}=DIR", e);
        }
    }

    string Manifest(string commit) => Path.Combine(root, "tutti", commit + ".json");

    // EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
