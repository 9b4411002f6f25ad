namespace Tutti.Hub;

/// <summary>
/// The cache of huggingface_hub on this machine, which is only read. It does not say whether a snapshot is whole, so a model counts as whole that has
/// its config, a tokenizer and all of its weights; of data sets nothing can be told.
/// </summary>
/// <param name="folder">The folder of all repositories.</param>
sealed class OtherCache(string folder)
{
    static readonly string[] tokenizers = ["tokenizer.json", "vocab.txt", "vocab.json"];

    /// <summary>The model at a commit, or at what the revision stands for there; null where it is not whole.</summary>
    public HubSnapshot? Find(HubName name, string? commit = null)
    {
        if (name.IsDataSet) return null;
        var root = Path.Combine(folder, name.CacheFolder);
        try
        {
            commit ??= name.IsCommit ? name.Revision : HubCache.ReadRef(root, name.Revision);
            return commit is null ? null : Whole(name, commit, Path.Combine(root, "snapshots", commit));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InputException or HubException)
        {
            // Not ours to mend, and the hub has it too.
            return null;
        }
    }

    static HubSnapshot? Whole(HubName name, string commit, string snapshot)
    {
        if (!Directory.Exists(snapshot)) return null;
        var paths = Directory.EnumerateFiles(snapshot).Select(file => Path.GetFileName(file)).ToHashSet(StringComparer.Ordinal);
        var chosen = NeededFiles.Of(paths, name);
        if (!chosen.Any(path => tokenizers.Contains(path) || path.EndsWith(".model", StringComparison.Ordinal))) return null;
        if (NeededFiles.IsIndex(chosen[^1])) chosen = [.. chosen, .. NeededFiles.Shards(Path.Combine(snapshot, chosen[^1]), chosen[^1], paths)];
        List<HubFile> files = [];
        foreach (var path in chosen)
        {
            // A link leads to a blob, which is named by its hash.
            if (File.ResolveLinkTarget(Path.Combine(snapshot, path), returnFinalTarget: true) is not FileInfo { Exists: true } blob || !ContentHash.IsValid(blob.Name)) return null;
            files.Add(new(path, blob.Length, blob.Name));
        }
        return new(name, commit, snapshot, files);
    }
}
