using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>Normal and gamma numbers one after the other, from a counted stream.</summary>
sealed class GammaStream(RandomStream random)
{
    long at;
    double spare = double.NaN;

    public double Uniform() => random.Uniform(at++);

    /// <summary>Standard normal (the polar method of Marsaglia and Bray 1964, which gives two at a time).</summary>
    public double Normal()
    {
        if (!double.IsNaN(spare))
        {
            var kept = spare;
            spare = double.NaN;
            return kept;
        }
        while (true)
        {
            var (a, b) = ((2 * Uniform()) - 1, (2 * Uniform()) - 1);
            var square = (a * a) + (b * b);
            if (square is >= 1 or 0) continue;
            var scale = Math.Sqrt(-2 * Math.Log(square) / square);
            spare = b * scale;
            return a * scale;
        }
    }

    /// <summary>Gamma with that shape, at least 1, and scale 1 (Marsaglia and Tsang 2000).</summary>
    public double Gamma(double shape)
    {
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal();
            var v = 1 + (c * x);
            if (v <= 0) continue;
            v *= v * v;
            if (Math.Log(1 - Uniform()) < (x * x / 2) + d - (d * v) + (d * Math.Log(v))) return d * v;
        }
    }
}
