using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>What carries collectives, as bits.</summary>
public enum GroupKind
{
    /// <summary>Over TCP, of tensors in ordinary memory.</summary>
    Gloo = 1,

    /// <summary>Between NVIDIA GPUs.</summary>
    Nccl = 2,
}

/// <summary>What becomes of several numbers.</summary>
public enum ReduceKind { Sum = 0, Least = 3, Most = 4 }

/// <summary>A process group of c10d. Every process must begin the same collectives in the same order.</summary>
public sealed class ProcessGroup : IDisposable
{
    nint handle;

    /// <param name="store">Where the processes meet; lives as long as this.</param>
    /// <param name="name">Tells groups of one store apart.</param>
    /// <param name="rank">This process.</param>
    /// <param name="size">All processes.</param>
    /// <param name="kind">What carries the numbers.</param>
    /// <param name="timeout">The longest that a collective may take.</param>
    /// <param name="interfaces">Network interfaces of Gloo, commas between; empty: the one that has <paramref name="address"/>.</param>
    /// <param name="address">This machine's address as the others reach it; empty: that of its name.</param>
    /// <exception cref="ConfigException">This build lacks the kind.</exception>
    /// <exception cref="TorchException">The processes do not reach each other.</exception>
    public ProcessGroup(KeyStore store, string name, int rank, int size, GroupKind kind, TimeSpan timeout, string interfaces = "", string address = "")
    {
        if (!Has(kind)) throw NativeDistributed.Missing(kind == GroupKind.Gloo ? "Gloo" : "NCCL");
        NativeDistributed.Check($"{kind} process group", NativeDistributed.tutti_group_open(store.Handle, name, (int)kind, rank, size, interfaces, address, (long)timeout.TotalMilliseconds, out var opened),
            FormattableString.Invariant($"rank {rank} of {size}{(interfaces.Length > 0 ? $", interface {interfaces}" : address.Length > 0 ? $", address {address}" : "")}"));
        (handle, Rank, Size) = (opened, rank, size);
    }

    /// <summary>Whether this build has the kind.</summary>
    /// <exception cref="ConfigException">The library of collectives does not load.</exception>
    public static bool Has(GroupKind kind) => (NativeDistributed.Kinds & (int)kind) != 0;

    public int Rank { get; }
    public int Size { get; }

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(ProcessGroup));

    /// <summary>Begins to reduce a tensor of all processes, in place. It must not be touched, and be kept, until that is done.</summary>
    public Reduction AllReduce(Tensor tensor, ReduceKind kind = ReduceKind.Sum)
    {
        NativeDistributed.Check("all_reduce", NativeDistributed.tutti_all_reduce(Handle, tensor.Handle, (int)kind, out var work), tensor.Describe());
        return new(work);
    }

    /// <summary>Begins to give one process's tensor to all, in place.</summary>
    public Reduction Broadcast(Tensor tensor, int from)
    {
        NativeDistributed.Check("broadcast", NativeDistributed.tutti_broadcast(Handle, tensor.Handle, from, out var work), tensor.Describe());
        return new(work);
    }

    /// <summary>Begins to collect a tensor of every process as the rows of another.</summary>
    /// <param name="all">(size, ...) gets them.</param>
    /// <param name="tensor">(...) of this process; the same shape in all.</param>
    public Reduction AllGather(Tensor all, Tensor tensor)
    {
        NativeDistributed.Check("all_gather", NativeDistributed.tutti_all_gather(Handle, all.Handle, tensor.Handle, out var work), tensor.Describe());
        return new(work);
    }

    /// <summary>Returns when all processes have come here; rank 0's failure names those that did not.</summary>
    public void Barrier(TimeSpan timeout) => NativeDistributed.Check("barrier", NativeDistributed.tutti_monitored_barrier(Handle, (long)timeout.TotalMilliseconds), FormattableString.Invariant($"rank {Rank} of {Size}"));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref handle, 0) is var old && old != 0) NativeDistributed.tutti_group_close(old);
    }

    /// <summary>Lets the group be: where a collective will never be done, closing would wait for it.</summary>
    internal void Abandon() => handle = 0;
}

/// <summary>A collective on its way.</summary>
public sealed class Reduction : IDisposable
{
    nint handle;

    internal Reduction(nint handle) => this.handle = handle;

    /// <summary>Waits at most so long.</summary>
    /// <returns>Whether it is done.</returns>
    /// <exception cref="TorchException">It failed.</exception>
    public bool Wait(TimeSpan most)
    {
        NativeDistributed.Check("collective", NativeDistributed.tutti_work_wait(handle, (long)most.TotalMilliseconds, out var done));
        return done != 0;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref handle, 0) is var old && old != 0) NativeDistributed.tutti_work_free(old);
    }
}
