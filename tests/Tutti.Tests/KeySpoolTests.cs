namespace Tutti.Tests;

public sealed class KeySpoolTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(128)]              // 32 runs of 4 are merged at once
    [InlineData(129)]
    [InlineData(5_000)]            // three levels
    public void Keys_come_back_as_added_and_sorted(int count)
    {
        var random = new Random(count);
        ulong[] keys = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? 7UL : (ulong)random.NextInt64(long.MinValue, long.MaxValue)), .. count > 4 ? [0UL, ulong.MaxValue] : (ulong[])[]];
        using var spool = new KeySpool<ulong>(run: 4);
        foreach (var key in keys) spool.Add(key);
        Assert.Equal(keys.Length, spool.Count);
        Assert.Equal(keys.Order(), spool.Sorted());
        Assert.Equal(keys, spool.AsAdded());
        Assert.Equal(keys.Order(), spool.Sorted());
    }

    [Fact]
    public void Several_readers_of_the_sorted_keys_do_not_disturb_each_other()
    {
        using var spool = new KeySpool<UInt128>(run: 4);
        UInt128[] keys = [.. Enumerable.Range(0, 300).Select(i => new UInt128((ulong)(i * 7919 % 101), (ulong)i))];
        foreach (var key in keys) spool.Add(key);
        Assert.Equal(keys.Order().Zip(keys.Order().Skip(3)), spool.Sorted().Zip(spool.Sorted().Skip(3)));
    }

    [Fact]
    public void Keys_may_be_added_after_the_others_were_read()
    {
        using var spool = new KeySpool<ulong>(run: 4);
        foreach (var key in (ulong[])[5, 3, 9]) spool.Add(key);
        Assert.Equal([3UL, 5UL, 9UL], spool.Sorted());
        foreach (var key in (ulong[])[4, 1]) spool.Add(key);
        Assert.Equal([1UL, 3UL, 4UL, 5UL, 9UL], spool.Sorted());
        Assert.Equal([5UL, 3UL, 9UL, 4UL, 1UL], spool.AsAdded());
    }

    [Fact]
    public void Reading_may_stop_half_way()
    {
        using var spool = new KeySpool<ulong>(run: 4);
        for (var key = 0UL; key < 300; key++) spool.Add(300 - key);
        Assert.Equal([1UL, 2UL], spool.Sorted().Take(2));
        Assert.Equal(Enumerable.Range(1, 300).Select(key => (ulong)key), spool.Sorted());
    }
}
