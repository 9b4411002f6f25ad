using System.Globalization;

namespace Tutti.Torch;

/// <summary>Bytes of one device's memory as the engine's allocator counts them.</summary>
/// <param name="InUse">Bytes of live blocks (rounded up to the allocator's size classes).</param>
/// <param name="Peak">The most bytes in use since the peak was last reset.</param>
/// <param name="Cached">Bytes of freed blocks that are kept for reuse.</param>
/// <param name="Limit">The hard limit on bytes in use and cached together, or -1.</param>
public readonly record struct MemoryStats(long InUse, long Peak, long Cached, long Limit)
{
    /// <summary>A short text such as "12.3 MB", in powers of ten as recipes are written.</summary>
    public static string Text(long bytes) => bytes switch
    {
        < 1_000_000 => FormattableString.Invariant($"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => FormattableString.Invariant($"{bytes / 1e6:0.0} MB"),
        _ => FormattableString.Invariant($"{bytes / 1e9:0.00} GB"),
    };
}

/// <summary>Counts, limits and releases the memory of tensors.</summary>
public static unsafe class Memory
{
    public static MemoryStats Stats(Device device, bool resetPeak = false)
    {
        var stats = stackalloc long[4];
        if (!device.IsCuda) Native.tutti_memory_stats(stats, resetPeak ? 1 : 0);
        else Native.Check("cuda_memory", Native.tutti_cuda_memory(device.Index, stats, resetPeak ? 1 : 0));
        return new(stats[0], stats[1], stats[2], stats[3]);
    }

    /// <summary>Sets the hard limit of CPU tensor memory in bytes, or removes it with null. Beyond it operators throw <see cref="TorchMemoryException"/>.</summary>
    public static void Limit(long? bytes) => Native.tutti_memory_limit(bytes ?? -1);

    /// <summary>The same for the tensors of one device.</summary>
    public static void Limit(Device device, long? bytes)
    {
        long total;
        if (!device.IsCuda) Limit(bytes);
        else Native.Check("cuda_limit", Native.tutti_cuda_limit(device.Index, bytes ?? long.MaxValue, &total));
    }

    /// <summary>Bytes of a device's own memory; for the CPU what the machine has for this process.</summary>
    public static long SizeOf(Device device)
    {
        if (!device.IsCuda) return MachineSize;
        long total;
        Native.Check("cuda_limit", Native.tutti_cuda_limit(device.Index, 0, &total));
        return total;
    }

    /// <summary>Bytes that the machine has for this process: its memory, or what its control group may take.</summary>
    public static long MachineSize
    {
        get
        {
            string[] limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
            var machine = File.Exists("/proc/meminfo") && File.ReadLines("/proc/meminfo").FirstOrDefault() is { } line
                && long.TryParse(string.Concat(line.Where(char.IsAsciiDigit)), NumberStyles.None, CultureInfo.InvariantCulture, out var kib) ? kib * 1024 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
            return limits.Where(File.Exists).Select(file => long.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var bytes) ? bytes : long.MaxValue)
                .Append(machine).Min();
        }
    }

    /// <summary>Gives cached blocks back to the system.</summary>
    public static void Trim()
    {
        Native.tutti_memory_trim();
        if (Engine.CudaCount > 0) Native.Check("cuda_trim", Native.tutti_cuda_trim());
    }
}
