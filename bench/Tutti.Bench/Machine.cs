using System.Globalization;

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

    /// <summary>Processor seconds that all processes together have used since the system started; NaN where it does not say.</summary>
    public static double BusySeconds()
    {
        if (!File.Exists("/proc/stat")) return double.NaN;
        // cpu user nice system idle iowait irq softirq steal
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TicksPerSecond;
    }
}
