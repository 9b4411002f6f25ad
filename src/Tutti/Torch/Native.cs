using System.Reflection;
using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>The externs of the shim, one line each; native/README.md says why each exists.</summary>
static unsafe partial class Native
{
    const string Library = "tutti_native";

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct Value
    {
        [FieldOffset(0)] public int Kind;
        [FieldOffset(4)] public int Count;
        [FieldOffset(8)] public long Int;
        [FieldOffset(8)] public double Double;
        [FieldOffset(8)] public nint Pointer;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct FactorTables
    {
        public float* Users, Items, UserBias, ItemBias, UserShare, ItemShare;
        public long Width;
        public float Offset, Low, Span, Penalty, BiasPenalty;
    }

    [LibraryImport(Library)] public static partial int tutti_start(int threads);
    [LibraryImport(Library)] public static partial nint tutti_error();
    [LibraryImport(Library)] public static partial nint tutti_version();
    [LibraryImport(Library)] public static partial int tutti_threads();
    [LibraryImport(Library)] public static partial int tutti_set_threads(int n);
    [LibraryImport(Library)] public static partial int tutti_info(byte* text, int capacity);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint tutti_op(string name, string overload);
    [LibraryImport(Library)] public static partial int tutti_op_schema(nint op, byte* text, int capacity);
    [LibraryImport(Library)] public static partial int tutti_call(nint op, Value* args, int count, Value* results, int capacity, int* used);
    [LibraryImport(Library)] public static partial int tutti_tensor_new(int dtype, long* sizes, int dims, int device, int index, nint* tensor);
    [LibraryImport(Library)] public static partial void tutti_tensor_free(nint tensor);
    [LibraryImport(Library)] public static partial void tutti_tensor_info(nint tensor, long* sizes, int* info);
    [LibraryImport(Library)] public static partial void* tutti_tensor_data(nint tensor);
    [LibraryImport(Library)] public static partial nint tutti_tensor_alias(nint tensor);
    [LibraryImport(Library)] public static partial int tutti_backward(nint loss);
    [LibraryImport(Library)] public static partial int tutti_requires_grad(nint tensor, int on);
    [LibraryImport(Library)] public static partial nint tutti_grad(nint tensor);
    [LibraryImport(Library)] public static partial int tutti_set_grad(nint tensor, nint grad);
    [LibraryImport(Library)] public static partial int tutti_grad_mode(int on);
    [LibraryImport(Library)] public static partial int tutti_autocast(int device, int dtype, int* before);
    [LibraryImport(Library)] public static partial void tutti_autocast_clear(int weights);
    [LibraryImport(Library)] public static partial int tutti_cuda_count();
    [LibraryImport(Library)] public static partial int tutti_cuda_memory(int index, long* stats, int resetPeak);
    [LibraryImport(Library)] public static partial int tutti_cuda_trim();
    [LibraryImport(Library)] public static partial int tutti_cuda_limit(int index, long bytes, long* total);
    [LibraryImport(Library)] public static partial int tutti_tf32(int on);
    [LibraryImport(Library)] public static partial int tutti_seed(ulong seed);
    [LibraryImport(Library)] public static partial int tutti_generator_state(int device, int index, nint* state);
    [LibraryImport(Library)] public static partial int tutti_generator_restore(int device, int index, nint state);
    [LibraryImport(Library)] public static partial void tutti_memory_stats(long* stats, int resetPeak);
    [LibraryImport(Library)] public static partial void tutti_memory_limit(long bytes);
    [LibraryImport(Library)] public static partial void tutti_memory_trim();
    [LibraryImport(Library)] public static partial int tutti_recompute(delegate* unmanaged<nint, nint, nint*, int> body, delegate* unmanaged<nint, void> release, nint state, nint x, nint* parameters, int count, nint* y);
    [LibraryImport(Library)] public static partial int tutti_mark(nint tensor, long* sink);
    [LibraryImport(Library)] public static partial long tutti_grad_version(nint tensor);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_pages_open(string path, long bytes, void** pages);
    [LibraryImport(Library)] public static partial void tutti_pages_rest(void* pages, long bytes);
    [LibraryImport(Library)] public static partial void tutti_pages_close(void* pages, long bytes);
    [LibraryImport(Library)] public static partial int tutti_tensor_at(void* data, int dtype, long* sizes, int dims, nint* tensor);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial void tutti_set_error(string text);
    [LibraryImport(Library)] public static partial int tutti_simd_level(int wanted);
    [LibraryImport(Library)] public static partial int tutti_multiplies_bf16();
    [LibraryImport(Library)] public static partial double tutti_factor_steps(FactorTables* tables, FactorRating* ratings, long count, float rate, float biasRate);

    static Native()
    {
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
        Check("start", tutti_start(Engine.DefaultThreads));
    }

    /// <summary>The last error's text, as a <see cref="TorchException"/> that names what was being done.</summary>
    /// <param name="what">The operator, or what stands for one.</param>
    /// <param name="status">What the native function returned.</param>
    /// <param name="subject">What it was given; turned into text on failure only, because this stands on the hot path.</param>
    public static void Check(string what, int status, object? subject = null)
    {
        if (status == 0) return;
        var arguments = subject is long[] shape ? string.Join(", ", shape) : FormattableString.Invariant($"{subject}");
        var text = (Marshal.PtrToStringUTF8(tutti_error()) ?? "").Trim();
        throw status == 2 ? new TorchMemoryException(what, arguments, text) : new TorchException(what, arguments, text);
    }

    /// <summary>The last line of native text written by a function that fills a buffer.</summary>
    public static string Text(ReadOnlySpan<byte> buffer) => System.Text.Encoding.UTF8.GetString(buffer[..buffer.IndexOf((byte)0)]);

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        OpenBlas.Prefer();
        var file = Path.Combine(AppContext.BaseDirectory, "libtutti_native.so");
        if (!File.Exists(file))
            throw new ConfigException(file, "the engine shim is missing. It is built together with Tutti; run ./tutti doctor, or set LIBTORCH and build again.");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new ConfigException(file, $"the engine does not load: {e.Message.Split('\n')[0]} Install libtorch-dev, or set LIBTORCH to an unpacked libtorch and build again.", e);
        }
    }
}
