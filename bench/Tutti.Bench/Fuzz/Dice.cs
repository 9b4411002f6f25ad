using Tutti.Torch;

namespace Tutti.Bench.Fuzz;

/// <summary>The choices of one trial: the same seed, case and trial make the same choices everywhere.</summary>
sealed class Dice(long seed, string purpose, long trial)
{
    readonly RandomStream stream = RandomStream.Of(seed, purpose, trial);
    long next;

    public int Below(int n) => n <= 1 ? 0 : stream.Below(next++, n);
    public byte Byte() => (byte)stream.Bits(next++);
    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];
    public bool OneIn(int n) => Below(n) == 0;
}
