using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tutti.Tests.App;

namespace Tutti.Tests.Distributed;

/// <summary>Processes that train together on this machine, started as a launcher would.</summary>
sealed class RankProcesses : IDisposable
{
    readonly Process[] processes;
    readonly Task<string>[] outputs, errors;
    readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="size">Their number.</param>
    /// <param name="start">The process of a rank, without the variables of a launcher.</param>
    RankProcesses(int size, Func<int, ProcessStartInfo> start)
    {
        var port = FreePort();
        processes = [.. Enumerable.Range(0, size).Select(rank =>
        {
            var info = start(rank);
            var variables = new Dictionary<string, string> { ["MASTER_ADDR"] = "127.0.0.1", ["MASTER_PORT"] = Text(port), ["WORLD_SIZE"] = Text(size), ["RANK"] = Text(rank), ["LOCAL_RANK"] = Text(rank) };
            foreach (var (name, value) in variables) info.Environment[name] = value;
            return Process.Start(info)!;
        })];
        outputs = [.. processes.Select(process => process.StandardOutput.ReadToEndAsync())];
        errors = [.. processes.Select(Errors)];
    }

    /// <summary>Rank 0 has said that all are there; or it ended before.</summary>
    public Task Joined => joined.Task;

    async Task<string> Errors(Process process)
    {
        var text = new StringBuilder();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            text.Append(line).Append('\n');
            if (process == processes[0] && line.Contains("processes train together", StringComparison.Ordinal)) joined.TrySetResult();
        }
        if (process == processes[0]) joined.TrySetResult();
        return text.ToString();
    }

    /// <summary>A command line in every rank.</summary>
    public static RankProcesses Tutti(int size, Func<int, IEnumerable<string>> args) => new(size, rank => CommandLine.AsProcess(1, args(rank)));

    /// <summary>What <see cref="RankWorker"/> does, in every rank.</summary>
    /// <param name="folder">For what it leaves behind.</param>
    /// <param name="what">Its method.</param>
    public static RankProcesses Workers(int size, string folder, string what = nameof(RankWorker.Works_through_its_tasks)) => new(size, _ =>
        new("dotnet", [typeof(RankWorker).Assembly.Location, "-noColor", "-noLogo", "-explicit", "only", "-method", $"{typeof(RankWorker).FullName}.{what}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMP_NUM_THREADS"] = "1", [RankWorker.Folder] = folder },
        });

    public Process this[int rank] => processes[rank];

    /// <summary>Waits for all; those that do not end in time are killed.</summary>
    public Outcome[] Ended(TimeSpan most)
    {
        var begun = Stopwatch.GetTimestamp();
        foreach (var process in processes)
            if (!process.WaitForExit(Left(most, begun))) Dispose();
        return [.. processes.Select((process, rank) =>
        {
            process.WaitForExit();
            return new Outcome(process.ExitCode, outputs[rank].GetAwaiter().GetResult(), errors[rank].GetAwaiter().GetResult());
        })];
    }

    public void Dispose()
    {
        foreach (var process in processes)
            if (!process.HasExited) process.Kill();
    }

    static TimeSpan Left(TimeSpan most, long begun) => most - Stopwatch.GetElapsedTime(begun) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
