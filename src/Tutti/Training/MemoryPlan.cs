using Tutti.Torch;

namespace Tutti.Training;

/// <summary>How an update is computed in the memory there is. It changes time and memory, never what the update is.</summary>
/// <param name="MicroTokens">Most tokens per micro-batch, each text as long as the longest of it.</param>
/// <param name="Checkpointing">Blocks keep only their input and are computed again in backward.</param>
/// <param name="PagedOptimizer">The optimizer's moments lie in a file.</param>
/// <param name="PredictedPeak">Bytes in use at the highest point of a fit.</param>
public sealed record MemoryPlan(int MicroTokens, bool Checkpointing = false, bool PagedOptimizer = false, long PredictedPeak = 0)
{
    /// <summary>"micro-batches of 512 tokens, activations computed again, optimizer state in a file".</summary>
    public override string ToString() => Described(FormattableString.Invariant($"{MicroTokens} tokens"));

    /// <summary>Of a plan of pictures, how many a micro-batch holds.</summary>
    /// <param name="length">How much of it a picture takes, see <see cref="Example.Length"/>.</param>
    /// <param name="batch">Pictures of an update.</param>
    public int Pictures(int length, int batch) => Math.Clamp(MicroTokens / length, 1, batch);

    /// <summary>So many pictures, in words.</summary>
    public static string Count(int pictures) => FormattableString.Invariant($"{pictures} picture{(pictures == 1 ? "" : "s")}");

    /// <summary>The plan in words.</summary>
    /// <param name="micro">What a micro-batch holds.</param>
    public string Described(string micro) => $"micro-batches of {micro}"
        + (Checkpointing ? ", activations computed again in backward" : "") + (PagedOptimizer ? ", optimizer state in a file" : "");
}

/// <summary>Memory ended in the middle of a micro-batch, and it was computed again in pieces.</summary>
/// <param name="Update">From 1.</param>
/// <param name="Examples">Of the micro-batch.</param>
/// <param name="Tokens">Of the micro-batch.</param>
/// <param name="Longest">Tokens of its longest text.</param>
/// <param name="BytesInUse">Between micro-batches: weights, optimizer state, gradients.</param>
/// <param name="Limit">Bytes that may be in use, -1 where only the system limits.</param>
/// <param name="Checkpointing">It was one example, computed again with activation checkpointing; else it was cut in two.</param>
public sealed record ReplayResult(long Update, int Examples, int Tokens, int Longest, long BytesInUse, long Limit, bool Checkpointing);

/// <summary>What training a model takes, and what was chosen.</summary>
/// <param name="Plan">How updates are cut, and the predicted peak.</param>
/// <param name="Weights">Bytes.</param>
/// <param name="Gradients">Bytes at the end of the largest update; of a table the rows that it can have named.</param>
/// <param name="Optimizer">Bytes of the moments in memory.</param>
/// <param name="ActivationsPerThousand">Bytes that a thousand further tokens of a micro-batch take.</param>
/// <param name="Timeline">The largest micro-batch, module by module.</param>
public sealed record MemoryReport(MemoryPlan Plan, long Weights, long Gradients, long Optimizer, long ActivationsPerThousand, IReadOnlyList<MemoryMoment> Timeline)
{
    /// <summary>A plan that was made before; nothing was measured again.</summary>
    internal static MemoryReport Of(MemoryPlan plan, long weights, long gradients, long moments) => new(plan, weights, gradients, plan.PagedOptimizer ? 0 : moments, 0, []);
}
