namespace Tutti.Vision;

/// <summary>The weights along one side, as Pillow's Resample.c makes them: for each pixel of the result where its run of pixels begins, and their weights in units of 1/2^22.</summary>
sealed class ResizeWeights
{
    public const int Bits = 22;

    /// <summary>The low bits of a weight, which is kept as two halves too: 16-bit products then give the same sums. Of coarse weights they are zero.</summary>
    public int LowBits { get; }

    /// <summary>Weights of 14 bits, which need half of the products.</summary>
    public bool Coarse { get; }

    /// <summary>Weights of one pixel, even; those that it does not need are zero.</summary>
    public int Taps { get; }
    public int[] Starts { get; }
    public int[] Counts { get; }
    public int[] Weights { get; }

    /// <summary>For each two weights: their high parts as two 16-bit numbers, then their low parts.</summary>
    public int[] Pairs { get; }

    public ResizeWeights(ResizeFilter filter, int from, int to, bool coarse = false)
    {
        (Coarse, LowBits) = (coarse, coarse ? Bits - 14 : 11);
        var scale = (double)from / to;
        var widened = Math.Max(1, scale);                     // the filter grows with the reduction, so that no pixel is missed
        var support = ResizeFilters.Support(filter) * widened;
        Taps = (((int)Math.Ceiling(support) * 2) + 2) & ~1;
        (Starts, Counts, Weights, Pairs) = (new int[to], new int[to], new int[to * Taps], new int[to * Taps]);
        var weights = new double[Taps];
        for (var x = 0; x < to; x++)
        {
            var center = (x + 0.5) * scale;
            var start = Math.Max(0, (int)(center - support + 0.5));
            var count = Math.Min(from, (int)(center + support + 0.5)) - start;
            var sum = 0.0;
            for (var i = 0; i < count; i++) sum += weights[i] = ResizeFilters.Weight(filter, (i + start - center + 0.5) * (1 / widened));
            var left = 0.0;
            for (var i = 0; i < count; i++)
            {
                var weight = (sum != 0 ? weights[i] / sum : weights[i]) * (1 << Bits);
                if (coarse)
                {
                    // What rounding leaves goes to the next one, so that their sum stays 1.
                    weight += left;
                    var rounded = (int)Math.Round(weight / (1 << LowBits)) << LowBits;
                    (Weights[(x * Taps) + i], left) = (rounded, weight - rounded);
                    continue;
                }
                Weights[(x * Taps) + i] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            (Starts[x], Counts[x]) = (start, count);
        }
        for (var i = 0; i < Weights.Length; i += 2)
        {
            Pairs[i] = (ushort)(Weights[i] >> LowBits) | (Weights[i + 1] >> LowBits << 16);
            Pairs[i + 1] = (Weights[i] & ((1 << LowBits) - 1)) | ((Weights[i + 1] & ((1 << LowBits) - 1)) << 16);
        }
    }
}
