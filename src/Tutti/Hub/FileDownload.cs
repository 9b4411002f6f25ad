using System.Net;
using System.Net.Http.Headers;

namespace Tutti.Hub;

/// <summary>
/// Fetches one file, a chunk at a time, going on from the bytes that are there. Whatever the servers on the way say of lengths, ranges and changes is
/// checked, and in the end the hash of the content: what is not the file never gets its name.
/// </summary>
/// <param name="connection">To the hub.</param>
/// <param name="settings">Chunks and patience.</param>
/// <param name="name">Of the repository.</param>
/// <param name="commit">The commit that the file is of.</param>
/// <param name="file">What it shall be.</param>
/// <param name="news">Hears of bytes and new tries.</param>
sealed class FileDownload(HubConnection connection, HubSettings settings, HubName name, string commit, HubFile file, IProgress<HubNews>? news)
{
    readonly string shown = $"{name.Repository}/{file.Path}";
    readonly Uri address = connection.Address(PathOf(name, commit, file.Path));
    readonly Patience patience = new(settings, text => news?.Report(new HubNoteNews($"{file.Path}: {text}")));

    /// <summary>Where the hub sent us: asked directly for the next chunk.</summary>
    Uri? direct;

    /// <summary>The version of the bytes by the word of the host that sent them.</summary>
    (string Host, EntityTagHeaderValue Tag)? version;

    long received;

    /// <summary>The path of a file below the hub's address.</summary>
    public static string PathOf(HubName name, string commit, string path) =>
        $"{name.Repository}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>Fetches the file to its blob; the caller holds the blob's lock.</summary>
    /// <returns>Bytes that came.</returns>
    /// <exception cref="HubException">The bytes are not the file's, or do not come.</exception>
    /// <exception cref="ConfigException">The disk is full, or the hub lets us read no more.</exception>
    public async Task<long> To(string blob, CancellationToken cancel)
    {
        using var partial = new PartialFile(blob, file);
        if (partial.Found > 0) Note(FormattableString.Invariant($"goes on after {partial.Found} of {file.Size} bytes"));
        while (true)
        {
            await Fill(partial, cancel);
            var found = partial.Found;
            if (partial.Finish(blob) is not { } wrong) return received;
            // Bytes of an earlier process may have been damaged on the way to the disk: the file gets one more chance from its beginning.
            if (found == 0) throw Broken(partial, $"the bytes that came are others than the hub lists: their {ContentHash.Algorithm(file.Hash)} is {wrong}, expected {file.Hash}");
            Note($"the {ContentHash.Algorithm(file.Hash)} is wrong; what an earlier call left was discarded, and the file begins anew");
        }
    }

    async Task Fill(PartialFile partial, CancellationToken cancel)
    {
        const int Encouraging = 256 << 10;
        while (partial.Length < file.Size)
        {
            var before = partial.Length;
            try
            {
                await Chunk(partial, cancel);
                patience.Encourage();
            }
            catch (PassingFault fault)
            {
                if (partial.Length - before >= Math.Min(Encouraging, settings.ChunkBytes)) patience.Encourage();
                direct = null;
                await patience.Wait(shown, fault, cancel);
            }
        }
    }

    async Task Chunk(PartialFile partial, CancellationToken cancel)
    {
        var (from, to) = (partial.Length, Math.Min(partial.Length + settings.ChunkBytes, file.Size) - 1);
        var ranged = from > 0 || to < file.Size - 1;
        using var response = await connection.Send(HttpMethod.Get, direct ?? address, (host, headers) =>
        {
            if (!ranged) return;
            headers.Range = new(from, to);
            if (from > 0 && version is { } known && known.Host == host.Authority) headers.IfRange = new(known.Tag);
        }, cancel);
        long end;
        switch (response.Status)
        {
            case HttpStatusCode.PartialContent when ranged:
                end = RangeEnd(response, partial, from, to);
                break;
            case HttpStatusCode.OK:
                end = file.Size;
                Whole(response, partial);
                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw Broken(partial, FormattableString.Invariant($"{response.Address.Host} has no bytes from {from} on (416), but the file is listed with {file.Size} bytes"));
            default:
                // The address that the hub had sent us to has run out: it is asked for another.
                if (direct is null) throw HubFaults.Of(response, name, settings);
                direct = null;
                return;
        }
        CheckFacts(response, partial);
        direct = response.Address == address ? null : response.Address;
        await connection.Copy(response, bytes =>
        {
            if (partial.Length + bytes.Length > end) throw Broken(partial, FormattableString.Invariant($"{response.Address.Host} sends more than the {end} bytes that it should"));
            partial.Append(bytes);
            received += bytes.Length;
            news?.Report(new HubBytesNews(file.Path, partial.Length, file.Size));
        }, cancel);
        if (partial.Length < end) throw new PassingFault("broke the connection");
    }

    /// <summary>Checks an answer to a range, and says where it ends.</summary>
    long RangeEnd(HubResponse response, PartialFile partial, long from, long to)
    {
        var content = response.Message.Content.Headers;
        if (content.ContentRange is not { Unit: "bytes", From: { } first, To: { } last } range || first != from || last < from || last > to || (range.Length is { } size && size != file.Size))
            throw Broken(partial, FormattableString.Invariant($"{response.Address.Host} answers with the wrong range '{Printable.Of(content.ContentRange?.ToString() ?? "")}', expected bytes {from}-{to}/{file.Size}"));
        if (content.ContentLength is { } length && length != last - first + 1)
            throw Broken(partial, FormattableString.Invariant($"{response.Address.Host} announces {length} bytes, but a range of {last - first + 1}"));
        return last + 1;
    }

    /// <summary>Checks an answer that holds the file from its beginning.</summary>
    void Whole(HubResponse response, PartialFile partial)
    {
        if (response.Message.Content.Headers.ContentLength is { } length && length != file.Size)
            throw Broken(partial, FormattableString.Invariant($"{response.Address.Host} announces {length} bytes, but the file is listed with {file.Size}"));
        if (partial.Length == 0) return;
        Note(FormattableString.Invariant($"{response.Address.Host} sends the file from its beginning, not from byte {partial.Length} on; the {partial.Length} bytes were discarded"));
        partial.Restart();
    }

    void CheckFacts(HubResponse response, PartialFile partial)
    {
        var facts = response.Facts;
        if (facts.Hash is { } hash && hash != file.Hash) throw Broken(partial, $"it changed while it was downloaded: its hash was {file.Hash}, now is {hash}");
        if (facts.Commit is { } other && other != commit) throw Broken(partial, $"the hub serves it at commit {Printable.Of(other)}, expected {commit}");
        if (facts.Size is { } size && size != file.Size) throw Broken(partial, FormattableString.Invariant($"the hub says that it has {size} bytes, but lists it with {file.Size}"));
        if (response.Message.Headers.ETag is not { IsWeak: false } tag) return;
        if (version is { } known && known.Host == response.Address.Authority && !known.Tag.Equals(tag) && partial.Length > 0)
            throw Broken(partial, $"it changed on {response.Address.Host} while it was downloaded (etag {Printable.Of(known.Tag.Tag)}, now {Printable.Of(tag.Tag)})");
        version = (response.Address.Authority, tag);
    }

    /// <summary>Nothing that came can be relied on: it goes, and the error says so.</summary>
    HubException Broken(PartialFile partial, string text)
    {
        partial.Discard();
        return new(shown, $"{text}. What had come was discarded; run the same command again, and if that repeats, try another mirror (HF_ENDPOINT)");
    }

    void Note(string text) => news?.Report(new HubNoteNews($"{file.Path}: {text}"));
}
