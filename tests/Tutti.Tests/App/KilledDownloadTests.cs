using Tutti.Tests.Hub;
using Tutti.Torch;

namespace Tutti.Tests.App;

/// <summary>A download whose process is killed without warning at any byte: the same command comes to the right bytes, and at most one chunk is sent twice for each kill.</summary>
public sealed class KilledDownloadTests : IDisposable
{
    const int Weights = 40_000_000;

    static readonly int chunk = new Tutti.Hub.HubSettings().ChunkBytes;

    readonly LoopbackHub hub = new();
    readonly HubRepository model;
    readonly long total;

    public KilledDownloadTests()
    {
        model = hub.AddModel(Weights);
        total = model.Files.Sum(file => (long)file.Content.Length);
    }

    public void Dispose() => hub.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Killed_once_at_a_random_byte(long seed)
    {
        using var temp = Shared.Temp();
        var at = (long)(RandomStream.Of(seed, "kill").Uniform(0) * total);
        await Kill(temp, at);
        await Complete(temp, kills: 1);
    }

    [Fact]
    public async Task Killed_again_and_again()
    {
        using var temp = Shared.Temp();
        var random = RandomStream.Of(5, "kills");
        for (var i = 0; i < 4; i++) await Kill(temp, hub.Sent + (long)(random.Uniform(i) * total / 5));
        await Complete(temp, kills: 4);
    }

    /// <summary>Kills the process when the server has given that many bytes to the network.</summary>
    async Task Kill(TempFolder temp, long at)
    {
        using var process = GetProcess.Start(hub, temp, ["get", HubSamples.Name]);
        hub.Sending = sent => { if (sent > at) process.Kill(); };
        var outcome = await CommandLine.Ended(process);
        hub.Sending = null;
        Assert.NotEqual(0, outcome.Code);
        // Whole files under their names, and at most one that is not whole; nothing else.
        var blobs = temp.File("cache/hub/models--owner--model/blobs");
        var files = Directory.Exists(blobs) ? Directory.GetFiles(blobs) : [];
        Assert.InRange(files.Count(file => file.EndsWith(".partial", StringComparison.Ordinal)), 0, 1);
        foreach (var file in files.Where(file => !file.EndsWith(".partial", StringComparison.Ordinal)))
            Assert.Equal(model.Files.Single(stored => stored.Hash == Path.GetFileName(file)).Content.Length, new FileInfo(file).Length);
        Assert.False(Directory.Exists(temp.File("cache/hub/models--owner--model/refs")));
    }

    async Task Complete(TempFolder temp, int kills)
    {
        var outcome = await GetProcess.Run(hub, temp, ["get", HubSamples.Name]);
        Assert.True(outcome.Code == 0, outcome.Error);
        foreach (var file in model.Files)
            Assert.True(file.Content.AsSpan().SequenceEqual(File.ReadAllBytes(temp.File($"cache/hub/models--owner--model/snapshots/{model.Commit}/{file.Path}"))), file.Path);
        Assert.Empty(Directory.GetFiles(temp.File("cache"), "*.partial", SearchOption.AllDirectories));
        var twice = hub.Sent - total;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{kills} kills: {twice} of {total} bytes were sent twice; a chunk has {chunk}"));
        Assert.InRange(twice, 0, kills * (long)chunk);
    }
}
