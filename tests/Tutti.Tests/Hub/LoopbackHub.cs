using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Tests.Hub;

/// <summary>A request as it came.</summary>
/// <param name="Target">Path and query, or a whole address where a proxy is asked.</param>
sealed record HubRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>First and last byte of the range that is asked for.</summary>
    public (long From, long To)? Range => Header("Range") is { } text && text.StartsWith("bytes=", StringComparison.Ordinal)
        && text[6..].Split('-') is [var from, var to] ? (long.Parse(from, CultureInfo.InvariantCulture), to.Length == 0 ? long.MaxValue : long.Parse(to, CultureInfo.InvariantCulture)) : null;
}

/// <summary>An answer, and how it goes wrong.</summary>
sealed record HubReply(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>What Content-Length says; null: no such header, and chunked transfer.</summary>
    public long? Announced { get; init; } = Body.Length;

    /// <summary>Whether the body is a file's, whose bytes are counted.</summary>
    public bool IsContent { get; init; }

    /// <summary>Bytes of the body after which the connection is broken.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Bytes of the body after which nothing more comes, on an open connection.</summary>
    public int? StallAfter { get; init; }

    /// <summary>Bytes of the body after which one comes now and then, so that the connection never is quite silent.</summary>
    public int? DripAfter { get; init; }

    /// <summary>Nothing comes at all, on an open connection.</summary>
    public bool Silent { get; init; }

    public HubReply With(string header, string value) => this with { Headers = new(Headers) { [header] = value } };
}

