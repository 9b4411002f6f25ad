using System.Diagnostics;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Milliseconds of a linear layer's three products.</summary>
readonly record struct ProductTimes(double Forward, double Inputs, double Weights)
{
    public double Sum => Forward + Inputs + Weights;
}

/// <summary>What libtorch's plain matrix products take here: operands that have their type already, and nothing else.</summary>
static class ProductClock
{
    const int LeastCalls = 3;
    const double LeastMilliseconds = 2;

    /// <summary>The best large product: 2048^3, in billions of operations a second.</summary>
    public static double Large(DType dtype)
    {
        const int n = 2048;
        using var scope = new Scope();
        using var mode = Modes.NoGrad();
        var (a, b) = (Operand(dtype, n, n), Operand(dtype, n, n));
        return new LinearShape(n, n, n).Flops / Median(() => a.MatMul(b)) / 1e6;
    }

    /// <summary>One linear layer.</summary>
    public static ProductTimes Measure(LinearShape shape, DType dtype)
    {
        using var scope = new Scope();
        using var mode = Modes.NoGrad();
        var (x, y) = (Operand(dtype, shape.Rows, shape.Inputs), Operand(dtype, shape.Rows, shape.Outputs));      // y stands for dY
        var weight = Operand(dtype, shape.Outputs, shape.Inputs);
        var (weightT, yT) = (weight.Transpose(0, 1), y.Transpose(0, 1));
        return new(Median(() => x.MatMul(weightT)), Median(() => y.MatMul(weight)), Median(() => yT.MatMul(x)));
    }

    static double Median(Func<Tensor> product)
    {
        product().Dispose();                                  // packs, chooses, takes memory
        List<double> times = [];
        for (var total = 0.0; times.Count < LeastCalls || total < LeastMilliseconds; total += times[^1])
        {
            var clock = Stopwatch.GetTimestamp();
            using var result = product();
            times.Add(Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
        }
        return Figures.Median(times);
    }

    // Small numbers that are not all alike: some processors are faster on zeros.
    static Tensor Operand(DType dtype, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, n) => product * n)];
        for (var i = 0; i < values.Length; i++) values[i] = ((i % 61) - 30) / 64f;
        return Tensor.From<float>(values, shape).To(dtype);
    }
}
