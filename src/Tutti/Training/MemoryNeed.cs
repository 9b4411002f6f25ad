using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What training a model needs at least, reckoned from its sizes: for what cannot be measured because it does not fit.</summary>
static class MemoryNeed
{
    public static long WeightBytes(Network model) => model.Params.Items.Sum(Bytes);

    /// <summary>The most that gradients take when an update has come to so many tokens: a table's gradient has the rows that were named, each once.</summary>
    public static long GradientBytes(Network model, long tokens) => model.Params.Trained.Sum(item => GradientBytes(item, tokens));

    /// <summary>AdamW's two moments of every weight that is trained.</summary>
    public static long MomentBytes(Network model) => 2 * model.Params.Trained.Sum(Bytes);

    /// <summary>
    /// The least memory that one update takes by any means, text by text: weights, their gradients, the largest gradient of one text once more while it is
    /// added, the inputs of all blocks and the activations of one. Optimizer state lies in a file, on a GPU beside them.
    /// </summary>
    /// <param name="length">Tokens of the longest text.</param>
    /// <param name="batch">Texts of an update.</param>
    /// <param name="device">Where it will be trained; null: where it is.</param>
    public static long Smallest(Network model, int length, int batch, Device? device = null)
    {
        var largest = model.Params.Trained.Max(item => GradientBytes(item, length));
        var (hidden, layers, heads, intermediate, kept) = model.Sizes;
        // Numbers of a block, as bisected on encoders of 48 to 768 channels: rows as wide as the model and four as wide as its inside per token. On the
        // CPU (bisected up to 256 channels) eight of the former, and each thread's scratch of attention, five rows of a head's channels per token and
        // three times 48 rows of scores; elsewhere, and where an architecture's attention has no kernel, twelve, and two and a half scores per head and pair or more.
        var (rows, scores) = !OnGpu(model, device) && kept == 0 ? (8, Engine.Threads * ((5 * length * hidden / heads) + (144 * (length + (hidden / heads))))) : (12, (long)(heads * length * length * Math.Max(kept, 2.5)));
        var block = sizeof(float) * ((length * ((rows * hidden) + (4 * intermediate))) + scores);
        var inputs = sizeof(float) * length * hidden * layers;
        return WeightBytes(model) + (OnGpu(model, device) ? MomentBytes(model) : 0) + GradientBytes(model, (long)length * batch) + inputs + Math.Max(block, largest) + (1 << 17);
    }

    /// <summary>The error for a budget in which the model cannot be trained; names the smallest that would do.</summary>
    public static ConfigException TooSmall(Network model, int length, int batch, long limit, long reserve = 0, string? member = null, Device? device = null)
    {
        var (weights, gradients, needed) = (WeightBytes(model), GradientBytes(model, (long)length * batch), (long)(Smallest(model, length, batch, device) * 1.05) + reserve);
        return new("memory", FormattableString.Invariant($"got {Text(limit)}, {(member is null ? "this model" : member)} needs at least about {Text(needed)}: weights {Text(weights)}, their gradients {Text(gradients)}, ")
            + FormattableString.Invariant($"and {(model is VisionModel ? "one picture" : FormattableString.Invariant($"one text of {length} tokens"))} with activations computed again and the optimizer's state {(OnGpu(model, device) ? "beside it" : "in a file")}. Raise memory, take a smaller model, or {(model is VisionModel ? "take smaller pictures" : "lower train.max-length")}."));
    }

    static bool OnGpu(Network model, Device? device) => (device ?? model.Params.Device) is { IsCpu: false, IsMeta: false };

    static long Bytes(Parameter item) => item.Stored.Count * item.Stored.DType.Size();

    static long GradientBytes(Parameter item, long tokens) => item.ByRows ? Bytes(item) / item.Stored.Size(0) * Math.Min(tokens, item.Stored.Size(0)) : Bytes(item);

    // In the unit that a recipe takes: 10^6 bytes, rounded up.
    static string Text(long bytes) => FormattableString.Invariant($"{Math.Ceiling(bytes / 1e5) / 10:0.#} MB");
}
