using Tutti.Hub;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Tests.Hub;

namespace Tutti.Tests.Recipes;

/// <summary>Members whose model is named on the hub.</summary>
[Collection(RunCollection.Name)]
public sealed class HubModelsTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly LoopbackHub hub = new();
    readonly HubRepository model;
    readonly string trained;

    public HubModelsTests(TinyRun run)
    {
        TinyRun.Write(temp);
        trained = new RunFolder(run.Folder).Cell("small", 1, 0).Checkpoint;
        model = hub.Add("owner/tiny-bert", [.. Directory.GetFiles(trained).Select(file => (Path.GetFileName(file), File.ReadAllBytes(file)))]);
    }

    public void Dispose()
    {
        hub.Dispose();
        temp.Dispose();
    }

    HubSettings Settings => hub.Settings(temp.File("hub"));

    Recipe Load(string spec) => Recipe.Load(temp.File("recipe.yaml"), $"members=[ {{ model: {spec} }} ]", "train.epochs=1");

    RunResult Train(Recipe recipe, KeptNews? news = null, HubSettings? settings = null)
    {
        using var thread = new OneThread();
        return new Run(recipe, temp.File("run")) { Hub = settings ?? Settings }.Train(news, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_run_fetches_the_model_and_records_its_commit_and_the_hashes_of_its_files()
    {
        var (recipe, news) = (Load("owner/tiny-bert"), new KeptNews());
        Assert.Equal("owner/tiny-bert", recipe.Members[0].Model.Hub);
        Train(recipe, news);
        Assert.Equal(2, news.Trained.Length);
        Assert.Contains(news.All.OfType<DownloadNews>(), item => item is { Member: "tiny-bert", News: HubPlanNews });
        var weights = model.Files.Single(file => file.Path == "model.safetensors");
        var yaml = File.ReadAllText(temp.File("run/recipe.yaml"));
        Assert.Contains($"# source of tiny-bert: owner/tiny-bert@{model.Commit}\n", yaml, StringComparison.Ordinal);
        Assert.Contains($"model.safetensors sha256:{weights.Hash}", yaml, StringComparison.Ordinal);
        Assert.Contains($"config.json git-sha1:{model.Files.Single(file => file.Path == "config.json").Hash}", yaml, StringComparison.Ordinal);
        Assert.Equal("owner/tiny-bert", Recipe.Load(temp.File("run/recipe.yaml")).Members[0].Model.Hub);
        var started = EventLog.Read(temp.File("run/events.jsonl"))[0].Fields;
        Assert.Equal($"owner/tiny-bert@{model.Commit}", (string)started["source of tiny-bert"]!);
        Assert.Equal(64, ((string)started["weights of tiny-bert"]!).Length);
    }

    [Fact]
    public void A_run_goes_on_with_the_model_that_it_has_whatever_the_hub_says()
    {
        Train(Load("owner/tiny-bert"));
        var asked = hub.Requests.Length;
        model.Commit = new('b', 40);
        model.Files.RemoveAll(file => file.Path == "model.safetensors");
        var news = new KeptNews();
        Train(Load("owner/tiny-bert"), news);
        Assert.Equal((0, 2), (news.Trained.Length, news.Skipped.Length));
        Assert.Equal(asked, hub.Requests.Length);
        Train(Load("owner/tiny-bert"), news, Settings with { Offline = true });
        Assert.Equal(asked, hub.Requests.Length);
    }

    [Fact]
    public void The_same_files_in_a_folder_are_the_same_model()
    {
        Train(Load("owner/tiny-bert"));
        var news = new KeptNews();
        Train(Load($"{{ folder: '{trained}' }}") with { Members = [new() { Model = trained, Name = "tiny-bert" }] }, news);
        Assert.Equal((0, 2), (news.Trained.Length, news.Skipped.Length));
    }

    [Fact]
    public void A_folder_that_is_there_is_a_folder()
    {
        Directory.CreateDirectory(temp.File("owner/tiny-bert"));
        Assert.Equal((temp.File("owner/tiny-bert"), null), (Load("owner/tiny-bert").Members[0].Model.Folder, Load("owner/tiny-bert").Members[0].Model.Hub));
        Assert.Equal((null, "owner/tiny-bert"), (Load("{ hub: owner/tiny-bert }").Members[0].Model.Folder, Load("{ hub: owner/tiny-bert }").Members[0].Model.Hub));
    }

    [Theory]
    [InlineData("models")]
    [InlineData("./models/tiny")]
    [InlineData("../models")]
    [InlineData("a/b/c")]
    public void Other_paths_are_never_names_of_the_hub(string path)
    {
        var spec = Load(path).Members[0].Model;
        Assert.Equal((Path.GetFullPath(path, temp.Path), null), (spec.Folder, spec.Hub));
    }

    [Fact]
    public void A_revision_is_a_part_of_the_name()
    {
        model.Names.Add("v1");
        var recipe = Load("owner/tiny-bert@v1");
        Assert.Equal(("owner/tiny-bert@v1", "tiny-bert-v1"), (recipe.Members[0].Model.Hub, recipe.Members[0].Name));
        HubModels.Fetch(recipe, Settings, cancel: TestContext.Current.CancellationToken);
        Assert.Equal("/api/models/owner/tiny-bert/revision/v1?blobs=true", hub.Requests[0].Target);
    }

    [Theory]
    [InlineData("{ hub: tiny-bert }", "model.hub", "expected the name of a model on the hub")]
    [InlineData("{ hub: datasets/owner/rows }", "model.hub", "expected the name of a model on the hub")]
    [InlineData("{ hub: owner/tiny-bert, folder: x }", "model.hub", "keep one of them")]
    [InlineData("{ hub: owner/tiny-bert, kind: bert }", "model.hub", "keep one of them")]
    public void A_wrong_name_is_said_with_its_key(string spec, params string[] naming)
    {
        var error = Assert.Throws<ConfigException>(() => Load(spec));
        Assert.All(naming, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_name_that_is_neither_folder_nor_model_says_both()
    {
        var error = Assert.Throws<ConfigException>(() => Train(Load("models/tinny-bert")));
        Assert.Contains("members.tinny-bert.model: no such folder, and as a model of the hub: models/tinny-bert: ", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Fact]
    public void A_hub_that_fails_leaves_no_run_folder()
    {
        hub.Alter = (_, _) => new(418, []);
        var error = Assert.Throws<HubException>(() => Train(Load("owner/tiny-bert")));
        Assert.Contains("members.tiny-bert.model: owner/tiny-bert", error.Message, StringComparison.Ordinal);
        Assert.Contains("answered 418", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Fact]
    public async Task The_commands_fetch_what_a_recipe_names()
    {
        string[] recipe = [temp.File("recipe.yaml"), "--set", "members=[ { model: owner/tiny-bert } ]", "--set", "train.epochs=1"];
        var offline = await GetProcess.Run(hub, temp, ["train", .. recipe, "--run", temp.File("run"), "--offline"]);
        Assert.Equal(2, offline.Code);
        Assert.Contains("is not in the cache", offline.Error, StringComparison.Ordinal);
        offline = await GetProcess.Run(hub, temp, ["memory", .. recipe, "--offline"]);
        Assert.Equal(2, offline.Code);
        Assert.Contains("is not in the cache", offline.Error, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);
        var memory = await GetProcess.Run(hub, temp, ["memory", .. recipe]);
        Assert.True(memory.Code == 0, memory.Error);
        Assert.StartsWith("tiny-bert: ", memory.Out, StringComparison.Ordinal);
        Assert.Contains("model.safetensors: ", memory.Error, StringComparison.Ordinal);
        var sent = hub.Sent;
        memory = await GetProcess.Run(hub, temp, ["memory", .. recipe, "--offline"]);
        Assert.True(memory.Code == 0, memory.Error);
        var train = await GetProcess.Run(hub, temp, ["train", .. recipe, "--run", temp.File("run"), "--offline"]);
        Assert.True(train.Code == 0, train.Error);
        Assert.Equal(sent, hub.Sent);
    }
}
