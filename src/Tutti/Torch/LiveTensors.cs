namespace Tutti.Torch;

/// <summary>
/// Counts live tensors. The count follows the asynchronous flow that opened it, so that parallel tests do not disturb each other.
/// </summary>
public sealed class LiveTensors
{
    static readonly LiveTensors root = new();
    static readonly AsyncLocal<LiveTensors?> flow = new();
    static long finalized;

    long count;

    LiveTensors() { }

    /// <summary>Starts a count of its own for this flow; tensors made before stay with the count they began in.</summary>
    public static LiveTensors Open() => flow.Value = new LiveTensors();

    /// <summary>The count that new tensors of this flow are added to.</summary>
    public static LiveTensors Current => flow.Value ?? root;

    /// <summary>Tensors made in this count and not yet freed.</summary>
    public long Count => Interlocked.Read(ref count);

    /// <summary>Tensors of the whole process that the garbage collector had to free because no scope or owner did: each is a leak mended late.</summary>
    public static long Finalized => Interlocked.Read(ref finalized);

    internal void Add() => Interlocked.Increment(ref count);
    internal void Remove() => Interlocked.Decrement(ref count);
    internal static void CountFinalized() => Interlocked.Increment(ref finalized);
}
