using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tutti.App;

/// <summary>How a set of ranks ended.</summary>
/// <param name="Code">The exit code of the rank that ended it; 0 where all came to their end.</param>
/// <param name="Rank">That rank.</param>
/// <param name="Reason">What became of it, as words behind "rank n".</param>
sealed record RanksEnd(int Code, int? Rank = null, string Reason = "");

/// <summary>
/// Several processes of one command on this machine, told who they are by torch.distributed's variables (<c>RANK</c>, <c>LOCAL_RANK</c>, <c>WORLD_SIZE</c>, <c>MASTER_ADDR</c>, <c>MASTER_PORT</c>), as torchrun does.
/// Rank 0 has this terminal; lines of the others come with their rank before them.
/// </summary>
/// <param name="command">The command line that each of them is.</param>
/// <param name="count">Processes.</param>
sealed class RankProcesses(IReadOnlyList<string> command, int count)
{
    /// <summary>Set for what a launcher starts: it ends when its standard input does.</summary>
    public const string Variable = "TUTTI_LAUNCHED";

    /// <summary>How long the others have to notice by themselves that a rank is gone and say so, before they are asked to end; and after that, before they are killed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From being asked to end to being killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Where the ranks meet; 0: a free port.</summary>
    public int Port { get; init; }

    /// <summary>Runs them all to their end, or to the end of the first that fails.</summary>
    /// <param name="attempt">How often they were started before.</param>
    public RanksEnd Run(int attempt, CancellationToken cancel)
    {
        var port = Port == 0 ? FreePort() : Port;
        var ranks = new Process[count];
        var lines = new List<Task>();
        try
        {
            for (var rank = 0; rank < count; rank++)
            {
                ranks[rank] = Process.Start(Start(rank, port, attempt))!;
                if (rank > 0) lines.AddRange(Forward(ranks[rank].StandardOutput, rank), Forward(ranks[rank].StandardError, rank));
            }
            return Wait(ranks, cancel);
        }
        finally
        {
            foreach (var process in ranks.Where(process => process is { HasExited: false }))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();                        // nobody writes to the run after the launcher's end
            }
            Task.WaitAll(lines, CancellationToken.None);
            foreach (var process in ranks) process?.Dispose();
        }
    }

    RanksEnd Wait(Process[] ranks, CancellationToken cancel)
    {
        var running = Enumerable.Range(0, count).ToDictionary(rank => ranks[rank].WaitForExitAsync(CancellationToken.None));
        var stopped = cancel.IsCancellationRequested ? Task.CompletedTask : Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        while (running.Count > 0)
        {
            var first = Task.WhenAny([.. running.Keys, stopped]).GetAwaiter().GetResult();
            if (first == stopped)
            {
                End(ranks, running.Keys, TimeSpan.Zero);
                return new(Session.Interrupted);
            }
            running.Remove(first, out var rank);
            if (ranks[rank].ExitCode is var code && code == 0) continue;
            End(ranks, running.Keys, code == Session.Interrupted ? TimeSpan.Zero : Patience);
            return new(code, rank, code > 128 && code != Session.Interrupted ? FormattableString.Invariant($"was ended by signal {code - 128}") : FormattableString.Invariant($"ended with exit code {code}"));
        }
        return new(0);
    }

    void End(Process[] ranks, IEnumerable<Task> running, TimeSpan patience)
    {
        var all = Task.WhenAll(running);
        if (all.Wait(patience)) return;
        foreach (var process in ranks) OwnProgram.Ask(process);
        all.Wait(Grace);
    }

    ProcessStartInfo Start(int rank, int port, int attempt)
    {
        var start = OwnProgram.With(command);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = start.RedirectStandardError = rank > 0;
        foreach (var (name, value) in new[] { ("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", count), ("LOCAL_WORLD_SIZE", count), ("MASTER_PORT", port), ("TORCHELASTIC_RESTART_COUNT", attempt) })
            start.Environment[name] = value.ToString(CultureInfo.InvariantCulture);
        (start.Environment["MASTER_ADDR"], start.Environment[Variable]) = ("127.0.0.1", "1");
        // As many threads in each as there are cores for it; torchrun gives one.
        start.Environment.TryAdd("OMP_NUM_THREADS", Math.Max(1, Environment.ProcessorCount / count).ToString(CultureInfo.InvariantCulture));
        return start;
    }

    static Task Forward(StreamReader from, int rank) => Task.Run(() =>
    {
        while (from.ReadLine() is { } line) Session.Error.WriteLine(FormattableString.Invariant($"rank {rank}: {line}"));
    });

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
