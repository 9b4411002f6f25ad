namespace Tutti.Tests.Text;

/// <summary>SplitMix64: the same texts on every machine.</summary>
sealed class TestRandom(ulong seed)
{
    ulong state = seed;

    public int Below(int limit)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)limit);
    }

    public string Text(string alphabet, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[Below(alphabet.Length)]));
}
