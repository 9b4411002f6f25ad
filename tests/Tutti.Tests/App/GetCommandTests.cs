using System.Text.Json.Nodes;
using Tutti.Tests.Hub;

namespace Tutti.Tests.App;

/// <summary><c>tutti get</c> as users meet it: what it prints, its exit codes, and what the environment changes.</summary>
public sealed class GetCommandTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly LoopbackHub hub = new();
    readonly HubRepository model;

    public GetCommandTests() => model = hub.AddModel();

    public void Dispose()
    {
        hub.Dispose();
        temp.Dispose();
    }

    Task<Outcome> Get(string[] args, params (string Name, string Value)[] environment) => GetProcess.Run(hub, temp, ["get", .. args], environment);

    string Folder => temp.File($"cache/hub/models--owner--model/snapshots/{model.Commit}");

    [Fact]
    public async Task It_says_what_was_fetched_and_where_it_lies()
    {
        var first = await Get([HubSamples.Name]);
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal($"owner/model@{model.Commit}: 3 files, 300.0 kB; 3 fetched (300.0 kB), 0 from the cache\nfolder: {Folder}\n", first.Out);
        Assert.Contains($"owner/model@{model.Commit}: 3 files, 300.0 kB; 300.0 kB to fetch\n", first.Error, StringComparison.Ordinal);
        Assert.Contains("model.safetensors: 300.0 kB, verified\n", first.Error, StringComparison.Ordinal);
        var again = await Get([HubSamples.Name]);
        Assert.Equal($"owner/model@{model.Commit}: 3 files, 300.0 kB; all from the cache\nfolder: {Folder}\n", again.Out);
        var offline = await Get([HubSamples.Name, "--offline"]);
        Assert.Equal((0, again.Out, ""), (offline.Code, offline.Out, offline.Error));
        foreach (var file in model.Files) Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(Folder, file.Path)));
    }

    [Fact]
    public async Task It_prints_json_for_machines()
    {
        var outcome = await Get([HubSamples.Name, "--json"]);
        var json = JsonNode.Parse(outcome.Out)!;
        Assert.Equal((HubSamples.Name, "main", model.Commit, Folder), ((string)json["name"]!, (string)json["revision"]!, (string)json["commit"]!, (string)json["folder"]!));
        Assert.Equal((3, hub.Sent, hub.Sent), ((int)json["fetchedFiles"]!, (long)json["fetchedBytes"]!, (long)json["bytes"]!));
        Assert.Equal(model.Files[2].Hash, (string)json["files"]!.AsArray().Single(file => (string)file!["path"]! == "model.safetensors")!["hash"]!);
    }

    [Fact]
    public async Task Wrong_input_is_said()
    {
        (await Get(["roberta-base"])).IsWrongInput("roberta-base", "expected owner/name");
        (await Get(["owner/absent"])).IsWrongInput("owner/absent", "nothing of that name", "HF_TOKEN");
        (await Get(["owner/model@v9"])).IsWrongInput("owner/model@v9", "not the revision 'v9'");
        (await Get([HubSamples.Name, "--offline"])).IsWrongInput("not in the cache", "tutti get owner/model");
        (await Get([HubSamples.Name], ("TUTTI_OFFLINE", "1"))).IsWrongInput("not in the cache");
        (await Get([HubSamples.Name], ("HF_HUB_OFFLINE", "true"))).IsWrongInput("not in the cache");
        (await Get([HubSamples.Name], ("TUTTI_CACHE", "off"))).IsWrongInput("TUTTI_CACHE");
        (await Get([HubSamples.Name], ("TUTTI_HUB", "hub.example"))).IsWrongInput("TUTTI_HUB", "expected the address of a hub");
        (await Get([HubSamples.Name], ("TUTTI_HUB_TIMEOUT", "soon"))).IsWrongInput("TUTTI_HUB_TIMEOUT", "expected seconds");
        (await Get([HubSamples.Name], ("HF_TOKEN", "two words"))).IsWrongInput("HF_TOKEN", "no token has");
        (await Get([])).IsWrongInput("get --help");
        Assert.Equal(0, hub.Sent);
    }

    [Fact]
    public async Task A_hub_that_fails_is_a_failure_of_one_line()
    {
        hub.Alter = (request, reply) => request.Target.StartsWith("/storage/", StringComparison.Ordinal) ? reply with { Body = new byte[reply.Body.Length] } : reply;
        var outcome = await Get([HubSamples.Name]);
        Assert.Equal((1, ""), (outcome.Code, outcome.Out));
        var last = outcome.Error.TrimEnd().Split('\n')[^1];
        Assert.StartsWith("tutti: owner/model/model.safetensors: the bytes that came are others than the hub lists", last, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_is_sent_from_the_variable_or_the_file_and_never_printed()
    {
        Directory.CreateDirectory(temp.File("huggingface"));
        temp.Write("huggingface/token", "hf_of_the_file\n");
        var outcome = await Get([HubSamples.Name]);
        Assert.Equal(0, outcome.Code);
        Assert.Equal("Bearer hf_of_the_file", hub.Requests[0].Header("Authorization"));
        hub.Alter = (_, _) => LoopbackHub.Refusal(401, null);
        var refused = await Get([HubSamples.Name, "--verbose"], ("HF_TOKEN", "hf_of_the_variable"));
        Assert.Equal("Bearer hf_of_the_variable", hub.Requests[^1].Header("Authorization"));
        Assert.Equal(2, refused.Code);
        Assert.Contains("does not accept the token of HF_TOKEN (401)", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_of", outcome.Out + outcome.Error + refused.Out + refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_is_asked_where_one_is_named()
    {
        var outcome = await Get([HubSamples.Name], ("HF_ENDPOINT", "http://hub.invalid"), ("http_proxy", hub.Address.OriginalString), ("HF_TOKEN", "hf_secret"));
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Equal("http://hub.invalid/api/models/owner/model/revision/main?blobs=true", hub.Requests[0].Target);
        Assert.All(hub.Requests, request => Assert.Null(request.Header("Authorization")));     // not without TLS
    }

    [Fact]
    public async Task Ctrl_c_keeps_what_came_and_the_same_command_goes_on()
    {
        Signal.SkipWhereThereAreNone();
        hub.Alter = (request, reply) => request.Range?.From >= 0 || reply.Body.Length < 300_000 ? reply : reply with { StallAfter = 200_000 };
        using var process = GetProcess.Start(hub, temp, ["get", HubSamples.Name]);
        var partial = temp.File($"cache/hub/models--owner--model/blobs/{model.Files[2].Hash}.partial");
        while (!File.Exists(partial) || new FileInfo(partial).Length < 200_000) await Task.Delay(5, TestContext.Current.CancellationToken);
        Signal.Send(process, Signal.Interrupt);
        var outcome = await CommandLine.Ended(process);
        Assert.Equal((130, ""), (outcome.Code, outcome.Out));
        Assert.EndsWith("tutti: interrupted; what was downloaded is kept, the same command goes on from there\n", outcome.Error, StringComparison.Ordinal);
        hub.Alter = null;
        var again = await Get([HubSamples.Name]);
        Assert.Contains("model.safetensors: goes on after 200000 of 300000 bytes", again.Error, StringComparison.Ordinal);
        Assert.Contains("1 fetched (100.0 kB), 2 from the cache", again.Out, StringComparison.Ordinal);
        Assert.Equal(model.Files.Sum(file => file.Content.Length), hub.Sent);
    }

    [Fact]
    public async Task Two_processes_at_once_fetch_each_file_once()
    {
        var outcomes = await Task.WhenAll(Get([HubSamples.Name]), Get([HubSamples.Name]));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, outcome.Error));
        Assert.Equal(model.Files.Sum(file => file.Content.Length), hub.Sent);
        foreach (var file in model.Files) Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(Folder, file.Path)));
    }

    [Fact]
    public void Help_names_the_command_and_its_variables()
    {
        Assert.Contains("get <NAME>", CommandLine.Run("--help").Out, StringComparison.Ordinal);
        var help = CommandLine.Run("get", "--help").Out;
        Assert.All(["HF_ENDPOINT", "HF_TOKEN", "TUTTI_CACHE", "--offline", "--json"], word => Assert.Contains(word, help, StringComparison.Ordinal));
    }
}
