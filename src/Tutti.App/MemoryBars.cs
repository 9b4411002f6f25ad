using Tutti.Torch;

namespace Tutti.App;

/// <summary>Memory along a pass through a model, one block character per module, forward and then backward.</summary>
static class MemoryBars
{
    const string Heights = "▁▂▃▄▅▆▇█";

    /// <summary>Such as "▁▂▃▄▆█▇▅▄▃, most in head and loss"; empty when nothing was measured.</summary>
    public static string Of(IReadOnlyList<MemoryMoment> timeline)
    {
        if (timeline.Count == 0) return "";
        var most = timeline.MaxBy(moment => moment.Peak)!;
        var bars = timeline.Select(moment => Heights[(int)Math.Clamp(moment.Peak * Heights.Length / (most.Peak + 1), 0, Heights.Length - 1)]);
        return $"{string.Concat(bars)} most in {most.Module}{(most.Backward ? ", backward" : "")}";
    }
}
