using Tutti.Hub;

namespace Tutti.Tests.Hub;

/// <summary>The cache: shared, used offline, damaged, full, and that of huggingface_hub beside it.</summary>
public sealed class HubCacheTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly LoopbackHub hub = new();
    readonly HubRepository model;

    public HubCacheTests() => model = hub.AddModel();

    public void Dispose()
    {
        hub.Dispose();
        temp.Dispose();
    }

    static HubName Name => HubName.Parse(HubSamples.Name);

    HubSettings Settings => hub.Settings(temp.File("hub"));

    HubSnapshot Get(Func<HubSettings, HubSettings>? change = null, IProgress<HubNews>? news = null) =>
        new HubClient((change ?? (same => same))(Settings)).Get(Name, news, TestContext.Current.CancellationToken);

    string Blob(int file) => temp.File($"hub/models--owner--model/blobs/{model.Files[file].Hash}");

    void IsRight(HubSnapshot snapshot)
    {
        foreach (var file in model.Files) Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(snapshot.Folder, file.Path)));
    }

    [Fact]
    public async Task Many_at_once_fetch_each_file_once()
    {
        var snapshots = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => new HubClient(Settings).GetAsync(Name, cancel: TestContext.Current.CancellationToken)));
        Assert.All(snapshots, IsRight);
        Assert.Equal(model.Files.Sum(file => file.Content.Length), hub.Sent);
        Assert.Equal(3, snapshots.Sum(snapshot => snapshot.FetchedFiles));
        Assert.Equal(hub.Sent, snapshots.Sum(snapshot => snapshot.FetchedBytes));
    }

    [Fact]
    public async Task Who_comes_second_waits_says_so_and_fetches_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        hub.Alter = (request, reply) =>
        {
            if (!request.Target.StartsWith("/storage/", StringComparison.Ordinal)) return reply;
            begun.Set();
            goOn.Wait(token);
            return reply;
        };
        var first = Task.Run(() => Get(), token);
        begun.Wait(token);
        var news = new KeptHubNews { Then = item => { if (item is HubNoteNews { Text: var text } && text.Contains("another process is fetching it", StringComparison.Ordinal)) goOn.Set(); } };
        var second = await Task.Run(() => Get(news: news), token);
        IsRight(await first);
        Assert.Equal((0, 0L), (second.FetchedFiles, second.FetchedBytes));
    }

    [Fact]
    public async Task Who_waits_can_be_cancelled_and_who_takes_over_goes_on()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        hub.Sending = sent => { if (sent > 150_000) cancel.Cancel(); };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new HubClient(Settings).GetAsync(Name, cancel: cancel.Token));
        var partial = new FileInfo(Blob(2) + ".partial");
        Assert.True(partial.Exists);
        hub.Sending = null;
        var sent = hub.Sent;
        var kept = partial.Length;
        IsRight(Get());
        Assert.Equal(300_000 - kept, hub.Sent - sent);
        Assert.InRange(hub.Sent - model.Files.Sum(file => file.Content.Length), 0, Settings.ChunkBytes);
    }

    [Fact]
    public void Offline_the_cache_is_enough_and_nobody_is_asked()
    {
        Get();
        var asked = hub.Requests.Length;
        IsRight(Get(settings => settings with { Offline = true }));
        Assert.Equal(asked, hub.Requests.Length);
    }

    [Fact]
    public void Offline_without_a_whole_snapshot_is_an_error_with_the_next_step()
    {
        var error = Assert.Throws<ConfigException>(() => Get(settings => settings with { Offline = true }));
        Assert.Contains("owner/model: is not in the cache", error.Message, StringComparison.Ordinal);
        Assert.Contains("run tutti get owner/model where there is a network", error.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);
        Get();
        File.Delete(Blob(0));
        Assert.Throws<ConfigException>(() => Get(settings => settings with { Offline = true }));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("cut")]
    [InlineData("link")]
    public void What_is_missing_of_the_cache_is_made_good(string damage)
    {
        var snapshot = Get();
        if (damage == "deleted") File.Delete(Blob(2));
        if (damage == "cut") File.WriteAllBytes(Blob(2), model.Files[2].Content[..1000]);
        if (damage == "link") File.Delete(Path.Combine(snapshot.Folder, "model.safetensors"));
        Assert.Null(new HubClient(Settings).Find(Name));
        IsRight(Get());
        Assert.NotNull(new HubClient(Settings).Find(Name));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{ "version": 2, "commit": "x", "files": [] }""")]
    [InlineData("""{ "version": 1, "commit": "x", "files": [ { "path": "../../x", "size": 1, "hash": "y" } ] }""")]
    public void A_manifest_that_is_none_is_written_again(string text)
    {
        Get();
        var manifest = temp.File($"hub/models--owner--model/tutti/{model.Commit}.json");
        File.WriteAllText(manifest, text);
        Assert.Null(new HubClient(Settings).Find(Name));
        IsRight(Get());
        Assert.NotNull(new HubClient(Settings).Find(Name));
    }

    [Fact]
    public void The_cache_is_for_its_user_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "permissions are Unix's");
        if (OperatingSystem.IsWindows()) return;
        Get();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(temp.File("hub")));
    }

    [Fact]
    public void Without_a_cache_there_is_no_place()
    {
        var error = Assert.Throws<ConfigException>(() => Get(settings => settings with { Cache = null }));
        Assert.Contains("TUTTI_CACHE", error.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);
    }

    [Fact]
    public void A_file_in_the_caches_place_is_said()
    {
        temp.Write("hub", "a file");
        Assert.Contains("cannot be written", Assert.Throws<ConfigException>(() => Get()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_little_room_is_said_before_anything_is_fetched()
    {
        using var disk = new MountedDisk(temp.File("disk"), "size=100k");
        var error = Assert.Throws<ConfigException>(() => Get(settings => settings with { Cache = Path.Combine(disk.Path, "hub") }));
        Assert.Contains("owner/model needs 300033 more bytes, the disk has ", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, hub.Sent);
    }

    [Fact]
    public void A_disk_that_fills_up_in_the_middle_is_said_and_with_room_again_the_rest_comes()
    {
        using var disk = new MountedDisk(temp.File("disk"), "size=600k");
        var filler = Path.Combine(disk.Path, "filler");
        hub.Sending = sent =>
        {
            if (sent < 100_000 || File.Exists(filler)) return;
            try
            {
                File.WriteAllBytes(filler, new byte[600 << 10]);
            }
            catch (IOException)
            {
                hub.Sending = null;                            // as full as can be
            }
        };
        var error = Assert.Throws<ConfigException>(() => Get(settings => settings with { Cache = Path.Combine(disk.Path, "hub") }));
        Assert.Contains("the disk is full; free some space", error.Message, StringComparison.Ordinal);
        File.Delete(filler);
        var sent = hub.Sent;
        IsRight(Get(settings => settings with { Cache = Path.Combine(disk.Path, "hub") }));
        Assert.InRange(hub.Sent - sent, 1, 300_000 - 1);
    }

    [Fact]
    public void A_whole_model_of_huggingface_hub_is_used_where_it_lies()
    {
        var theirs = Theirs(model.Files);
        HubSettings With(HubSettings settings) => settings with { OtherCache = temp.File("theirs") };
        var found = Get(settings => With(settings) with { Offline = true });
        Assert.Equal(theirs, found.Folder);
        IsRight(found);
        Assert.Equal(model.Files.Select(file => (file.Path, file.Hash)).Order(), found.Files.Select(file => (file.Path, file.Hash)).Order());
        Assert.Empty(hub.Requests);
        Assert.Equal(theirs, Get(With).Folder);
        Assert.Equal(0, hub.Sent);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("vocab.txt")]
    [InlineData("model.safetensors")]
    public void A_model_of_huggingface_hub_that_is_not_whole_is_not_used(string missing)
    {
        Theirs([.. model.Files.Where(file => file.Path != missing)]);
        var snapshot = Get(settings => settings with { OtherCache = temp.File("theirs") });
        Assert.StartsWith(temp.File("hub"), snapshot.Folder, StringComparison.Ordinal);
        IsRight(snapshot);
    }

    /// <summary>Lays files out as huggingface_hub does; returns the snapshot's folder.</summary>
    string Theirs(IReadOnlyList<StoredFile> files)
    {
        var root = temp.File("theirs/models--owner--model");
        var snapshot = Directory.CreateDirectory(Path.Combine(root, "snapshots", model.Commit)).FullName;
        Directory.CreateDirectory(Path.Combine(root, "blobs"));
        Directory.CreateDirectory(Path.Combine(root, "refs"));
        File.WriteAllText(Path.Combine(root, "refs", "main"), model.Commit);
        foreach (var file in files)
        {
            File.WriteAllBytes(Path.Combine(root, "blobs", file.Hash), file.Content);
            File.CreateSymbolicLink(Path.Combine(snapshot, file.Path), $"../../blobs/{file.Hash}");
        }
        return snapshot;
    }
}
