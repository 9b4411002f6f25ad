namespace Tutti.Torch;

/// <summary>
/// A counter-based stream of random numbers: number i depends on the key and i only. Every use derives a stream of its own from
/// (seed, purpose, indices), so no use disturbs another and any point can be reached again without replaying.
/// </summary>
public readonly struct RandomStream(ulong key)
{
    const ulong Golden = 0x9e3779b97f4a7c15;

    /// <summary>The key as a signed number, as kernels take it.</summary>
    public long Key => (long)key;

    /// <summary>The stream of one purpose, such as "shuffle" of epoch 3: <c>RandomStream.Of(seed, "shuffle", 3)</c>.</summary>
    public static RandomStream Of(long seed, string purpose, params ReadOnlySpan<long> indices)
    {
        var key = Mix((ulong)seed + Golden);
        foreach (var c in purpose) key = Mix(key ^ (c + Golden));
        foreach (var index in indices) key = Mix(key ^ ((ulong)index + Golden));
        return new(key);
    }

    /// <summary>64 random bits number <paramref name="i"/> of this stream.</summary>
    public ulong Bits(long i) => Mix(key + (Golden * ((ulong)i + 1)));

    /// <summary>A number in [0, 1) with 53 bits.</summary>
    public double Uniform(long i) => (Bits(i) >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number in [0, n).</summary>
    public int Below(long i, int n) => (int)Math.BigMul(Bits(i), (ulong)n, out _);

    /// <summary>A standard normal number (Box and Muller 1958, the cosine branch of pair i).</summary>
    public double Normal(long i) =>
        Math.Sqrt(-2 * Math.Log(1 - Uniform(2 * i))) * Math.Cos(2 * Math.PI * Uniform((2 * i) + 1));

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i, i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
