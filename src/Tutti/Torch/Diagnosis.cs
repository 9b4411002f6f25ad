using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>What `tutti doctor` shows: versions, devices, threads, libraries, and short checks of what training relies on.</summary>
public static class Diagnosis
{
    static readonly (string Op, string Overload, string Use)[] optional =
    [
        ("aten::scaled_dot_product_attention", "", "attention in one kernel"),
        ("aten::_flash_attention_forward", "", "variable-length attention on CUDA"),
        ("aten::_fused_adamw_", "", "AdamW in one kernel on CUDA"),
    ];

    /// <summary>Name and value, in the order to show. Takes a second or two: small products are measured.</summary>
    public static IEnumerable<(string Name, string Value)> All()
    {
        yield return ("tutti", typeof(Diagnosis).Assembly.GetName().Version?.ToString(3) ?? "");
        yield return (".NET", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        yield return ("libtorch", $"{Engine.Version} ({(Environment.GetEnvironmentVariable("LIBTORCH") is { Length: > 0 } set ? $"LIBTORCH={set}" : "the distribution's; LIBTORCH chooses another")})");
        yield return ("threads", FormattableString.Invariant($"{Engine.Threads} of {Environment.ProcessorCount} processors"));
        var (files, fights) = Engine.Blas;
        yield return ("BLAS", files.Count == 0 ? "inside libtorch" : string.Join(", ", files));
        if (fights) yield return ("", "a BLAS with its own thread pool is loaded: small models train several times slower; install libopenblas0-openmp");
        yield return ("device", Engine.WhyNoCuda is { } why ? $"CPU; no GPU is used because {why}" : FormattableString.Invariant($"{Device.Cuda()} of {Engine.CudaCount} GPU(s), {MemoryStats.Text(Memory.SizeOf(Device.Cuda()))}; device: cpu in a recipe leaves it alone"));
        var memory = Memory.Stats(Device.Cpu);
        yield return ("memory", FormattableString.Invariant($"{MemoryStats.Text(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)} in the machine; tensors use {MemoryStats.Text(memory.InUse)}, cached {MemoryStats.Text(memory.Cached)}, limit {(memory.Limit < 0 ? "none" : MemoryStats.Text(memory.Limit))}"));
        yield return ("live tensors", FormattableString.Invariant($"{LiveTensors.Current.Count} (freed late by the collector: {LiveTensors.Finalized})"));
        foreach (var (op, overload, use) in optional) yield return (op, new Op(op, overload).Exists ? $"in this libtorch: {use}, where the device and the type of numbers allow it" : $"not in this libtorch; {use} is done by other operators");
        yield return ("fp32 product", Speed(null));
        yield return ("bf16 product", Speed(DType.BFloat16));
        yield return ("generator", Engine.GeneratorState(Device.Cpu).Length is var bytes ? FormattableString.Invariant($"can be saved and restored ({bytes} bytes)") : "");
    }

    // The best of three, at the shape of a BERT-base feed-forward block.
    static string Speed(DType? autocast)
    {
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        using var mode = Modes.Autocast(Device.Cpu, autocast);
        var (x, w) = (Tensor.Zeros([1024, 768]), Tensor.Zeros([3072, 768]));
        var best = Enumerable.Range(0, 4).Min(_ =>
        {
            var clock = Stopwatch.GetTimestamp();
            x.Linear(w, null);
            return Stopwatch.GetElapsedTime(clock).TotalSeconds;
        });
        return FormattableString.Invariant($"{2.0 * 1024 * 768 * 3072 / best / 1e9:0} GFLOP/s (1024 x 768 x 3072)");
    }
}
