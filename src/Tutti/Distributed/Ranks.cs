using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>
/// Processes that train one model together: who they are, and what they do in step. All of them call the same collectives in the same order. Every wait ends when a process is lost.
/// </summary>
public sealed class Ranks : IDisposable
{
    static readonly TimeSpan slice = TimeSpan.FromSeconds(0.2);

    readonly KeyStore store;
    readonly Rendezvous at;
    readonly string[] names;
    readonly string interfaces, address;
    readonly Liveness liveness;
    readonly ProcessGroup group;
    readonly Dictionary<string, ProcessGroup> others = [];
    long ordered, apart, begun;                                // orders, times apart, and collectives that were waited for

    Ranks(Rendezvous at, RankOptions options, KeyStore store, string[] names, Action<RankLostException>? overdue)
    {
        (this.at, Options, this.store, this.names) = (at, options, store, names);
        interfaces = Environment.GetEnvironmentVariable("GLOO_SOCKET_IFNAME") ?? "";
        address = interfaces.Length > 0 ? "" : AddressTowards(at);
        liveness = new(Open(at, options, server: false), at, options, NameOf, () => Volatile.Read(ref begun), overdue);
        try
        {
            group = Group("control", GroupKind.Gloo);
        }
        catch (TorchException e)
        {
            throw new RankLostException(at.Rank, $"{NameOf(at.Rank)} cannot reach the others ({e.Message}); set GLOO_SOCKET_IFNAME to the network interface that they share", e);
        }
    }

