using System.Text.Json.Nodes;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>What a network reads in one pass: a micro-batch as plain arrays.</summary>
/// <param name="Examples">(n) the number that names each example across epochs and cuts; masks of dropout depend on it.</param>
public abstract record InputBatch(long[] Examples)
{
    public int Count => Examples.Length;
}

/// <summary>A network from examples to K numbers each, of texts or of pictures. What a trainer asks of it: a forward pass, and its weights with their names and depth.</summary>
public abstract class Network(Params p, JsonObject config) : IDisposable
{
    /// <summary>The weights, by checkpoint name.</summary>
    public Params Params { get; } = p;

    /// <summary>config.json as it will be written: what was read, with labels and sizes of this model.</summary>
    public JsonObject Config { get; } = config;

    /// <summary>Examples -> logits (n,K).</summary>
    /// <param name="batch">Of the kind that this network reads.</param>
    /// <param name="observe">Sees the embeddings' output and that of every layer or stage; may be null.</param>
    internal abstract Tensor Logits(InputBatch batch, Action<Tensor>? observe = null);

    /// <summary>Examples as the network sees them, before it judges them: (n,C) in float32.</summary>
    internal abstract Tensor Embed(InputBatch batch);

    /// <summary>Its weights by depth; null for a model without layers.</summary>
    protected internal virtual LayerGroups? Groups => null;

    /// <summary>The sizes of its layers, for an estimate of memory; zeros where one says nothing.</summary>
    protected internal virtual EncoderSizes Sizes => EncoderSizes.Of(new(Config, "config.json"));

    /// <summary>The head, where it must see all examples of an update together; else null.</summary>
    protected internal virtual JointHead? Joint => null;

    /// <summary>The error for a batch of another kind.</summary>
    private protected ArgumentException Unreadable(InputBatch batch) => new($"{GetType().Name} does not read a {batch.GetType().Name}");

    public void Dispose()
    {
        Params.Dispose();
        GC.SuppressFinalize(this);
    }
}
