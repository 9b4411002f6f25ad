namespace Tutti.Hub;

/// <summary>
/// Gets models and data sets from a Hugging Face hub into the user's cache: the list of files at one commit, the needed ones of them, each fetched once
/// by whichever process comes first, verified, and linked into a folder of that commit.
/// </summary>
public sealed class HubClient(HubSettings settings)
{
    const long MostOfIndex = 64L << 20, MostOfFile = 1L << 46;

    /// <summary>The newest commit of the revision: asks the hub, and fetches what is not in the cache.</summary>
    /// <exception cref="ConfigException">No such repository, not ours to read, no room on the disk, or not in the cache and offline.</exception>
    /// <exception cref="HubException">The hub, or the way to it, failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what came is kept, and the next call goes on from there.</exception>
    public async Task<HubSnapshot> GetAsync(HubName name, IProgress<HubNews>? news = null, CancellationToken cancel = default)
    {
        if (settings.Offline) return Find(name) ?? throw Missing(name);
        var cache = new HubCache(settings.Cache, name);
        using var connection = new HubConnection(settings, text => news?.Report(new HubNoteNews(text)));
        var listing = await List(connection, name, cancel);
        var (work, files) = (new Work(connection, cache, name, listing, news, cancel), new List<HubFile>());
        var paths = listing.Files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        var chosen = NeededFiles.Of(paths, name);
        var left = paths.Count - chosen.Length;
        cache.Make();
        if (chosen is [.. var before, { } index] && NeededFiles.IsIndex(index))
        {
            // The index comes first: only it knows the shards.
            var file = await Known(work, index);
            await Fetch(work, file);
            var shards = NeededFiles.Shards(cache.Blob(file.Hash), $"{name.Repository}/{index}", paths);
            left -= shards.Length;
            chosen = [.. before, index, .. shards];
        }
        foreach (var path in chosen) files.Add(await Known(work, path));
        var missing = files.Sum(cache.Missing);
        if (missing > 0 && Other?.Find(name, listing.Commit) is { } there && files.All(there.Files.Contains)) return there with { Files = files };
        if (missing > 0 && cache.FreeBytes() is { } free && free < missing)
            throw new ConfigException(cache.Folder, FormattableString.Invariant($"{name} needs {missing} more bytes, the disk has {free}; free some space, or name a folder on another disk with {UserCache.Variable}=DIR"));
        if (left > 0) news?.Report(new HubNoteNews(FormattableString.Invariant($"{name}: {left} of {paths.Count} files are not needed and left out")));
        news?.Report(new HubPlanNews($"{name.Repository}@{listing.Commit}", files.Count, files.Sum(file => file.Size), missing));
        foreach (var file in files) await Fetch(work, file);
        foreach (var file in files) cache.Link(listing.Commit, file);
        cache.Complete(name, listing.Commit, files);
        return new(name, listing.Commit, cache.Snapshot(listing.Commit), files) { FetchedFiles = work.FetchedFiles, FetchedBytes = work.FetchedBytes };
    }

    /// <summary>As <see cref="GetAsync"/>, for callers that are not asynchronous.</summary>
    public HubSnapshot Get(HubName name, IProgress<HubNews>? news = null, CancellationToken cancel = default) =>
        Task.Run(() => GetAsync(name, news, cancel), cancel).GetAwaiter().GetResult();

    /// <summary>The whole snapshot that the cache holds for the revision, without asking anybody; null when there is none.</summary>
    public HubSnapshot? Find(HubName name) => (settings.Cache is null ? null : new HubCache(settings.Cache, name).Find(name)) ?? Other?.Find(name);

    OtherCache? Other => settings.OtherCache is { } folder ? new(folder) : null;

    /// <summary>What the cache holds, whatever has become of the revision since; only where it holds nothing the hub is asked.</summary>
    public HubSnapshot FindOrGet(HubName name, IProgress<HubNews>? news = null, CancellationToken cancel = default) => Find(name) ?? Get(name, news, cancel);

    /// <summary>What the steps of one call share, and what they fetched.</summary>
    sealed record Work(HubConnection Connection, HubCache Cache, HubName Name, RepositoryListing Listing, IProgress<HubNews>? News, CancellationToken Cancel)
    {
        public int FetchedFiles { get; set; }
        public long FetchedBytes { get; set; }
    }

    async Task<RepositoryListing> List(HubConnection connection, HubName name, CancellationToken cancel)
    {
        var address = connection.Address($"api/{name.Kind}/{name.Owner}/{name.Name}/revision/{Uri.EscapeDataString(name.Revision)}?blobs=true");
        var json = await connection.Read(address, response => HubFaults.Of(response, name, settings), cancel);
        var listing = RepositoryListing.Parse(json, $"{settings.Endpoint.GetLeftPart(UriPartial.Authority)}, list of {name}");
        if (name.IsCommit && listing.Commit != name.Revision) throw new HubException(name.ToString(), $"the hub answers with commit {listing.Commit}");
        return listing;
    }

    /// <summary>A file with size and hash; where the list lacks them, the hub is asked for the file's head.</summary>
    async Task<HubFile> Known(Work work, string path)
    {
        var file = work.Listing.Files.First(file => file.Path == path) is { Size: { } size, Hash: { } hash } ? new HubFile(path, size, hash) : await Asked(work, path);
        var most = NeededFiles.IsIndex(path) ? MostOfIndex : MostOfFile;
        return file.Size <= most ? file : throw new HubException($"{work.Name.Repository}/{path}", FormattableString.Invariant($"is said to have {file.Size} bytes; at most {most} are accepted"));
    }

    async Task<HubFile> Asked(Work work, string path)
    {
        var address = work.Connection.Address(FileDownload.PathOf(work.Name, work.Listing.Commit, path));
        return await new Patience(settings, text => work.News?.Report(new HubNoteNews(text))).Try(address.Host, async () =>
        {
            using var response = await work.Connection.Send(HttpMethod.Head, address, null, work.Cancel);
            if ((int)response.Status is < 200 or >= 400) throw HubFaults.Of(response, work.Name, settings);
            if (response.Facts.Hash is not { } etag || (response.Facts.Size ?? response.Message.Content.Headers.ContentLength) is not { } length)
                throw new HubException($"{work.Name.Repository}/{path}", "the hub says neither in its list nor in its headers what the file's hash and length are, so it could not be verified; try another mirror (HF_ENDPOINT)");
            return new HubFile(path, length, etag);
        }, work.Cancel);
    }

    /// <summary>Sees to it that a file's blob is there; the first process fetches it, others wait for it.</summary>
    async Task Fetch(Work work, HubFile file)
    {
        if (work.Cache.Has(file)) return;
        using var taken = await work.Cache.Lock(file.Hash, () => work.News?.Report(new HubNoteNews($"{file.Path}: another process is fetching it; waiting for that")), work.Cancel);
        if (work.Cache.Has(file)) return;
        work.FetchedBytes += await new FileDownload(work.Connection, settings, work.Name, work.Listing.Commit, file, work.News).To(work.Cache.Blob(file.Hash), work.Cancel);
        work.FetchedFiles++;
        work.News?.Report(new HubFileNews(file.Path, file.Size));
    }

    ConfigException Missing(HubName name) => new(name.ToString(), $"is not in the cache ({settings.Cache}) as a whole, and nothing may be asked of the hub (offline); run tutti get {name} where there is a network");
}
