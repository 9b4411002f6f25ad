namespace Tutti.Evaluation;

/// <summary>
/// Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks"): logits divided by one number, which makes a model less sure (above 1) or more (below 1)
/// and changes no predicted class.
/// </summary>
public static class Temperature
{
    const double Smallest = 1e-15, Coldest = 0.05, Hottest = 20, Exact = 1e-7;

    /// <summary>The temperature, from 0.05 to 20, of least log-loss.</summary>
    /// <param name="probabilities">n*K, row by row.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    public static double Fit(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> labels, int classes)
    {
        if (labels.Length == 0 || probabilities.Length != labels.Length * classes) throw new ArgumentException($"got {probabilities.Length} probabilities of {classes} classes for {labels.Length} labels");
        // The loss is convex in 1/T: the derivative changes its sign once.
        var (low, high) = (1 / Hottest, 1 / Coldest);
        var scaled = new double[classes];
        while (high - low > Exact * low)
        {
            var middle = Math.Sqrt(low * high);
            var slope = 0.0;
            for (var row = 0; row < labels.Length; row++)
            {
                var own = probabilities.Slice(row * classes, classes);
                Scale(own, middle, scaled);
                for (var k = 0; k < classes; k++) slope += (scaled[k] - (k == labels[row] ? 1 : 0)) * Math.Log(Math.Max(own[k], Smallest));
            }
            if (slope > 0) high = middle;
            else low = middle;
        }
        return 1 / Math.Sqrt(low * high);
    }

    /// <summary>n*K probabilities at another temperature.</summary>
    public static double[] Apply(ReadOnlySpan<double> probabilities, int classes, double temperature)
    {
        if (!(temperature > 0)) throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "expected above 0");
        var result = new double[probabilities.Length];
        for (var start = 0; start < result.Length; start += classes) Scale(probabilities.Slice(start, classes), 1 / temperature, result.AsSpan(start, classes));
        return result;
    }

    static void Scale(ReadOnlySpan<double> row, double power, Span<double> to)
    {
        var (high, sum) = (double.NegativeInfinity, 0.0);
        for (var k = 0; k < row.Length; k++) high = Math.Max(high, to[k] = power * Math.Log(Math.Max(row[k], Smallest)));
        foreach (ref var value in to) sum += value = Math.Exp(value - high);
        foreach (ref var value in to) value /= sum;
    }
}
