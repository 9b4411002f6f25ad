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

    /// <summary>Batch norms use their running statistics in training too, which then stay as they are.</summary>
    public bool RunningStatistics { get; set; }

    /// <summary>What the batch norms of pictures have seen of the update in progress.</summary>
    public BatchStatistics Statistics { get; } = new();

    /// <summary>The states of streams that a recurrent model reads and leaves; null where every sequence begins with zeros.</summary>
    public CarriedState? Carried { get; set; }

    /// <summary>
    /// While training, the weights of what a recurrent model adds to the loss for large activations of its last layer (AR) and for changes from token to token (TAR, Merity et
    /// al. 2017, 4.3; fastai's alpha and beta).
    /// </summary>
    public (double Activation, double Temporal) ActivationPenalty { get; set; }

    Tensor? penalty;

    /// <summary>
    /// What a forward pass adds to the loss that is differentiated, not to the one that is reported: a number summed over the batch's sequences, each counting for its tokens,
    /// to be divided like the loss by the tokens of the whole update.
    /// </summary>
    public void SetPenalty(Tensor sum) => penalty = sum;

    /// <summary>What the last forward pass set, once.</summary>
    public Tensor? TakePenalty()
    {
        var sum = penalty;
        penalty = null;
        return sum;
    }

    /// <summary>The place of one dropout among all, in the order of construction.</summary>
    internal int NextLayer() => layers++;

    /// <summary>The seed of one layer's mask in this micro-batch, where a generator draws it.</summary>
    internal ulong GeneratorSeed(int layer) => (ulong)RandomStream.Of(Seed, "dropout of a generator", Update, layer, FirstExample).Key;

    /// <summary>The key of one layer's mask in this update.</summary>
    internal long Key(int layer) => RandomStream.Of(Seed, "dropout", Update, layer).Key;
}
