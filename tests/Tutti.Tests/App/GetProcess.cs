using System.Diagnostics;
using Tutti.Tests.Hub;

namespace Tutti.Tests.App;

/// <summary>A <c>tutti get</c> as a process with nothing of this machine's settings: a hub, a cache, and no token.</summary>
static class GetProcess
{
    static readonly string[] variables = ["TUTTI_HUB", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TUTTI_OFFLINE", "TUTTI_HUB_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT",
        "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

    public static Process Start(LoopbackHub hub, TempFolder temp, string[] args, params (string Name, string Value)[] environment)
    {
        var start = CommandLine.AsProcess(1, args);
        foreach (var name in variables) start.Environment.Remove(name);
        (string Name, string Value)[] own = [("HF_ENDPOINT", hub.Address.OriginalString), ("TUTTI_CACHE", temp.File("cache")), ("HF_HOME", temp.File("huggingface"))];
        foreach (var (name, value) in own.Concat(environment)) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task<Outcome> Run(LoopbackHub hub, TempFolder temp, string[] args, params (string Name, string Value)[] environment)
    {
        using var process = Start(hub, temp, args, environment);
        return await CommandLine.Ended(process);
    }
}
