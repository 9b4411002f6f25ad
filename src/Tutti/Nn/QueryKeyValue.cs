using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>Queries, keys and values of one input (...,C), each (...,C): by one product whose weight is stored whole, or by three.</summary>
sealed class QueryKeyValue
{
    readonly Func<Tensor, Tensor[]> forward;

    QueryKeyValue(Func<Tensor, Tensor[]> forward) => this.forward = forward;

    /// <summary>One weight (3C,C), as timm stores it.</summary>
    public static QueryKeyValue Whole(Params p, int channels, bool hasBias, double deviation = 0.02)
    {
        var linear = new Linear(p, channels, 3 * channels, deviation, hasBias);
        return new(x => linear.Forward(x).Chunk(3, -1));
    }

    /// <summary>One weight, and biases of queries and values beside it; keys have none.</summary>
    /// <param name="p">Where the biases q_bias and v_bias are, and the weight below "qkv".</param>
    /// <param name="channels">C.</param>
    /// <param name="hasBias">Whether there are biases.</param>
    /// <param name="deviation">Of fresh weights.</param>
    public static QueryKeyValue WithoutKeyBias(Params p, int channels, bool hasBias, double deviation = 0.02)
    {
        var (q, v) = hasBias ? (p.Get("q_bias", Init.Zeros, decay: false, channels), p.Get("v_bias", Init.Zeros, decay: false, channels)) : (null, null);
        var weight = (p / "qkv").Get("weight", Init.Normal(deviation), decay: true, 3 * channels, channels);
        return new(x => x.Linear(weight, q is null ? null : Tensor.Cat([q, Tensor.Zeros([channels], q.DType, q.Device), v!])).Chunk(3, -1));
    }

    /// <summary>Three layers, "query", "key" and "value", as transformers stores them.</summary>
    public static QueryKeyValue Apart(Params p, int channels, bool hasBias, bool keyBias, double deviation = 0.02)
    {
        Linear Layer(string name, bool bias) => new(p / name, channels, channels, deviation, bias);
        Linear[] layers = [Layer("query", hasBias), Layer("key", hasBias && keyBias), Layer("value", hasBias)];
        return new(x => Linear.Together(x, layers));
    }

    public Tensor[] Forward(Tensor x) => forward(x);
}
