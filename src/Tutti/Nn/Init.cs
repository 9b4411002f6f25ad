using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>How a weight begins when no file holds it. Values depend on the seed and the weight's name only, not on the order of construction.</summary>
public readonly record struct Init(double Mean, double Deviation)
{
    public static Init Zeros { get; } = new(0, 0);
    public static Init Ones { get; } = new(1, 0);

    /// <summary>Normal with mean 0 (BERT's initializer_range).</summary>
    public static Init Normal(double deviation) => new(0, deviation);

    /// <summary>Evenly spread between -bound and bound, as torch begins its recurrent and linear layers.</summary>
    public static Init Uniform(double bound) => new(0, bound) { Even = true };

    /// <summary><see cref="Deviation"/> is the bound of an even spread.</summary>
    bool Even { get; init; }

    internal Tensor Make(long seed, string name, long[] shape, DType dtype)
    {
        if (Deviation == 0)
        {
            var constant = Tensor.Empty(shape, dtype);
            constant.Fill(Mean);
            return constant;
        }
        var (stream, mean, deviation, even) = (RandomStream.Of(seed, "init " + name), Mean, Deviation, Even);
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        Parallel.For(0, (values.Length + 65535) / 65536, block =>
        {
            for (var i = block * 65536; i < Math.Min(values.Length, (block + 1) * 65536); i++) values[i] = (float)(mean + (deviation * (even ? (2 * stream.Uniform(i)) - 1 : stream.Normal(i))));
        });
        using var single = Tensor.From<float>(values, shape);
        return dtype == DType.Float32 ? single.Clone() : single.To(dtype);
    }
}
