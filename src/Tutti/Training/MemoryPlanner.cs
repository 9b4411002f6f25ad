using Tutti.Models;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>
/// Chooses how updates are cut before the first one. What weights, gradients and optimizer state take is known, what a micro-batch adds is measured:
/// one probe step with the longest example says how many tokens fit, a second with the largest micro-batches that these rows will ever form says the
/// peak. Where not even one example fits, activations are computed again in backward; where that is not enough, the optimizer's moments go to a
/// file. None of it changes what an update is.
/// </summary>
/// <param name="model">As it will be trained.</param>
/// <param name="config">Batch, precision, the most tokens per micro-batch.</param>
/// <param name="seed">Of the shuffles, which decide what micro-batches there are.</param>
/// <param name="gradients">Computes the probes.</param>
/// <param name="pagesFolder">For the optimizer's state in a file.</param>
/// <param name="reserve">Bytes that something else will take during the fit.</param>
sealed class MemoryPlanner(Network model, TrainConfig config, long seed, GradientSum gradients, string pagesFolder, long reserve = 0)
{
    /// <summary>The share of the limit that is planned with; the rest is for what no probe has seen.</summary>
    const double Share = 0.97;

    /// <summary>What backward takes on top of the activations of a forward pass, roughly: the second probe measures it.</summary>
    const double Backward = 1.25;

    /// <summary>Updates that are looked at for the largest micro-batch.</summary>
    const int MostUpdates = 20_000;

    Device Device => model.Params.Device;

    UpdateOrder Order(IReadOnlyList<Example> train) => gradients.Objective.Order(train, config, seed);

    /// <summary>Bytes that may be in use.</summary>
    public long Limit { get; } = Memory.Stats(model.Params.Device) is { Limit: > 0 } stats ? stats.Limit : Of(model.Params.Device);

    /// <summary>What a run may take of a device, or of this machine, when it has no limit of its own; the rest is for the process itself and the system.</summary>
    public static long Of(Device device) => Memory.SizeOf(device) / 16 * 15;

    /// <summary>The first way that fits, in the order of what it costs in time.</summary>
    /// <exception cref="ConfigException">Nothing fits: not one example, by any means. Names the least that would do.</exception>
    public MemoryReport Choose(IReadOnlyList<Example> train) =>
        Try(train, checkpointing: false, paged: false) ?? Try(train, checkpointing: true, paged: false) ?? Try(train, checkpointing: true, paged: true)
        ?? throw MemoryNeed.TooSmall(model, Order(train).Longest.Length, config.Batch, Limit, reserve);

    /// <summary>What one way of computing takes, with the largest micro-batches that fit; null when not even one example does.</summary>
    public MemoryReport? Try(IReadOnlyList<Example> train, bool checkpointing, bool paged)
    {
        if (paged && !Device.IsCpu) return null;              // a mapped file is the CPU's memory
        try
        {
            using var optimizer = new AdamW(model.Params.Trained, pagesFolder: paged ? pagesFolder : null);
            return Fitting(train, checkpointing, paged);
        }
        catch (TorchMemoryException)
        {
            return null;
        }
    }

    MemoryReport? Fitting(IReadOnlyList<Example> train, bool checkpointing, bool paged)
    {
        var (bytes, most) = (MemoryNeed.WeightBytes(model), MostTokens(train));
        var longest = Order(train).Longest;
        var one = Probe([[longest], [longest]], checkpointing);
        var room = (Limit * Share) - reserve - one.Steady;
        var texts = (long)Math.Clamp(room / (Backward * Math.Max(1, one.Activations)), 1, int.MaxValue);
        var tokens = (int)Math.Min(texts * longest.Length, Math.Max(longest.Picture is null || config.MicroTokens != TrainConfig.UsualMicroTokens ? config.MicroTokens : (long)config.Batch * longest.Length, longest.Length));
        while (true)
        {
            var alone = tokens <= longest.Length;         // nothing smaller can be tried
            var parts = Largest(train, tokens);
            var largest = TryProbe(parts, checkpointing);
            // A table's gradient grows with the rows that are named: by the last micro-batch of an update it may have more of them than in the probe.
            var rows = parts.Count == 1 ? 0 : MemoryNeed.GradientBytes(model, most) - MemoryNeed.GradientBytes(model, Math.Min(most, Tokens(parts[0])));
            var peak = Math.Max(one.Peak, largest?.Peak + rows ?? 0) + reserve;
            if (largest is not null && peak <= Limit * (alone ? 0.99 : Share))
                return new(new(tokens, checkpointing, paged, peak), bytes, MemoryNeed.GradientBytes(model, most), paged ? 0 : MemoryNeed.MomentBytes(model), PerThousand(one, largest), largest.Moments);
            if (alone) return null;
            var share = largest is null ? 0.7 : Math.Min(0.9, room / Math.Max(1, largest.Peak - one.Steady));
            tokens = Math.Max(longest.Length, (int)(tokens * share));
        }
    }

