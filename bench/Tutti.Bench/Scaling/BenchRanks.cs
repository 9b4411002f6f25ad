using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Torch;

namespace Tutti.Bench.Scaling;

/// <summary>This program as several processes of this machine that measure together; rank 0's lines are what they found.</summary>
static class BenchRanks
{
    /// <summary>The first word of the command line of such a process.</summary>
    public const string Word = "as-a-rank";

    /// <summary>The last line's.</summary>
    const string Processors = "processor_seconds";

    /// <summary>Threads of each of several processes: the cores are divided, and none has less than one.</summary>
    public static int Threads(int processes) => Math.Max(1, Environment.ProcessorCount / processes);

    /// <summary>Runs some work in so many processes.</summary>
    /// <param name="processes">One is no rank: it is alone, with one thread as the others of a full machine have.</param>
    /// <param name="work">Which, with its arguments.</param>
    /// <returns>The lines of rank 0.</returns>
    public static JsonObject[] Run(int processes, params string[] work) => Run(processes, out _, work);

    /// <param name="processors">Processor seconds of all of them.</param>
    public static JsonObject[] Run(int processes, out double processors, params string[] work)
    {
        var port = FreePort();
        var ranks = Enumerable.Range(0, processes).Select(rank => Process.Start(Start(rank, processes, port, work))!).ToArray();
        try
        {
            List<JsonObject> lines = [];
            while (ranks[0].StandardOutput.ReadLine() is { } line) lines.Add(JsonNode.Parse(line)!.AsObject());
            foreach (var process in ranks) process.WaitForExit();
            if (Array.FindIndex(ranks, process => process.ExitCode != 0) is var failed and >= 0) throw new InvalidOperationException(FormattableString.Invariant($"rank {failed} of {processes} ended with code {ranks[failed].ExitCode}; its message stands above"));
            processors = (double)lines[^1][Processors]!;
            return [.. lines.SkipLast(1)];
        }
        finally
        {
            foreach (var process in ranks)
            {
                if (!process.HasExited) process.Kill();
                process.Dispose();
            }
        }
    }

    /// <summary>What such a process does.</summary>
    /// <param name="args">Its command line, without <see cref="Word"/>.</param>
    public static int Follow(string[] args)
    {
        var at = Rendezvous.Of(Environment.GetEnvironmentVariable);
        using var ranks = at is null ? null : Ranks.Join(at);
        foreach (var line in RankWork.Do(ranks, args))
            if (ranks is null || ranks.IsFirst) Console.WriteLine(line.ToJsonString());
        var own = Environment.CpuUsage.TotalTime.TotalSeconds;
        var all = ranks?.Reduce([own], ReduceKind.Sum)[0] ?? own;
        if (ranks is null || ranks.IsFirst) Console.WriteLine(new JsonObject { [Processors] = all }.ToJsonString());
        ranks?.Leave();
        return 0;
    }

    static ProcessStartInfo Start(int rank, int processes, int port, string[] work)
    {
        var (program, library) = (Environment.ProcessPath!, Assembly.GetExecutingAssembly().Location);
        var start = new ProcessStartInfo(program, Path.GetFileNameWithoutExtension(program) == Path.GetFileNameWithoutExtension(library) ? [Word, .. work] : [library, Word, .. work]) { RedirectStandardOutput = true };
        foreach (var (name, value) in new[] { ("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", processes), ("MASTER_PORT", port), ("OMP_NUM_THREADS", processes == 1 ? 1 : Threads(processes)) })
            start.Environment[name] = value.ToString(CultureInfo.InvariantCulture);
        start.Environment["MASTER_ADDR"] = "127.0.0.1";
        return start;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>What processes of this machine share, for a table's foot.</summary>
    public static string Conditions(int processes) => FormattableString.Invariant($"{processes} processes of {Threads(processes)} thread(s) on {Environment.ProcessorCount} cores, Gloo over the loopback, libtorch {Engine.Version}");
}
