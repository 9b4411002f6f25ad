using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>What a model's layers need to know of the run: whether it trains, and where its randomness comes from.</summary>
public sealed class RunState
{
    int layers;

    /// <summary>True while an update is computed; dropout acts only then.</summary>
    public bool Training { get; set; }

    /// <summary>True: blocks keep only their input and are run again in backward (see <see cref="Block"/>).</summary>
    public bool Checkpointing { get; set; }

    public long Seed { get; set; }

    /// <summary>The number of the update, from 0.</summary>
    public long Update { get; set; }

    /// <summary>The place of one dropout among all, in the order of construction.</summary>
    internal int NextLayer() => layers++;

    /// <summary>The key of one layer's mask in this update.</summary>
    internal long Key(int layer) => RandomStream.Of(Seed, "dropout", Update, layer).Key;
}