    /// <summary>Meets the others.</summary>
    /// <param name="at">Where and who.</param>
    /// <param name="options">The same in all processes.</param>
    /// <param name="overdue">Called on another thread where this process has not ended some seconds after a loss became known: it hangs somewhere else.</param>
    /// <exception cref="ConfigException">This build cannot, the port is taken, or the options of processes differ.</exception>
    /// <exception cref="RankLostException">Not all came in time.</exception>
    public static Ranks Join(Rendezvous at, RankOptions? options = null, Action<RankLostException>? overdue = null)
    {
        options ??= new();
        if (!ProcessGroup.Has(GroupKind.Gloo)) throw NativeDistributed.Missing("Gloo");
        var store = Open(at, options, server: at.Rank == 0 && !at.LauncherStore);
        try
        {
            store.Set(Here(at.Rank), $"{Environment.MachineName}\n{Environment.ProcessId}\n{options.Agreed}");
            return new(at, options, store, Meet(at, options, store), overdue);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public int Rank => at.Rank;
    public int Count => at.Size;
    public bool IsFirst => at.Rank == 0;
    public int LocalRank => at.LocalRank;
    public RankOptions Options { get; internal set; }

    /// <summary>Called where another process was asked to end, in the middle of a fit that is ended for it.</summary>
    public Action? Interrupted { get; set; }

    /// <summary>Processes on this machine, this one too.</summary>
    public int OnThisMachine => names.Count(name => Machine(name) == Machine(names[at.Rank]));

    /// <summary>"process 4711 on node7".</summary>
    public string NameOf(int rank) => names[rank].Split('\n') is var parts ? $"process {parts[1]} on {parts[0]}" : "";

    static string Here(int rank) => FormattableString.Invariant($"here/{rank}");
    static string Machine(string name) => name.Split('\n')[0];

    static KeyStore Open(Rendezvous at, RankOptions options, bool server)
    {
        try
        {
            return new(at.Address, at.Port, server, FormattableString.Invariant($"tutti/{at.Attempt}"), options.Joining);
        }
        catch (TorchException e) when (server)
        {
            throw new ConfigException("MASTER_PORT", FormattableString.Invariant($"rank 0 cannot listen at {at.Address}:{at.Port} ({e.Message}); is the port taken, or MASTER_ADDR another machine's?"), e);
        }
        catch (TorchException e)
        {
            throw new RankLostException(0, FormattableString.Invariant($"it does not answer at {at.Address}:{at.Port} within {options.Joining.TotalSeconds:0} s ({e.Message}); see MASTER_ADDR and MASTER_PORT"), e);
        }
    }

    /// <summary>Waits for all.</summary>
    static string[] Meet(Rendezvous at, RankOptions options, KeyStore store)
    {
        var begun = Stopwatch.GetTimestamp();
        var names = new string?[at.Size];
        while (true)
        {
            for (var rank = 0; rank < at.Size; rank++)
                if (names[rank] is null && store.Has(Here(rank))) names[rank] = store.Text(Here(rank));
            int[] missing = [.. Enumerable.Range(0, at.Size).Where(rank => names[rank] is null)];
            if (missing.Length == 0) break;
            if (Stopwatch.GetElapsedTime(begun) > options.Joining)
                throw new RankLostException(missing[0], FormattableString.Invariant($"{at.Size - missing.Length} of {at.Size} processes came to {at.Address}:{at.Port} within {options.Joining.TotalSeconds:0} s; missing: {string.Join(", ", missing.Take(8))}"));
            Thread.Sleep(20);
        }
        for (var rank = 0; rank < at.Size; rank++)
            if (names[rank]!.Split('\n')[2] is var other && other != options.Agreed)
                throw new ConfigException("tutti train", $"rank {rank} was started with other options ({other}) than rank {at.Rank} ({options.Agreed}); start all with the same command");
        return names!;
    }

    /// <summary>This machine's address on the way to rank 0: the interface that the others reach it by. Its name may resolve to the loopback.</summary>
    internal static string AddressTowards(Rendezvous at)
    {
        try
        {
            var target = Dns.GetHostAddresses(at.Address).OrderBy(found => found.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).First();
            using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(target, at.Port);                  // sends nothing
            return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            return "";
        }
    }

    ProcessGroup Group(string name, GroupKind kind) => new(store, name, at.Rank, at.Size, kind, Options.Collective, interfaces, address);

    // ---- collectives

    /// <summary>What carries a device's gradients. All processes ask for it at the same point.</summary>
    internal ProcessGroup GroupOf(Device device, bool alone = false)
    {
        if (device.IsCpu && !alone) return group;
        var (name, kind) = (device.IsCpu ? "rounded" : "gpus", device.IsCuda ? GroupKind.Nccl : GroupKind.Gloo);
        if (!others.TryGetValue(name, out var found)) others[name] = found = Group(name, kind);
        return found;
    }

    /// <summary>Waits for a collective.</summary>
    /// <exception cref="RankLostException">It will never be done.</exception>
    internal void Finish(Reduction reduction)
    {
        using var owned = reduction;
        Finish(reduction.Wait);
    }

    /// <param name="wait">Waits for so long; whether it is done.</param>
    internal void Finish(Func<TimeSpan, bool> wait)
    {
        Interlocked.Increment(ref begun);
        var since = Stopwatch.GetTimestamp();
        try
        {
            while (!wait(slice))
            {
                liveness.Check();
                if (Stopwatch.GetElapsedTime(since) > Options.Collective) throw new TorchException("collective", NameOf(Rank), FormattableString.Invariant($"not done within {Options.Collective.TotalSeconds:0} s"));
            }
        }
        catch (TorchException e)
        {
            throw liveness.Explain(e, late: Stopwatch.GetElapsedTime(since) > 0.9 * Options.Collective);
        }
    }

    /// <summary>Reduces a tensor in place, on the CPU.</summary>
    internal void Reduce(Tensor tensor, ReduceKind kind = ReduceKind.Sum) => Finish(group.AllReduce(tensor, kind));

    /// <summary>Numbers of all processes, each reduced over all; every process gets the same bits.</summary>
    public double[] Reduce(ReadOnlySpan<double> numbers, ReduceKind kind)
    {
        if (numbers.Length == 0) return [];
        using var scope = new Scope();
        var tensor = Tensor.From(numbers, [numbers.Length]);
        Reduce(tensor, kind);
        return tensor.ToArray<double>();
    }

    /// <summary>A tensor of one process, in place in all.</summary>
    internal void Give(Tensor tensor, int from = 0)
    {
        using var scope = new Scope();
        if (tensor.Device.IsCpu && tensor.IsContiguous) Finish(group.Broadcast(tensor, from));
        else
        {
            var here = tensor.To(Device.Cpu).Contiguous();
            Finish(group.Broadcast(here, from));
            tensor.CopyFrom(here);
        }
    }

    /// <summary>Rank 0's text in all processes; null is one too.</summary>
    public string? Give(string? text)
    {
        using var scope = new Scope();
        var bytes = text is null ? [] : Encoding.UTF8.GetBytes(text);
        var length = (long)Reduce([IsFirst && text is not null ? bytes.Length : -1], ReduceKind.Most)[0];
        if (length <= 0) return length < 0 ? null : "";
        var tensor = IsFirst ? Tensor.From<byte>(bytes) : Tensor.Empty([length], DType.UInt8);
        Give(tensor);
        return Encoding.UTF8.GetString(tensor.ToArray<byte>());
    }

    /// <summary>A tensor of every process, as rows.</summary>
    internal Tensor Gather(Tensor tensor)
    {
        var all = Tensor.Empty([Count, .. tensor.Shape], tensor.DType);
        Finish(group.AllGather(all, tensor));
        return all;
    }

    /// <summary>Returns when all are here.</summary>
    public void Meet() => _ = Reduce([0], ReduceKind.Sum);

    // ---- what rank 0 tells the others to do

    /// <summary>Rank 0 tells the others what comes next.</summary>
    public void Order(string text) => store.Set(FormattableString.Invariant($"order/{ordered++}"), text);

    /// <summary>What rank 0 says comes next, however long that takes.</summary>
    /// <exception cref="OperationCanceledException">This process was asked to end meanwhile.</exception>
    public string NextOrder(CancellationToken cancel)
    {
        var key = FormattableString.Invariant($"order/{ordered++}");
        try
        {
            while (!store.Has(key))
            {
                liveness.Check();
                if (cancel.WaitHandle.WaitOne(20)) throw new OperationCanceledException(cancel);
            }
            return store.Text(key);
        }
        catch (TorchException e)
        {
            throw liveness.Explain(e);
        }
    }

    // ---- what each does by itself

    /// <summary>Throws when a process is lost.</summary>
    internal void Check() => liveness.Check();

    /// <summary>An operation of the store failed: finds out who is lost.</summary>
    internal RankLostException Explain(TorchException failure) => liveness.Explain(failure);

    /// <summary>Every process goes on by itself, without collectives, until all have come to <see cref="RanksApart.End"/>; all ask for it at the same point.</summary>
    /// <param name="told">Gets what others tell, in rank 0, on another thread.</param>
    /// <param name="cancel">Asks all processes to end.</param>
    internal RanksApart Apart(Action<int, string> told, CancellationToken cancel) => new(this, store, FormattableString.Invariant($"apart/{apart++}"), told, cancel);

    // ---- ends

    /// <summary>All are done: returns when everybody knows.</summary>
    public void Leave()
    {
        Meet();
        store.Add("left", 1);
        if (!IsFirst || at.LauncherStore) return;
        var begun = Stopwatch.GetTimestamp();
        while (store.Add("left", 0) < Count && Stopwatch.GetElapsedTime(begun) < Options.Silence) Thread.Sleep(5);
    }

    /// <summary>This process cannot go on: tells the others why.</summary>
    public void Fail(Exception why)
    {
        if (why is not RankLostException) liveness.Announce(Rank, $"{NameOf(Rank)} failed: {why.Message.ReplaceLineEndings(" ")}");
        liveness.WaitForReaders();
        Abandoned = true;
    }

    /// <summary>Collectives are left where they are, which would never be done.</summary>
    bool Abandoned { get; set; }

    /// <summary>Ends this process without what a process does at its end, which would wait for threads that never return.</summary>
    public static void EndNow(int code) => NativeDistributed.EndNow(code);

    public void Dispose()
    {
        liveness.Dispose();
        foreach (var open in others.Values.Append(group))
            if (Abandoned) open.Abandon();
            else open.Dispose();
        if (!Abandoned) store.Dispose();
    }
}
