using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Hub;
using Tutti.Torch;

namespace Tutti.App.Commands;

static class GetCommand
{
    static readonly JsonSerializerOptions indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    static readonly Argument<string> name = new("NAME") { Description = "owner/name of a model, or datasets/owner/name; with @revision for another than main." };
    static readonly Option<bool> offline = new("--offline") { Description = "Ask nobody: say where it lies in the cache, or that it does not." };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("get", "Download a model or data set of the Hugging Face hub into the cache: only the needed files, verified; the same command goes on after an interruption. Mirror: HF_ENDPOINT; token: HF_TOKEN; place: TUTTI_CACHE.") { name, offline, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Get(HubName.Parse(parsed.GetRequiredValue(name)), parsed.GetValue(offline), parsed.GetValue(json)), "what was downloaded is kept"));
        return command;
    }

    static int Get(HubName wanted, bool isOffline, bool asJson)
    {
        var client = new HubClient(HubSettings.OfUser(isOffline));
        var snapshot = Watch.Bars((console, bars) => client.Get(wanted, new DownloadWatch(bars, text => Watch.Line(console, bars, text)), Session.Cancel));
        if (asJson)
        {
            Show.Line(Json(snapshot).ToJsonString(indented));
            return 0;
        }
        var cached = snapshot.Files.Count - snapshot.FetchedFiles;
        Show.Line(FormattableString.Invariant($"{snapshot.Name.Repository}@{snapshot.Commit}: {snapshot.Files.Count} files, {MemoryStats.Text(snapshot.Bytes)}; ")
            + (snapshot.FetchedFiles == 0 ? "all from the cache" : FormattableString.Invariant($"{snapshot.FetchedFiles} fetched ({MemoryStats.Text(snapshot.FetchedBytes)}), {cached} from the cache")));
        Show.Line($"folder: {snapshot.Folder}");
        return 0;
    }

    static JsonObject Json(HubSnapshot snapshot) => new()
    {
        ["name"] = snapshot.Name.Repository,
        ["revision"] = snapshot.Name.Revision,
        ["commit"] = snapshot.Commit,
        ["folder"] = snapshot.Folder,
        ["bytes"] = snapshot.Bytes,
        ["fetchedFiles"] = snapshot.FetchedFiles,
        ["fetchedBytes"] = snapshot.FetchedBytes,
        ["files"] = JsonSerializer.SerializeToNode(snapshot.Files, indented),
    };
}