    static long Tokens(Example[] part) => part.Sum(example => (long)example.Length);

    /// <summary>Tokens of the largest update.</summary>
    long MostTokens(IReadOnlyList<Example> train) => Updates(train).Max(Tokens);

    static long PerThousand(MemoryProbe one, MemoryProbe largest) => largest.Tokens > one.Tokens
        ? 1000 * (largest.Activations - one.Activations) / (largest.Tokens - one.Tokens) : 1000 * one.Activations / one.Tokens;

    /// <summary>
    /// Among all micro-batches that the fit will form: the largest that begins an update, and the largest that comes later and finds gradients
    /// in place.
    /// </summary>
    IReadOnlyList<Example[]> Largest(IReadOnlyList<Example> train, int tokens)
    {
        Example[]? first = null, later = null;
        foreach (var update in Updates(train))
        {
            var parts = Batches.Micro(update, tokens);
            if (first is null || Size(parts[0]) > Size(first)) first = parts[0];
            if (parts.Skip(1).MaxBy(Size) is { } other && (later is null || Size(other) > Size(later))) later = other;
        }
        return later is null ? [first!] : [first!, later];
    }

    IEnumerable<Example[]> Updates(IReadOnlyList<Example> train) => Enumerable.Range(1, config.Epochs).SelectMany(Order(train).Epoch).Take(MostUpdates);

    double Size(Example[] part) => Size(part, model, gradients.Objective);

    // What activations grow with, in numbers per channel of an encoder with heads 64 wide: about 17 rows of tokens; on the CPU the scratch of
    // attention, which has a few rows of the longest text; elsewhere 4 rows of the rectangle that attention pads to, and 3 scores per head or more; and,
    // once for all layers, what the head keeps.
    internal static double Size(Example[] part, Network model, Objective objective)
    {
        var (onKernel, scores) = (model.Params.Device.IsCpu && model.Sizes.Scores == 0, Math.Max(3, model.Sizes.Scores));
        double longest = part.Max(example => example.Length), tokens = part.Sum(example => example.Length);
        var head = part.Sum(example => objective.HeadNumbers(example, model)) / Math.Max(1, model.Sizes.Hidden * model.Sizes.Layers);
        return head + (17 * tokens) + (onKernel ? 2 * longest : (4 * part.Length * longest) + (scores / 64 * part.Length * longest * longest));
    }

    MemoryProbe? TryProbe(IReadOnlyList<Example[]> parts, bool checkpointing)
    {
        try
        {
            return Probe(parts, checkpointing);
        }
        catch (TorchMemoryException)
        {
            return null;                                      // smaller micro-batches are tried
        }
    }

    /// <summary>One step without its update: every part forward and backward, the gradients of earlier parts in place.</summary>
    /// <exception cref="TorchMemoryException">It does not fit.</exception>
    MemoryProbe Probe(IReadOnlyList<Example[]> parts, bool checkpointing)
    {
        try
        {
            using var mode = gradients.Update(0, checkpointing);
            var (peak, last) = (0L, new MemoryProbe(0, 0, 0, 0, []));
            foreach (var raw in parts)
            {
                Example[] part = [.. gradients.Objective.Prepared(raw, 1)];
                var steady = Memory.Stats(Device).InUse;
                using var line = new MemoryTimeline(Device);
                var (passed, live) = (0, 0L);
                gradients.AddOnce(part, part.Length, output =>
                {
                    line.Passed(passed == 0 ? "embeddings" : FormattableString.Invariant($"layer {passed}"), output);
                    (passed, live) = (passed + 1, Memory.Stats(Device).InUse - steady);
                });
                var moments = line.Moments("head and loss");
                var most = moments.Max(moment => moment.Peak);
                if (passed == 0) live = most - steady;        // a model that shows no layers
                last = new(part.Sum(example => example.Length), Math.Max(peak, most), steady, live, most > peak ? moments : last.Moments);
                peak = last.Peak;
            }
            return last;
        }
        finally
        {
            foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
            model.Params.Run.Statistics.Clear();
            Modes.ClearAutocast();
        }
    }

    /// <param name="Tokens">Of the last part.</param>
    /// <param name="Peak">Bytes in use at the highest point of all parts.</param>
    /// <param name="Steady">Bytes in use before the last part.</param>
    /// <param name="Activations">Bytes that the last part's layers kept for backward.</param>
    /// <param name="Moments">The part with the peak, module by module.</param>
    sealed record MemoryProbe(int Tokens, long Peak, long Steady, long Activations, IReadOnlyList<MemoryMoment> Moments);
}
