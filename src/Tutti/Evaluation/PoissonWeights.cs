using System.Numerics;

namespace Tutti.Evaluation;

/// <summary>
/// How often each row stands in each of many resamples: an independent Poisson(1) number, which is what drawing with replacement comes to for
/// many rows (Chamandy et al. 2012, "Estimating uncertainty for massive data streams"). A number depends on seed, row and resample alone.
/// </summary>
sealed class PoissonWeights
{
    readonly Vector<int>[] salts;
    readonly ulong seed;

    /// <param name="seed">Another one gives other numbers.</param>
    /// <param name="resamples">At least so many; they come in groups of <see cref="Width"/>.</param>
    public PoissonWeights(ulong seed, int resamples)
    {
        this.seed = Bootstrap.Mix(seed + 0x9E3779B97F4A7C15);
        salts = [.. Enumerable.Range(0, (resamples + Width - 1) / Width).Select(group =>
            new Vector<int>([.. Enumerable.Range(group * Width, Width).Select(resample => (int)Bootstrap.Mix((ulong)resample + 0xD1B54A32D192ED03))]))];
    }

    /// <summary>Resamples of a group: as many as the processor works on at once. Their numbers do not depend on it.</summary>
    public static int Width => Vector<int>.Count;

    public int Groups => salts.Length;

    /// <summary>What a row contributes to its numbers.</summary>
    public ulong KeyOf(long row) => Bootstrap.Mix(seed + ((ulong)row * 0x9E3779B97F4A7C15));

    /// <summary>A row's numbers in the resamples of a group.</summary>
    public Vector<int> Of(ulong key, int group)
    {
        // A 32-bit hash whose two rounds take one half of the row's key each (constants: Wellons' lowbias32).
        var x = salts[group] ^ new Vector<int>((int)key);
        x = (x ^ (x >>> 16)) * new Vector<int>(0x7FEB352D);
        x = (x ^ (x >>> 15)) + new Vector<int>((int)(key >> 32));
        x *= new Vector<int>(unchecked((int)0x846CA68B));
        return Poisson(x ^ (x >>> 16));
    }

    /// <summary>Uniform 32 bits to Poisson(1): one more for each value of the distribution function that lies below, as signed 32-bit numbers.</summary>
    static Vector<int> Poisson(Vector<int> x) => -(
        Vector.GreaterThan(x, new Vector<int>(-567453480)) + Vector.GreaterThan(x, new Vector<int>(1012576688))
        + Vector.GreaterThan(x, new Vector<int>(1802591773)) + Vector.GreaterThan(x, new Vector<int>(2065930134))
        + Vector.GreaterThan(x, new Vector<int>(2131764725)) + Vector.GreaterThan(x, new Vector<int>(2144931643))
        + Vector.GreaterThan(x, new Vector<int>(2147126129)) + Vector.GreaterThan(x, new Vector<int>(2147439627))
        + Vector.GreaterThan(x, new Vector<int>(2147478814)) + Vector.GreaterThan(x, new Vector<int>(2147483168))
        + Vector.GreaterThan(x, new Vector<int>(2147483604)) + Vector.GreaterThan(x, new Vector<int>(2147483643)));
}
