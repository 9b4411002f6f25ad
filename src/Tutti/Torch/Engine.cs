using System.Globalization;
using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>What the engine is and how it is set up: version, threads, devices.</summary>
public static unsafe class Engine
{
    /// <summary>Threads that kernels use unless <c>OMP_NUM_THREADS</c> says otherwise: one per core that this process may use.</summary>
    public static int DefaultThreads =>
        int.TryParse(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"), NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : Environment.ProcessorCount;

    public static string Version => Marshal.PtrToStringUTF8(Native.tutti_version()) ?? "";

    public static int Threads
    {
        get => Native.tutti_threads();
        set => Native.Check("set_threads", Native.tutti_set_threads(value), value);
    }

    /// <summary>The instructions that our kernels use: what this processor has, unless <c>TUTTI_SIMD</c> says less. Others round otherwise.</summary>
    public static string Kernels
    {
        get
        {
            var level = Native.tutti_simd_level(2);
            _ = Native.tutti_simd_level(level);
            return level switch { 2 => "AVX-512", 1 => "AVX2", _ => "plain" };
        }
    }

    /// <summary>Whether this processor multiplies bf16 by instructions of its own (AVX-512 BF16), at about twice the rate of float32.</summary>
    public static bool MultipliesBf16 => Native.tutti_multiplies_bf16() != 0;

    /// <summary>GPUs that libtorch can use; 0 when it was built without CUDA or finds none.</summary>
    public static int CudaCount => Native.tutti_cuda_count();

    /// <summary>Why no GPU can be used, or null where one can. The end of a sentence.</summary>
    public static string? WhyNoCuda => CudaCount > 0 ? null
        : File.Exists("/proc/driver/nvidia/version") || Directory.Exists("/proc/driver/nvidia")
        ? "this libtorch was built without CUDA or cannot reach the driver; set LIBTORCH to a CUDA build and build again"
        : "no NVIDIA driver is loaded";

    /// <summary>libtorch's own description of its threads and libraries.</summary>
    public static string Info
    {
        get
        {
            var buffer = new byte[16384];
            fixed (byte* text = buffer) Native.Check("info", Native.tutti_info(text, buffer.Length));
            return Native.Text(buffer);
        }
    }

    /// <summary>The BLAS libraries that are in use, and whether one of them has a thread pool that fights with the engine's.</summary>
    public static (IReadOnlyList<string> Files, bool Fights) Blas
    {
        get
        {
            _ = Version;                                      // the engine must be loaded before its libraries can be listed
            return (OpenBlas.Loaded(), OpenBlas.Fights);
        }
    }

    /// <summary>Seeds the default generators of all devices.</summary>
    public static void Seed(ulong seed) => Native.Check("seed", Native.tutti_seed(seed));

    /// <summary>The state of a device's default generator, as bytes; give it back with <see cref="RestoreGenerator"/>.</summary>
    public static byte[] GeneratorState(Device device)
    {
        nint state;
        Native.Check("generator_state", Native.tutti_generator_state(device.Type, device.Index, &state));
        using var tensor = new Tensor(state);
        return tensor.ToArray<byte>();
    }

    public static void RestoreGenerator(Device device, ReadOnlySpan<byte> state)
    {
        using var tensor = Tensor.From(state, [state.Length]);
        Native.Check("generator_restore", Native.tutti_generator_restore(device.Type, device.Index, tensor.Handle));
    }
}
