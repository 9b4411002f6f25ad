using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tutti.Tests.App;

/// <summary>The command line as one rank of several, as a launcher would start it.</summary>
static class RankCommand
{
    /// <param name="rank">Which.</param>
    /// <param name="size">Of how many.</param>
    /// <param name="address">Of rank 0.</param>
    /// <param name="port">Where they meet.</param>
    /// <param name="args">The command line.</param>
    /// <param name="before">A program that starts it, with its arguments.</param>
    /// <param name="environment">What else this rank has.</param>
    public static Process Start(int rank, int size, string address, int port, string[] args, string[]? before = null, params (string Name, string Value)[] environment)
    {
        var plain = CommandLine.AsProcess(1, args);
        string[] words = [.. before ?? [], plain.FileName, .. plain.ArgumentList];
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in (IEnumerable<(string, string)>)[("OMP_NUM_THREADS", "1"), ("RANK", Text(rank)), ("LOCAL_RANK", Text(rank)), ("WORLD_SIZE", Text(size)), ("MASTER_ADDR", address), ("MASTER_PORT", Text(port)), .. environment])
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Starts all ranks on this machine, each with its own command line, and waits for them.</summary>
    public static async Task<Outcome[]> RunAll(params string[][] args)
    {
        var port = FreePort();
        var processes = args.Select((own, rank) => Start(rank, args.Length, "127.0.0.1", port, own)).ToArray();
        return await Ended(processes);
    }

    /// <summary>Waits for all.</summary>
    public static async Task<Outcome[]> Ended(Process[] processes)
    {
        try
        {
            return await Task.WhenAll(processes.Select(CommandLine.Ended));
        }
        finally
        {
            foreach (var process in processes)
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
                process.Dispose();
            }
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
