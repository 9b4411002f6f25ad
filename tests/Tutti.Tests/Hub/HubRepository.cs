using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Tests.Hub;

/// <summary>A file as a hub holds it: the large ones by SHA-256, the others as blobs of git.</summary>
sealed record StoredFile(string Path, byte[] Content)
{
    public bool IsLarge => Path.EndsWith(".safetensors", StringComparison.Ordinal) || Path.EndsWith(".bin", StringComparison.Ordinal);

#pragma warning disable CA5350 // git's own
    public string GitHash { get; } = Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {Content.Length}\0"), .. Content]));
#pragma warning restore CA5350

    readonly string sha256 = Convert.ToHexStringLower(SHA256.HashData(Content));

    public string Hash => IsLarge ? sha256 : GitHash;
}

/// <summary>A repository of the loopback hub at one commit.</summary>
sealed class HubRepository(string name, (string Path, byte[] Content)[] files)
{
    public string Name { get; } = name;
    public string Commit { get; set; } = new('a', 40);
    public List<StoredFile> Files { get; } = [.. files.Select(file => new StoredFile(file.Path, file.Content))];
    public IEnumerable<string> Revisions => [.. Names, Commit];
    public List<string> Names { get; } = ["main"];

    public byte[] this[string path] => Files.Single(file => file.Path == path).Content;

    public JsonObject Listing() => new()
    {
        ["id"] = Name,
        ["sha"] = Commit,
        ["siblings"] = new JsonArray([.. Files.Select(Sibling)]),
    };

    static JsonObject Sibling(StoredFile file)
    {
        var item = new JsonObject { ["rfilename"] = file.Path, ["size"] = file.Content.Length, ["blobId"] = file.GitHash };
        if (file.IsLarge) item["lfs"] = new JsonObject { ["sha256"] = file.Hash, ["size"] = file.Content.Length, ["pointerSize"] = 134 };
        return item;
    }
}

/// <summary>Contents for repositories, and clients of a loopback hub.</summary>
static class HubSamples
{
    public const string Name = "owner/model";

    public static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A model of two small files and one of some size.</summary>
    public static HubRepository AddModel(this LoopbackHub hub, int weights = 300_000, string name = Name) => hub.Add(name,
        ("config.json", Text("{\"model_type\":\"bert\"}")), ("vocab.txt", Text("[PAD]\n[UNK]\n")), ("model.safetensors", Bytes(weights)));

    /// <summary>Impatient where waiting would only take time.</summary>
    public static Tutti.Hub.HubSettings Settings(this LoopbackHub hub, string cache) => new()
    {
        Endpoint = hub.Address,
        Cache = cache,
        ChunkBytes = 64 << 10,
        Clock = new QuickClock(),
    };
}

/// <summary>Waits are over at once, but remembered.</summary>
sealed class QuickClock : TimeProvider
{
    readonly List<TimeSpan> waits = [];

    public TimeSpan[] Waits
    {
        get
        {
            lock (waits) return [.. waits];
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (waits) waits.Add(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}

/// <summary>Keeps the news of a download.</summary>
sealed class KeptHubNews : IProgress<Tutti.Hub.HubNews>
{
    readonly List<Tutti.Hub.HubNews> all = [];

    public Action<Tutti.Hub.HubNews>? Then { get; init; }

    public string[] Notes
    {
        get
        {
            lock (all) return [.. all.OfType<Tutti.Hub.HubNoteNews>().Select(note => note.Text)];
        }
    }

    public T[] Of<T>()
    {
        lock (all) return [.. all.OfType<T>()];
    }

    public void Report(Tutti.Hub.HubNews value)
    {
        lock (all) all.Add(value);
        Then?.Invoke(value);
    }
}
