using System.Runtime.InteropServices;
using Tutti.Torch;

namespace Tutti.Tests.OtherDevice;

/// <summary>What happened on the other device.</summary>
/// <param name="Reads">Copies to the host: each waits for everything that is queued.</param>
/// <param name="BlockingWrites">Copies from the host that it waits for.</param>
/// <param name="Flash">Calls of the variable-length attention.</param>
/// <param name="Fused">Calls of the fused AdamW.</param>
readonly record struct OtherCounts(long Reads, long BlockingWrites, long Flash, long Fused)
{
    public static OtherCounts operator -(OtherCounts a, OtherCounts b) => new(a.Reads - b.Reads, a.BlockingWrites - b.BlockingWrites, a.Flash - b.Flash, a.Fused - b.Fused);
}

/// <summary>A device that stands for a GPU where there is none: see other_device.cpp.</summary>
static unsafe partial class Other
{
    const string Library = "other_device";

    static Other()
    {
        _ = Engine.Version;                                   // the engine's libraries are loaded before the device that is made of them
        NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libother_device.so"));
        Device = new(other_device_type(), -1);
    }

    /// <summary>Makes the device known. Before the first backward of the process: autograd counts devices once.</summary>
    public static void Load() => _ = Device;

    /// <summary>libtorch's PrivateUse1, whose number differs between versions.</summary>
    public static Device Device { get; }

    /// <summary>"other" or "cuda"; a test that asks for a GPU is skipped where there is none.</summary>
    public static Device Named(string name)
    {
        if (name == "other") return Device;
        Assert.SkipWhen(Engine.WhyNoCuda is not null, $"no GPU can be used: {Engine.WhyNoCuda}");
        return Device.Cuda();
    }

    public static OtherCounts Counts
    {
        get
        {
            var counts = stackalloc long[4];
            other_device_counts(counts);
            return new(counts[0], counts[1], counts[2], counts[3]);
        }
    }

    [LibraryImport(Library)] private static partial int other_device_type();
    [LibraryImport(Library)] private static partial void other_device_counts(long* counts);
}
