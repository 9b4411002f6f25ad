using System.Runtime.InteropServices;
using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>The externs of libtutti_distributed.so, which is loaded when there are several processes; native/README.md says why each exists.</summary>
static partial class NativeDistributed
{
    const string Library = "tutti_distributed";

    [LibraryImport(Library)] private static partial nint tutti_distributed_error();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_store_open(string host, int port, int server, string prefix, long milliseconds, out nint store);
    [LibraryImport(Library)] public static partial int tutti_store_port(nint store);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_store_set(nint store, string key, ReadOnlySpan<byte> bytes, long length);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_store_get(nint store, string key, out nint bytes, out long length);
    [LibraryImport(Library)] public static partial void tutti_bytes_free(nint bytes);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_store_add(nint store, string key, long more, out long sum);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_store_check(nint store, string key, out int there);
    [LibraryImport(Library)] public static partial void tutti_store_close(nint store);
    [LibraryImport(Library)] private static partial int tutti_group_kinds();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_group_open(nint store, string name, int kind, int rank, int size, string interfaces, string address, long milliseconds, out nint group);
    [LibraryImport(Library)] public static partial void tutti_group_close(nint group);
    [LibraryImport(Library)] public static partial int tutti_all_reduce(nint group, nint tensor, int op, out nint work);
    [LibraryImport(Library)] public static partial int tutti_broadcast(nint group, nint tensor, int from, out nint work);
    [LibraryImport(Library)] public static partial int tutti_all_gather(nint group, nint result, nint tensor, out nint work);
    [LibraryImport(Library)] public static partial int tutti_monitored_barrier(nint group, long milliseconds);
    [LibraryImport(Library)] public static partial int tutti_work_wait(nint work, long milliseconds, out int done);
    [LibraryImport(Library)] public static partial void tutti_work_free(nint work);
    [LibraryImport(Library)] public static partial int tutti_buckets_open(nint group, ReadOnlySpan<nint> weights, ReadOnlySpan<int> buckets, int count, int bucketCount, int compressed, out nint made);
    [LibraryImport(Library)] public static partial int tutti_buckets_begin(nint buckets);
    [LibraryImport(Library)] public static partial void tutti_buckets_arm(nint buckets, int on);
    [LibraryImport(Library)] public static partial int tutti_buckets_flush(nint buckets);
    [LibraryImport(Library)] public static partial int tutti_buckets_wait(nint buckets, long milliseconds, out int done);
    [LibraryImport(Library)] public static partial void tutti_buckets_stats(nint buckets, Span<double> stats);
    [LibraryImport(Library)] public static partial void tutti_buckets_close(nint buckets);

    [LibraryImport("libc", EntryPoint = "_exit")] public static partial void EndNow(int code);

    const int Absent = 3;

    static readonly Lazy<int> kinds = new(Load);

    /// <summary>Which kinds of process groups this build has, as bits of <see cref="GroupKind"/>.</summary>
    /// <exception cref="ConfigException">The library does not load.</exception>
    public static int Kinds => kinds.Value;

    /// <summary>Turns a native failure into a <see cref="TorchException"/> that names what was being done.</summary>
    public static void Check(string what, int status, string subject = "")
    {
        if (status == 0) return;
        if (status == Absent) throw Missing(what);
        throw new TorchException(what, subject, (Marshal.PtrToStringUTF8(tutti_distributed_error()) ?? "").Split('\n')[0].Trim());
    }

    /// <summary>What is said where a build lacks what is asked for.</summary>
    public static ConfigException Missing(string what) => new("WORLD_SIZE", $"several processes cannot train together: this build of the engine has no {what}.\nInstall libgloo-dev (Gloo comes with libtorch-dev; a libtorch of LIBTORCH has it where its headers of c10d compile), and build again: ./tutti doctor");

    static int Load()
    {
        _ = Engine.Version;                                   // libtorch is found through the engine's own library
        try
        {
            return tutti_group_kinds();
        }
        catch (DllNotFoundException e)
        {
            throw new ConfigException("WORLD_SIZE", $"several processes cannot train together: {e.Message.Split('\n')[0]}\nnext: apt-get install libgloo-dev, then build again (./tutti doctor)", e);
        }
    }
}
