using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What training a model needs at least, reckoned from its sizes: for what cannot be measured because it does not fit.</summary>
static class MemoryNeed
{
    public static long WeightBytes(TextModel model) => model.Params.Items.Sum(item => item.Value.Count * item.Value.DType.Size());

    /// <summary>
    /// The least memory that one update of one example takes by any means: weights, their gradients, the largest gradient once more while it is
    /// added, the inputs of all blocks and the activations of one. Optimizer state lies in a file.
    /// </summary>
    /// <param name="length">Tokens of the longest text.</param>
    public static long Smallest(TextModel model, int length)
    {
        var largest = model.Params.Items.Max(item => item.Value.Count * item.Value.DType.Size());
        var (hidden, layers, heads) = (Size(model, "hidden_size"), Size(model, "num_hidden_layers"), Math.Max(1, Size(model, "num_attention_heads")));
        // Numbers of a block, as bisected on encoders of 48 to 768 channels: rows as wide as the model and four as wide as its inside per token. On the
        // CPU (bisected up to 256 channels) eight of the former, and each thread's scratch of attention, five rows of a head's channels per token and
        // three times 48 rows of scores; elsewhere twelve, and two and a half scores per head and pair.
        var (rows, scores) = model.Params.Device.IsCpu ? (8, Engine.Threads * ((5 * length * hidden / heads) + (144 * (length + (hidden / heads))))) : (12, heads * length * length * 5 / 2);
        var block = sizeof(float) * ((length * ((rows * hidden) + (4 * Size(model, "intermediate_size")))) + scores);
        var inputs = sizeof(float) * length * hidden * layers;
        return (2 * WeightBytes(model)) + inputs + Math.Max(block, largest) + (1 << 17);
    }

    /// <summary>The error for a budget in which the model cannot be trained; names the smallest that would do.</summary>
    public static ConfigException TooSmall(TextModel model, int length, long limit, long reserve = 0, string? member = null)
    {
        var (weights, needed) = (WeightBytes(model), (long)(Smallest(model, length) * 1.05) + reserve);
        return new("memory", FormattableString.Invariant($"got {Text(limit)}, {(member is null ? "this model" : member)} needs at least about {Text(needed)}: weights {Text(weights)}, their gradients as much, ")
            + FormattableString.Invariant($"and one text of {length} tokens with activations computed again and the optimizer's state in a file. Raise memory, take a smaller model, or lower train.max-length."));
    }

    static long Size(TextModel model, string key) => new ModelConfig(model.Config, "config.json").Int(key, 0);

    // In the unit that a recipe takes: 10^6 bytes, rounded up.
    static string Text(long bytes) => FormattableString.Invariant($"{Math.Ceiling(bytes / 1e5) / 10:0.#} MB");
}