/// <summary>A Hugging Face hub of this machine, on a raw socket, so that it can misbehave in every way. Large files lie behind a redirect, as there.</summary>
sealed class LoopbackHub : IDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stop = new();
    readonly ConcurrentDictionary<TcpClient, bool> clients = [];
    readonly ConcurrentQueue<HubRequest> requests = [];
    readonly Dictionary<string, HubRepository> repositories = [];
    readonly Task serving;
    long sent;

    public LoopbackHub()
    {
        listener.Start();
        Storage = Address;
        serving = Serve();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");

    /// <summary>Where large files lie.</summary>
    public Uri Storage { get; set; }

    /// <summary>Changes what would be answered.</summary>
    public Func<HubRequest, HubReply, HubReply>? Alter { get; set; }

    /// <summary>Hears of bytes of files, all together, as they are given to the network.</summary>
    public Action<long>? Sending { get; set; }

    /// <summary>Bytes of files given to the network.</summary>
    public long Sent => Interlocked.Read(ref sent);

    public HubRequest[] Requests => [.. requests];

    public HubRepository Add(string name, params (string Path, byte[] Content)[] files) => repositories[name] = new(name, files);

    /// <summary>Gives the repositories of another hub, as its storage.</summary>
    public void ShareWith(LoopbackHub other)
    {
        foreach (var (name, repository) in repositories) other.repositories[name] = repository;
    }

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
        foreach (var client in clients.Keys) client.Dispose();
        serving.GetAwaiter().GetResult();
        stop.Dispose();
    }

    async Task Serve()
    {
        var all = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                clients[client] = true;
                all.Add(Task.Run(() => Serve(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(all);
        }
    }

    async Task Serve(TcpClient client)
    {
        try
        {
            using var _ = client;
            var stream = client.GetStream();
            while (await Read(stream) is { } request)
            {
                requests.Enqueue(request);
                var reply = Answer(request);
                if (Alter is { } alter) reply = alter(request, reply);
                if (!await Write(stream, request, reply)) return;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or SocketException)
        {
            // The client went, or the test ended.
            clients.TryRemove(client, out _);
        }
    }

    async Task<HubRequest?> Read(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, stop.Token) == 0) return null;
            head.Append((char)one[0]);
        }
        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var first = lines[0].Split(' ');
        return new(first[0], first[1], lines[1..].Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase));
    }

    async Task<bool> Write(NetworkStream stream, HubRequest request, HubReply reply)
    {
        if (reply.Silent) await Task.Delay(Timeout.Infinite, stop.Token);
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {reply.Status} Of course\r\n");
        foreach (var (name, value) in reply.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        head.Append(reply.Announced is { } length ? string.Create(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n") : "Transfer-Encoding: chunked\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head + "\r\n"), stop.Token);
        if (request.Method == "HEAD") return true;
        const int Piece = 4096;
        for (var at = 0; at < reply.Body.Length;)
        {
            var count = Math.Min(Piece, reply.Body.Length - at);
            if (reply.CutAfter is { } cut) count = Math.Min(count, cut - at);
            if (reply.StallAfter is { } stall) count = Math.Min(count, stall - at);
            if (reply.DripAfter is { } drip)
            {
                count = at < drip ? Math.Min(count, drip - at) : 1;
                if (at >= drip) await Task.Delay(20, stop.Token);
            }
            if (count == 0 && reply.StallAfter is not null) await Task.Delay(Timeout.Infinite, stop.Token);
            if (count == 0) return false;
            if (reply.Announced is null) await stream.WriteAsync(Encoding.ASCII.GetBytes(count.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), stop.Token);
            await stream.WriteAsync(reply.Body.AsMemory(at, count), stop.Token);
            if (reply.Announced is null) await stream.WriteAsync("\r\n"u8.ToArray(), stop.Token);
            at += count;
            if (!reply.IsContent) continue;
            var all = Interlocked.Add(ref sent, count);
            Sending?.Invoke(all);
        }
        if (reply.Announced is null) await stream.WriteAsync("0\r\n\r\n"u8.ToArray(), stop.Token);
        // Where more was announced than came, only the end of the connection ends the answer.
        return reply.CutAfter != reply.Body.Length && (reply.Announced is null || reply.Announced == reply.Body.Length);
    }

    HubReply Answer(HubRequest request)
    {
        var target = request.Target.StartsWith("http", StringComparison.Ordinal) ? new Uri(request.Target).PathAndQuery : request.Target;
        var path = Uri.UnescapeDataString(target.Split('?')[0]).TrimStart('/');
        foreach (var (name, repository) in repositories)
        {
            var api = $"api/{(name.StartsWith("datasets/", StringComparison.Ordinal) ? "" : "models/")}{name}/revision/";
            if (path.StartsWith(api, StringComparison.Ordinal))
                return repository.Revisions.Contains(path[api.Length..]) ? Json(repository.Listing()) : Refusal(404, "RevisionNotFound");
            var resolve = $"{name}/resolve/{repository.Commit}/";
            if (path.StartsWith(resolve, StringComparison.Ordinal)) return Resolve(request, repository, path[resolve.Length..]);
            if (path.StartsWith("storage/", StringComparison.Ordinal) && repository.Files.FirstOrDefault(file => file.Hash == path[8..]) is { } stored)
                return Content(request, stored.Content, $"\"storage-{stored.Hash[..8]}\"");
        }
        return Refusal(path.StartsWith("api/", StringComparison.Ordinal) ? 401 : 404, "RepoNotFound");
    }

    HubReply Resolve(HubRequest request, HubRepository repository, string path)
    {
        if (repository.Files.FirstOrDefault(file => file.Path == path) is not { } file) return Refusal(404, "EntryNotFound");
        if (!file.IsLarge) return Content(request, file.Content, $"\"{file.Hash}\"").With("X-Repo-Commit", repository.Commit);
        return new HubReply(302, [])
        {
            Headers =
            {
                ["Location"] = $"{Storage}storage/{file.Hash}?Signature=secret",
                ["X-Repo-Commit"] = repository.Commit,
                ["X-Linked-Etag"] = $"\"{file.Hash}\"",
                ["X-Linked-Size"] = file.Content.Length.ToString(CultureInfo.InvariantCulture),
            },
        };
    }

    static HubReply Content(HubRequest request, byte[] content, string etag)
    {
        var whole = new HubReply(200, content) { IsContent = true, Headers = { ["ETag"] = etag, ["Accept-Ranges"] = "bytes" } };
        if (request.Range is not { } range || (request.Header("If-Range") is { } known && known != etag)) return whole;
        if (range.From >= content.Length) return new HubReply(416, []).With("Content-Range", $"bytes */{content.Length}");
        var to = Math.Min(range.To, content.Length - 1);
        return (whole with { Status = 206, Body = content[(int)range.From..(int)(to + 1)], Announced = to + 1 - range.From }).With("Content-Range", $"bytes {range.From}-{to}/{content.Length}");
    }

    public static HubReply Json(JsonNode json) => new HubReply(200, Encoding.UTF8.GetBytes(json.ToJsonString())).With("Content-Type", "application/json");

    public static HubReply Refusal(int status, string? code) => code is null ? new(status, []) : new HubReply(status, []).With("X-Error-Code", code);
}
