using System.Text.Json.Nodes;
using Tutti.Hub;

namespace Tutti.Tests.Hub;

/// <summary>A hub that behaves: what is fetched, where it lies, and who is told the token.</summary>
public sealed class HubClientTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly LoopbackHub hub = new();

    public void Dispose()
    {
        hub.Dispose();
        temp.Dispose();
    }

    HubSnapshot Get(string name = HubSamples.Name, IProgress<HubNews>? news = null, Func<HubSettings, HubSettings>? change = null) =>
        new HubClient((change ?? (same => same))(hub.Settings(temp.File("hub")))).Get(HubName.Parse(name), news, TestContext.Current.CancellationToken);

    string[] Targets => [.. hub.Requests.Select(request => request.Target)];

    [Fact]
    public void A_model_is_fetched_into_a_folder_of_the_commit_as_huggingface_hub_lays_it_out()
    {
        var model = hub.AddModel();
        var snapshot = Get();
        Assert.Equal(temp.File($"hub/models--owner--model/snapshots/{model.Commit}"), snapshot.Folder);
        Assert.Equal(["config.json", "model.safetensors", "vocab.txt"], Directory.GetFiles(snapshot.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var file in model.Files)
        {
            Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(snapshot.Folder, file.Path)));
            Assert.Equal(file.Content, File.ReadAllBytes(temp.File($"hub/models--owner--model/blobs/{file.Hash}")));
            Assert.Equal($"../../blobs/{file.Hash}", new FileInfo(Path.Combine(snapshot.Folder, file.Path)).LinkTarget);
        }
        Assert.Equal(model.Commit, File.ReadAllText(temp.File("hub/models--owner--model/refs/main")));
        Assert.Equal((3, model.Files.Sum(file => (long)file.Content.Length), hub.Sent), (snapshot.FetchedFiles, snapshot.FetchedBytes, snapshot.FetchedBytes));
        Assert.Empty(Directory.GetFiles(temp.File("hub/models--owner--model/blobs"), "*.partial"));
    }

    [Fact]
    public void Only_the_needed_files_are_asked_for()
    {
        hub.Add(HubSamples.Name, ("config.json", []), ("README.md", [1]), ("onnx/model.onnx", [2]), ("tf_model.h5", [3]), ("pytorch_model.bin", [4]), ("model.safetensors", [5]), ("merges.txt", [6]), ("spm.model", [7]));
        var news = new KeptHubNews();
        var snapshot = Get(news: news);
        Assert.Equal(["config.json", "merges.txt", "spm.model", "model.safetensors"], snapshot.Files.Select(file => file.Path));
        Assert.DoesNotContain(Targets, target => target.Contains("README", StringComparison.Ordinal) || target.Contains("onnx", StringComparison.Ordinal) || target.Contains("tf_model", StringComparison.Ordinal) || target.Contains("pytorch", StringComparison.Ordinal));
        Assert.Contains(news.Notes, note => note.Contains("4 of 8 files are not needed", StringComparison.Ordinal));
        Assert.Equal(0, new FileInfo(temp.File($"hub/models--owner--model/blobs/{hubHashOfNothing}")).Length);
    }

    const string hubHashOfNothing = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    [Theory]
    [InlineData("model", ".safetensors")]
    [InlineData("pytorch_model", ".bin")]
    public void Of_weights_in_shards_those_of_the_index_are_fetched(string stem, string ending)
    {
        hub.Add(HubSamples.Name, ("config.json", [1]), ($"{stem}{ending}.index.json", HubSamples.Text($$"""{ "weight_map": { "a": "{{stem}}-1{{ending}}", "b": "{{stem}}-2{{ending}}" } }""")),
            ($"{stem}-1{ending}", [2]), ($"{stem}-2{ending}", [3]), ($"{stem}-3{ending}", [4]));
        var snapshot = Get();
        Assert.Equal(["config.json", $"{stem}{ending}.index.json", $"{stem}-1{ending}", $"{stem}-2{ending}"], snapshot.Files.Select(file => file.Path));
        Assert.Equal([2], File.ReadAllBytes(Path.Combine(snapshot.Folder, $"{stem}-1{ending}")));
    }

    [Fact]
    public void What_is_in_the_cache_is_not_fetched_again()
    {
        var model = hub.AddModel();
        Get();
        var (requests, sent) = (hub.Requests.Length, hub.Sent);
        var again = Get();
        Assert.Equal((0, 0L, sent), (again.FetchedFiles, again.FetchedBytes, hub.Sent));
        Assert.Equal(requests + 1, hub.Requests.Length);       // whether the branch has moved
        var found = new HubClient(hub.Settings(temp.File("hub"))).FindOrGet(HubName.Parse(HubSamples.Name), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((model.Commit, again.Folder), (found.Commit, found.Folder));
        Assert.Equal(again.Files, found.Files);
        Assert.Equal(requests + 1, hub.Requests.Length);
    }

    [Fact]
    public void A_new_commit_costs_only_what_it_changed_and_the_old_one_stays()
    {
        var model = hub.AddModel();
        var first = Get();
        var sent = hub.Sent;
        model.Commit = new('b', 40);
        model.Files[1] = new("vocab.txt", HubSamples.Text("[PAD]\n"));
        var second = Get();
        Assert.Equal(6, hub.Sent - sent);
        Assert.Equal((new string('b', 40), 1), (second.Commit, second.FetchedFiles));
        Assert.Equal("[PAD]\n[UNK]\n", File.ReadAllText(Path.Combine(first.Folder, "vocab.txt")));
        Assert.Equal("[PAD]\n", File.ReadAllText(Path.Combine(second.Folder, "vocab.txt")));
        Assert.Equal(first.Commit, new HubClient(hub.Settings(temp.File("hub"))).Find(HubName.Parse($"{HubSamples.Name}@{first.Commit}"))!.Commit);
    }

    [Fact]
    public void A_revision_is_asked_for_by_its_name()
    {
        var model = hub.AddModel();
        model.Names.Add("refs/pr/3");
        Get($"{HubSamples.Name}@refs/pr/3");
        Assert.Equal("/api/models/owner/model/revision/refs%2Fpr%2F3?blobs=true", Targets[0]);
        Assert.Equal(model.Commit, File.ReadAllText(temp.File("hub/models--owner--model/refs/refs/pr/3")));
        Assert.All(Targets.Where(target => target.Contains("/resolve/", StringComparison.Ordinal)), target => Assert.StartsWith($"/owner/model/resolve/{model.Commit}/", target, StringComparison.Ordinal));
        Assert.Null(new HubClient(hub.Settings(temp.File("hub"))).Find(HubName.Parse(HubSamples.Name)));
    }

    [Fact]
    public void A_data_set_lies_with_its_folders()
    {
        hub.Add("datasets/owner/rows", ("data/train set.csv", HubSamples.Text("id,text\n")), ("README.md", [1]), ("rows.py", [2]));
        var snapshot = Get("datasets/owner/rows");
        Assert.Equal("id,text\n", File.ReadAllText(Path.Combine(snapshot.Folder, "data", "train set.csv")));
        Assert.Equal(temp.File($"hub/datasets--owner--rows/snapshots/{snapshot.Commit}"), snapshot.Folder);
        Assert.Equal(2, snapshot.Files.Count);
        Assert.Contains($"/datasets/owner/rows/resolve/{snapshot.Commit}/data/train%20set.csv", Targets);
    }

    [Fact]
    public void The_token_goes_to_the_hub_and_to_nobody_else()
    {
        using var storage = new LoopbackHub();
        hub.AddModel();
        hub.ShareWith(storage);
        hub.Storage = storage.Address;
        Get(change: settings => settings with { Token = "hf_secret" });
        Assert.All(hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Header("Authorization")));
        Assert.NotEmpty(storage.Requests);
        Assert.All(storage.Requests, request => Assert.Null(request.Header("Authorization")));
        Assert.DoesNotContain("hf_secret", (hub.Settings("x") with { Token = "hf_secret" }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_token_stays_with_a_repository_that_was_renamed()
    {
        hub.AddModel(name: "owner/new");
        hub.Alter = (request, reply) => request.Target.StartsWith("/api/models/owner/old", StringComparison.Ordinal)
            ? new HubReply(307, []).With("Location", request.Target.Replace("old", "new", StringComparison.Ordinal))
            : request.Target.StartsWith("/owner/old", StringComparison.Ordinal) ? new HubReply(307, []).With("Location", request.Target.Replace("old", "new", StringComparison.Ordinal)) : reply;
        Assert.Equal(3, Get("owner/old", change: settings => settings with { Token = "hf_secret" }).FetchedFiles);
        Assert.All(hub.Requests.Where(request => !request.Target.StartsWith("/storage", StringComparison.Ordinal)), request => Assert.Equal("Bearer hf_secret", request.Header("Authorization")));
    }

    [Fact]
    public void Without_tls_the_token_does_not_leave_the_machine()
    {
        Assert.True((hub.Settings("x") with { Endpoint = new("http://127.0.0.1:5/") }).MaySendToken);
        Assert.True((hub.Settings("x") with { Endpoint = new("https://hub.example/") }).MaySendToken);
        Assert.False((hub.Settings("x") with { Endpoint = new("http://hub.example/") }).MaySendToken);
    }

    [Fact]
    public void A_mirror_may_lie_below_a_path()
    {
        hub.AddModel();
        hub.Alter = (request, reply) => request.Target.StartsWith("/mirror/", StringComparison.Ordinal) ? new HubReply(307, []).With("Location", request.Target["/mirror".Length..]) : reply;
        Get(change: settings => settings with { Endpoint = new(hub.Address, "mirror") });
        Assert.StartsWith("/mirror/api/models/owner/model", Targets[0], StringComparison.Ordinal);
        Assert.Contains(Targets, target => target.StartsWith("/mirror/owner/model/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_the_list_knows_no_hashes_the_heads_of_the_files_do()
    {
        using var storage = new LoopbackHub();
        var model = hub.AddModel();
        hub.ShareWith(storage);
        hub.Storage = storage.Address;
        hub.Alter = (request, reply) => request.Target.StartsWith("/api/", StringComparison.Ordinal)
            ? LoopbackHub.Json(new JsonObject { ["sha"] = model.Commit, ["siblings"] = new JsonArray([.. model.Files.Select(file => new JsonObject { ["rfilename"] = file.Path })]) }) : reply;
        var snapshot = Get();
        Assert.Equal(3, hub.Requests.Count(request => request.Method == "HEAD"));
        Assert.All(storage.Requests, request => Assert.Equal("GET", request.Method));          // signed for it
        Assert.Equal(model.Files.Select(file => file.Hash).Order(StringComparer.Ordinal), snapshot.Files.Select(file => file.Hash).Order(StringComparer.Ordinal));
        Assert.Equal(model["model.safetensors"], File.ReadAllBytes(Path.Combine(snapshot.Folder, "model.safetensors")));
    }

    [Fact]
    public void What_cannot_be_verified_is_not_fetched()
    {
        var model = hub.AddModel();
        hub.Alter = (request, reply) => request.Target.StartsWith("/api/", StringComparison.Ordinal)
            ? LoopbackHub.Json(new JsonObject { ["sha"] = model.Commit, ["siblings"] = new JsonArray([.. model.Files.Select(file => new JsonObject { ["rfilename"] = file.Path })]) }) : reply.With("ETag", "\"5f-1a2b\"");
        Assert.Contains("could not be verified", Assert.Throws<HubException>(() => Get()).Message, StringComparison.Ordinal);
        Assert.Equal(0, hub.Sent);
    }

    [Fact]
    public void Chunks_are_asked_of_the_place_that_the_hub_named_until_that_runs_out()
    {
        var model = hub.AddModel(300_000);                     // five chunks of 64 KiB
        var asked = 0;
        hub.Alter = (request, reply) => request.Target.StartsWith("/storage/", StringComparison.Ordinal) && ++asked == 4 ? new(403, []) : reply;
        var snapshot = Get();
        Assert.Equal(model["model.safetensors"], File.ReadAllBytes(Path.Combine(snapshot.Folder, "model.safetensors")));
        Assert.Equal(2, Targets.Count(target => target.EndsWith("/model.safetensors", StringComparison.Ordinal)));
        Assert.Equal(6, asked);
        Assert.Equal(snapshot.Bytes, hub.Sent);
        var ranges = hub.Requests.Where(request => request.Target.StartsWith("/storage/", StringComparison.Ordinal)).ToArray();
        Assert.Null(ranges[0].Header("If-Range"));
        Assert.StartsWith("\"storage-", ranges[1].Header("If-Range"), StringComparison.Ordinal);
    }

    [Fact]
    public void News_say_what_comes_and_what_came()
    {
        var model = hub.AddModel();
        var news = new KeptHubNews();
        Get(news: news);
        var plan = Assert.Single(news.Of<HubPlanNews>());
        Assert.Equal(($"owner/model@{model.Commit}", 3, hub.Sent, hub.Sent), (plan.Name, plan.Files, plan.Bytes, plan.Missing));
        Assert.Equal(["config.json", "vocab.txt", "model.safetensors"], news.Of<HubFileNews>().Select(file => file.File));
        var bytes = news.Of<HubBytesNews>().Where(item => item.File == "model.safetensors").Select(item => item.Done).ToArray();
        Assert.Equal(bytes.Order(), bytes);
        Assert.Equal(300_000, bytes[^1]);
    }
}
