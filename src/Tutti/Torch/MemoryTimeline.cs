using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>Memory at one place of a pass through a model.</summary>
/// <param name="Module">Such as "layer 3".</param>
/// <param name="Backward">On the way back.</param>
/// <param name="InUse">Bytes in use when the module was done.</param>
/// <param name="Peak">Most bytes in use while it was computed.</param>
public sealed record MemoryMoment(string Module, bool Backward, long InUse, long Peak);

/// <summary>
/// Bytes in use along one forward and backward pass, module by module: each module's output is shown to <see cref="Passed"/>, and again,
/// by a hook, when backward has its gradient. Resets the peak of <see cref="Memory.Stats"/> at every module.
/// </summary>
public sealed unsafe class MemoryTimeline : IDisposable
{
    const int MostModules = 512;

    readonly long* sinks = (long*)NativeMemory.AllocZeroed(2 * MostModules, sizeof(long));
    readonly List<(string Module, MemoryStats Stats)> forward = [];
    readonly Device device;

    public MemoryTimeline(Device device)
    {
        this.device = device;
        _ = Memory.Stats(device, resetPeak: true);
    }

    /// <summary>A module has been computed, with this output, of which the next module's input is made.</summary>
    public void Passed(string module, Tensor output)
    {
        if (forward.Count == MostModules) return;
        if (output.RequiresGrad) output.Mark(sinks + (2 * forward.Count));
        forward.Add((module, Memory.Stats(device, resetPeak: true)));
    }

    /// <summary>What was seen, in the order it happened; to be asked when backward is done.</summary>
    /// <param name="rest">The name of what comes after the last module, forward and backward together.</param>
    public IReadOnlyList<MemoryMoment> Moments(string rest)
    {
        var end = Memory.Stats(device);
        List<MemoryMoment> moments = [.. forward.Select(item => new MemoryMoment(item.Module, false, item.Stats.InUse, item.Stats.Peak))];
        // A module's way back ends when the gradient of its input is known; the rest's when that of the last output is.
        for (var i = forward.Count; i > 0; i--) moments.Add(new(i == forward.Count ? rest : forward[i].Module, true, sinks[2 * (i - 1)], sinks[(2 * (i - 1)) + 1]));
        moments.Add(new(forward.Count == 0 ? rest : forward[0].Module, true, end.InUse, end.Peak));
        return moments;
    }

    public void Dispose() => NativeMemory.Free(sinks);
}
