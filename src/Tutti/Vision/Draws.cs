namespace Tutti.Vision;

/// <summary>
/// The random numbers of one picture in one epoch, drawn one after the other: a function of (seed, purpose, epoch, row) and of nothing else, so threads, batches and other pictures do not
/// matter. Counter-based on SplitMix64 (Steele, Lea, Flood 2014), as <c>Torch.RandomStream</c> is.
/// </summary>
public sealed class Draws
{
    const ulong Golden = 0x9e3779b97f4a7c15;

    readonly ulong key;
    ulong next;

    /// <param name="seed">Of the run.</param>
    /// <param name="purpose">Such as "augment": each has numbers of its own.</param>
    /// <param name="indices">Epoch and row, or epoch and update.</param>
    public Draws(long seed, string purpose, params ReadOnlySpan<long> indices)
    {
        key = Mix((ulong)seed + Golden);
        foreach (var c in purpose) key = Mix(key ^ (c + Golden));
        foreach (var index in indices) key = Mix(key ^ ((ulong)index + Golden));
    }

    /// <summary>A number in [0, 1) with 53 bits.</summary>
    public double Uniform() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number in [from, to).</summary>
    public double Between(double from, double to) => from + ((to - from) * Uniform());

    /// <summary>A whole number in [0, n).</summary>
    public int Below(int n) => (int)Math.BigMul(Bits(), (ulong)n, out _);

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>A standard normal number (Box and Muller 1958, the cosine branch).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    /// <summary>A number of the beta distribution with both parameters the same: the share of two gamma numbers.</summary>
    public double Beta(double alpha)
    {
        var (first, second) = (LogGamma(alpha), LogGamma(alpha));
        return 1 / (1 + Math.Exp(second - first));
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    // The logarithm of a gamma number (Marsaglia and Tsang 2000; below 1 by their boost, in logarithms because small parameters give numbers below the smallest double).
    double LogGamma(double alpha)
    {
        if (alpha < 1) return LogGamma(alpha + 1) + (Math.Log(1 - Uniform()) / alpha);
        var d = alpha - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal();
            var v = 1 + (c * x);
            if (v <= 0) continue;
            v = v * v * v;
            if (Math.Log(1 - Uniform()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v))) return Math.Log(d * v);
        }
    }

    ulong Bits() => Mix(key + (Golden * ++next));

    // The finaliser of SplitMix64.
    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
