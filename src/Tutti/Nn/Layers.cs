using Tutti.Torch;

namespace Tutti.Nn;

// The small layers, each a few lines: T tokens (or n sequences), C channels.

/// <summary>y = x W^T + b. Weight (outputs, inputs), bias (outputs), which some architectures leave out.</summary>
public sealed class Linear(Params p, int inputs, int outputs, double deviation = 0.02, bool hasBias = true, Init? init = null)
{
    readonly Tensor weight = p.Get("weight", init ?? Init.Normal(deviation), decay: true, outputs, inputs);
    readonly Tensor? bias = hasBias ? p.Get("bias", Init.Zeros, decay: false, outputs) : null;

    internal (Tensor Weight, Tensor? Bias) Weights => (weight, bias);

    public Tensor Forward(Tensor x) => Together(x, this)[0];                      // (...,inputs) -> (...,outputs)

    /// <summary>The product with a weight that another layer owns.</summary>
    internal static Tensor Tied(Tensor x, Tensor weight, Tensor? bias) => bias is not null && x.Device.IsCpu && weight.DType == DType.Float32 ? x.Linears([weight], [bias])[0] : x.Linear(weight, bias);

    /// <summary>Several layers of one input, which is cast and kept for backward once.</summary>
    public static Tensor[] Together(Tensor x, params Linear[] layers) => x.Device.IsCpu && layers.All(layer => layer.weight.DType == DType.Float32 && layer.bias is not null)
        ? x.Linears(Array.ConvertAll(layers, layer => layer.weight), Array.ConvertAll(layers, layer => layer.bias!))
        : Array.ConvertAll(layers, layer => x.Linear(layer.weight, layer.bias));
}

/// <summary>Normalises the last axis and scales it (Ba et al. 2016).</summary>
public sealed class LayerNorm(Params p, int size, double eps, bool hasBias = true)
{
    readonly Tensor weight = p.Get("weight", Init.Ones, decay: false, size);
    readonly Tensor? bias = hasBias ? p.Get("bias", Init.Zeros, decay: false, size) : null;

    public Tensor Forward(Tensor x) => (x.DType == weight.DType ? x : x.To(weight.DType)).LayerNorm(weight, bias, eps);

    /// <summary>LayerNorm(x + dropout(added)): the end of a post-norm sublayer.</summary>
    /// <param name="x">(...,C) what the sublayer got.</param>
    /// <param name="added">(...,C) what it gives.</param>
    /// <param name="dropout">Of what it gives.</param>
    /// <param name="rows">One int64 key per row.</param>
    public Tensor Forward(Tensor x, Tensor added, Dropout dropout, Func<Tensor> rows)
    {
        if (bias is null || !x.Device.IsCpu || weight.DType != DType.Float32 || dropout.Counter is not var (share, key)) return Forward(dropout.Forward(added, rows) + x);
        return x.ResidualNorm(added, weight, bias, eps, rows(), share, key);
    }
}

/// <summary>Rows of a table by ids. The row <paramref name="padding"/> gets no gradient (torch's padding_idx); -1 for none.</summary>
/// <param name="p">Its place.</param>
/// <param name="rows">Ids are below.</param>
/// <param name="size">Of a row.</param>
/// <param name="padding">See above.</param>
/// <param name="deviation">Of fresh weights.</param>
/// <param name="whole">The table is read as a whole too, so that its gradient does not come by rows.</param>
/// <param name="init">Of fresh weights, in place of <paramref name="deviation"/>.</param>
public sealed class Embedding(Params p, int rows, int size, int padding = -1, double deviation = 0.02, bool whole = false, Init? init = null)
{
    readonly Parameter table = p.Table("weight", init ?? Init.Normal(deviation), rows, size, whole);

    /// <summary>(rows, size), for layers that multiply by it.</summary>
    internal Tensor Table => whole ? table.Stored : throw new InvalidOperationException($"{table.Name} was made to be read by rows only");

    public Tensor Forward(Tensor ids) => table.Rows(ids, padding);                // (T) -> (T,C)
}

/// <summary>
/// Zeroes a share of the elements while training and scales the rest up. The mask is a function of (seed, update, layer, example, position):
/// the same however the batch was cut, and never stored. A device without that kernel (any but the CPU) draws from its generator, seeded from (seed, update,
/// layer, first example of the micro-batch): the same on every repetition and in activation checkpointing, but another mask for another cut.
/// </summary>
public sealed class Dropout(Params p, double share)
{
    readonly int layer = p.Run.NextLayer();

    /// <summary>The share and key of this pass's mask (share 0: none), or null where the mask is drawn from a generator.</summary>
    internal (double Share, long Key)? Counter => !p.Run.Training || share == 0 ? (0, 0) : p.Device.IsCpu && !p.Run.ByGenerator ? (share, p.Run.Key(layer)) : null;

    /// <param name="x">Rows of the last axis.</param>
    /// <param name="rows">One int64 key per row.</param>
    public Tensor Forward(Tensor x, Func<Tensor> rows)
    {
        if (Counter is var (drawn, key)) return drawn == 0 ? x : x.Dropout(rows(), drawn, key);
        return x.Dropout(Draw());
    }

    /// <summary>The share that acts now, with the generator set for it: for operators that drop by themselves.</summary>
    internal double Draw()
    {
        if (!p.Run.Training || share == 0) return 0;
        Engine.Seed(p.Run.GeneratorSeed(layer));
        return share;
    }
}

/// <summary>The activation functions that configs name.</summary>
public static class Activations
{
    /// <param name="name">As in a checkpoint's config (hidden_act).</param>
    /// <param name="where">The config file, for the error.</param>
    /// <exception cref="DataException">The name is not known.</exception>
    public static Func<Tensor, Tensor> Of(string name, string where) => name switch
    {
        "gelu" => x => x.Gelu(),
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => x => x.Gelu(approximate: true),
        "relu" => x => x.Relu(),
        "silu" or "swish" => x => x.Silu(),
        "tanh" => x => x.Tanh(),
        _ => throw new DataException(where, $"hidden_act '{name}' is not known; expected gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, silu, swish or tanh"),
    };
}
