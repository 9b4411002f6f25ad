using System.Globalization;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>What the measurements were taken on.</summary>
static class Machine
{
    // USER_HZ, the unit of /proc/stat: 100 on every Linux platform that .NET runs on.
    const double TicksPerSecond = 100;

    /// <summary>"2 cores of AMD EPYC, 23 GB".</summary>
    public static string Describe()
    {
        var model = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores of {model?[(model.IndexOf(':') + 1)..].Trim() ?? "an unnamed processor"}, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0:0} GB");
    }

    /// <summary>The lines below every table: the machine, and what ours ran with.</summary>
    public static IEnumerable<string> Notes()
    {
        yield return $"machine: {Describe()}";
        yield return FormattableString.Invariant($"ours: libtorch {Engine.Version}, {Engine.Threads} threads, {(Engine.Blas.Files.Count == 0 ? "BLAS inside libtorch" : string.Join(", ", Engine.Blas.Files.Select(Build).Distinct()))}");
    }

    /// <summary>The most bytes of this whole process that have lain in memory since <see cref="ForgetResidentPeak"/>; 0 where the system does not say.</summary>
    public static long ResidentPeak() => Status("VmHWM:");

    /// <summary>The bytes of this whole process that lie in memory; 0 where the system does not say.</summary>
    public static long ResidentNow() => Status("VmRSS:");

    static long Status(string key) =>
        File.Exists("/proc/self/status") && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line
            && long.TryParse(string.Concat(line.Where(char.IsAsciiDigit)), NumberStyles.None, CultureInfo.InvariantCulture, out var kib) ? kib * 1024 : 0;

    /// <summary>Lets the peak begin anew at what lies in memory now; where the system does not let it, the peak stays that of the process so far.</summary>
    public static void ForgetResidentPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");      // proc(5): 5 resets the peak resident set
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"the peak of resident memory counts from the start of the process: {e.Message}");
        }
    }

    /// <summary>Processor seconds that all processes together have used since the system started; NaN where it does not say.</summary>
    public static double BusySeconds()
    {
        if (!File.Exists("/proc/stat")) return double.NaN;
        // cpu user nice system idle iowait irq softirq steal
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TicksPerSecond;
    }

    // The folder of Debian's builds says which one it is.
    static string Build(string file) => Path.GetFileName(Path.GetDirectoryName(file)) is { } folder && folder.StartsWith("openblas", StringComparison.Ordinal) ? folder : Path.GetFileName(file);
}
