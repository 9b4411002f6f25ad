using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>
/// Chooses the OpenMP build of OpenBLAS. With both builds installed the pthread one wins the distribution's alternatives, and its thread
/// pool fights with OpenMP's: measured, a small model trains 3.5 times slower.
/// </summary>
static class OpenBlas
{
    static readonly string[] folders = ["/usr/lib/x86_64-linux-gnu/openblas-openmp", "/usr/lib/aarch64-linux-gnu/openblas-openmp"];

    /// <summary>Loads the OpenMP build before libtorch asks for <c>libblas.so.3</c>: the loader then reuses it by its name.</summary>
    public static void Prefer()
    {
        foreach (var folder in folders.Where(Directory.Exists))
            foreach (var file in (string[])["libblas.so.3", "liblapack.so.3"])
                NativeLibrary.TryLoad(Path.Combine(folder, file), out _);
    }

    /// <summary>The BLAS libraries mapped into this process, for <c>tutti doctor</c>.</summary>
    public static IReadOnlyList<string> Loaded() => File.Exists("/proc/self/maps")
        ? [.. File.ReadLines("/proc/self/maps").Where(line => line.Contains("blas", StringComparison.Ordinal) && line.Contains('/'))
            .Select(line => line[line.IndexOf('/')..]).Distinct()]
        : [];

    /// <summary>True when a BLAS with its own thread pool is loaded beside OpenMP.</summary>
    public static bool Fights => Loaded().Any(file => file.Contains("pthread", StringComparison.Ordinal));
}
