using System.Diagnostics;
using System.Globalization;

namespace Tutti.Bench;

/// <summary>What could have disturbed a measurement.</summary>
/// <param name="Others">Cores that other processes kept busy on average, or NaN where the system does not say.</param>
/// <param name="IdlePeer">Cores that the peer kept busy while ours ran: it should wait.</param>
/// <param name="IdleOurs">Cores that ours kept busy while the peer ran.</param>
sealed record Surroundings(double Others, double IdlePeer, double IdleOurs)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"cores kept busy by other processes {Others:0.00}, by the peer while it waited {IdlePeer:0.000}, by ours while it waited {IdleOurs:0.000}");
}

/// <summary>Watches processor times over the measured rounds.</summary>
sealed class Watch
{
    double busy, ours, peers, idlePeer, idleOurs, ourWall, theirWall;
    long begun;

    public void Begin(Peer? peer)
    {
        (busy, ours, peers, begun) = (Machine.BusySeconds(), Own(), peer?.CpuSeconds ?? 0, Stopwatch.GetTimestamp());
        (idlePeer, idleOurs, ourWall, theirWall) = (0, 0, 0, 0);
    }

    public Round Ours(Peer? peer, Func<Round> run)
    {
        var (cpu, clock) = (peer?.CpuSeconds ?? 0, Stopwatch.GetTimestamp());
        var round = run();
        idlePeer += (peer?.CpuSeconds ?? 0) - cpu;
        ourWall += Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return round;
    }

    public Round Theirs(Func<Round> run)
    {
        var (cpu, clock) = (Own(), Stopwatch.GetTimestamp());
        var round = run();
        idleOurs += Own() - cpu;
        theirWall += Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return round;
    }

    /// <param name="children">Processor seconds of processes that this one started, and that have ended.</param>
    public Surroundings End(Peer? peer, double children = 0)
    {
        var wall = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var known = Own() - ours + children + (peer is null ? 0 : peer.CpuSeconds - peers);
        return new(Math.Max(0, (Machine.BusySeconds() - busy - known) / wall), ourWall > 0 ? idlePeer / ourWall : 0, theirWall > 0 ? idleOurs / theirWall : 0);
    }

    static double Own() => Environment.CpuUsage.TotalTime.TotalSeconds;
}
