namespace Tutti.Tables;

/// <summary>
/// A seeded order of things that is the same on every machine and in every version: SplitMix64 (Steele, Lea, Flood 2014,
/// "Fast splittable pseudorandom number generators") and Fisher-Yates from the end.
/// </summary>
struct Shuffle(long seed)
{
    ulong state = unchecked((ulong)seed);

    public void Order<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = (int)Below((ulong)i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    // Lemire 2019: the high half of a product, drawn again in the few cases that would favour small numbers.
    ulong Below(ulong limit)
    {
        while (true)
        {
            var high = Math.BigMul(Next(), limit, out var low);
            if (low >= limit || low >= unchecked(0 - limit) % limit) return high;
        }
    }

    ulong Next()
    {
        state = unchecked(state + 0x9E3779B97F4A7C15);
        var z = state;
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}
