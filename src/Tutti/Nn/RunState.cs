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

    /// <summary>The number that names the first example of the micro-batch, for devices whose dropout draws from a generator.</summary>
    internal long FirstExample { get; set; }

    /// <summary>Dropout draws from the device's generator, as on devices without the counter-based kernel.</summary>
    internal bool ByGenerator { get; set; }

    /// <summary>Float32 products on CUDA may be computed in TF32.</summary>
    public bool Tf32 { get; set; } = true;

    /// <summary>The one way in which attention is computed; null: the best that the device has.</summary>
    internal AttentionPath? Attention { get; set; }

    /// <summary>Heads are padded as on CUDA, also on other devices.</summary>
    internal bool PadHeads { get; set; }

    /// <summary>The place of one dropout among all, in the order of construction.</summary>
    internal int NextLayer() => layers++;

    /// <summary>The seed of one layer's mask in this micro-batch, where a generator draws it.</summary>
    internal ulong GeneratorSeed(int layer) => (ulong)RandomStream.Of(Seed, "dropout of a generator", Update, layer, FirstExample).Key;

    /// <summary>The key of one layer's mask in this update.</summary>
    internal long Key(int layer) => RandomStream.Of(Seed, "dropout", Update, layer).Key;
}
