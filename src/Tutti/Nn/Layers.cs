using Tutti.Torch;

namespace Tutti.Nn;

// The small layers, each a few lines: T tokens (or n sequences), C channels.

/// <summary>y = x W^T + b. Weight (outputs, inputs), bias (outputs).</summary>
public sealed class Linear(Params p, int inputs, int outputs, double deviation = 0.02)
{
    readonly Tensor weight = p.Get("weight", Init.Normal(deviation), decay: true, outputs, inputs);
    readonly Tensor bias = p.Get("bias", Init.Zeros, decay: false, outputs);

    public Tensor Forward(Tensor x) => x.Linear(weight, bias);                    // (...,inputs) -> (...,outputs)
}

/// <summary>Normalises the last axis and scales it (Ba et al. 2016).</summary>
public sealed class LayerNorm(Params p, int size, double eps)
{
    readonly Tensor weight = p.Get("weight", Init.Ones, decay: false, size);
    readonly Tensor bias = p.Get("bias", Init.Zeros, decay: false, size);

    public Tensor Forward(Tensor x) => x.LayerNorm(weight, bias, eps);
}

/// <summary>Rows of a table by ids. The row <paramref name="padding"/> gets no gradient (torch's padding_idx); -1 for none.</summary>
public sealed class Embedding(Params p, int rows, int size, int padding = -1, double deviation = 0.02)
{
    readonly Tensor weight = p.Get("weight", Init.Normal(deviation), decay: true, rows, size);

    public Tensor Forward(Tensor ids) => weight.Embedding(ids, padding);          // (T) -> (T,C)
}

/// <summary>
/// Zeroes a share of the elements while training and scales the rest up. The mask is a function of (seed, update, layer, example, position):
/// the same however the batch was cut, and never stored. A device without that kernel (any but the CPU) draws from its generator, seeded from (seed, update,
/// layer, first example of the micro-batch): the same on every repetition and in activation checkpointing, but another mask for another cut.
/// </summary>
public sealed class Dropout(Params p, double share)
{
    readonly int layer = p.Run.NextLayer();

    /// <param name="x">Rows of the last axis.</param>
    /// <param name="rows">One int64 key per row.</param>
    public Tensor Forward(Tensor x, Func<Tensor> rows)
    {
        if (!p.Run.Training || share == 0) return x;
        if (p.Device.IsCpu && !p.Run.ByGenerator) return x.Dropout(rows(), share, p.Run.Key(layer));
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
