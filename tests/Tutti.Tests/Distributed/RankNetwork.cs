using System.Diagnostics;
using System.Globalization;
using Tutti.Tests.App;

namespace Tutti.Tests.Distributed;

/// <summary>
/// Ranks in network namespaces of their own, as on separate machines: each has an address, and its link can be cut, delayed or made lossy. Links are veth pairs on a bridge; where tc has no netem, links
/// that are to be delayed or lossy are tun devices between which <see cref="UserWire"/> carries the packets.
/// </summary>
sealed class RankNetwork : IDisposable
{
    static readonly Lazy<string?> whyNot = new(Probe);

    readonly string name = FormattableString.Invariant($"tt{Environment.ProcessId % 100000}");
    readonly int size;
    readonly UserWire? wire;

    /// <param name="size">Ranks.</param>
    /// <param name="worse">The rank whose link is to be worse than others.</param>
    /// <param name="delay">Of what it sends.</param>
    /// <param name="loss">Share of its packets that get lost.</param>
    public RankNetwork(int size, int worse = 0, TimeSpan delay = default, double loss = 0)
    {
        Assert.SkipUnless(whyNot.Value is null, whyNot.Value ?? "");
        this.size = size;
        try
        {
            Ip($"netns add {name}-hub");
            Ip($"-n {name}-hub link add name bridge type bridge");
            Ip($"-n {name}-hub link set bridge up");
            var emulated = delay > default(TimeSpan) || loss > 0;
            wire = emulated && !HasNetem() ? new(size, worse, delay, loss) : null;
            for (var rank = 0; rank < size; rank++) Join(rank);
            if (emulated && wire is null)
                Tool("tc", FormattableString.Invariant($"-n {Namespace(worse)} qdisc add dev eth0 root netem {(delay > default(TimeSpan) ? FormattableString.Invariant($"delay {delay.TotalMilliseconds}ms") : "")} {(loss > 0 ? FormattableString.Invariant($"loss {100 * loss}%") : "")}"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static string Address(int rank) => FormattableString.Invariant($"10.77.0.{rank + 1}");

    string Namespace(int rank) => FormattableString.Invariant($"{name}-{rank}");

    void Join(int rank)
    {
        var space = Namespace(rank);
        Ip($"netns add {space}");
        if (wire is not null)
        {
            var device = wire.Open(rank);
            Ip($"link set {device} netns {space}");
            Ip($"-n {space} link set {device} name eth0");
        }
        else
        {
            Ip($"link add name eth0 netns {space} type veth peer name port{rank} netns {name}-hub");
            Ip($"-n {name}-hub link set port{rank} master bridge up");
        }
        Ip($"-n {space} address add {Address(rank)}/24 dev eth0");
        Ip($"-n {space} link set lo up");
        Ip($"-n {space} link set eth0 up");
    }

    /// <summary>Nothing gets through to a rank or from it, and nobody is told.</summary>
    public void Cut(int rank) => Ip($"-n {name}-hub link set port{rank} down");

    public void Restore(int rank) => Ip($"-n {name}-hub link set port{rank} up");

    /// <summary>Starts a command line as a rank.</summary>
    public Process Start(int rank, string[] args, params (string Name, string Value)[] environment) =>
        RankCommand.Start(rank, size, Address(0), 29577, args, ["ip", "netns", "exec", Namespace(rank)], environment);

    public void Dispose()
    {
        wire?.Dispose();
        foreach (var space in Enumerable.Range(0, size).Select(Namespace).Append($"{name}-hub"))
            using (var process = Process.Start(Quiet("ip", $"netns delete {space}"))!) process.WaitForExit();
    }

    /// <summary>Why there can be none here, or null.</summary>
    static string? Probe()
    {
        if (!OperatingSystem.IsLinux()) return "network namespaces are Linux's";
        try
        {
            var probe = FormattableString.Invariant($"ttp{Environment.ProcessId}");
            Ip($"netns add {probe}");
            try
            {
                Ip($"-n {probe} link add name one type veth peer name other");
                Ip($"-n {probe} link add name bridge type bridge");
            }
            finally
            {
                Ip($"netns delete {probe}");
            }
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"network namespaces are not permitted here: {e.Message}";
        }
    }

    bool HasNetem()
    {
        try
        {
            Tool("tc", $"-n {name}-hub qdisc add dev bridge root netem delay 1ms");
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    static void Ip(string arguments) => Tool("ip", arguments);

    static void Tool(string program, string arguments)
    {
        using var process = Process.Start(Quiet(program, arguments))!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{program} {arguments}: {said.Trim()}"));
    }

    static ProcessStartInfo Quiet(string program, string arguments) => new(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
}
