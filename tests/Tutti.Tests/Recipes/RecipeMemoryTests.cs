using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public class RecipeMemoryTests
{
    [Theory]
    [InlineData("14 GB", 14_000_000_000)]
    [InlineData("8 GiB", 8_589_934_592)]
    [InlineData("512MB", 512_000_000)]
    [InlineData(" 1.5 gib ", 1_610_612_736)]
    [InlineData("0.5 TB", 500_000_000_000)]
    [InlineData("64 KiB", 65_536)]
    [InlineData("64 kb", 64_000)]
    [InlineData("100 B", 100)]
    public void A_number_and_a_unit_are_an_amount_of_memory(string text, long bytes) => Assert.Equal(bytes, MemorySize.Parse(text).Bytes);

    [Theory]
    [InlineData("")]
    [InlineData("14")]
    [InlineData("GB")]
    [InlineData("-1 GB")]
    [InlineData("0 GB")]
    [InlineData("0.1 B")]
    [InlineData("1,5 GB")]
    [InlineData("1 GBit")]
    [InlineData("1e3 MB")]
    [InlineData("9999999999 TB")]
    [InlineData("999999999999999999999999999999999999 TB")]
    public void Anything_else_is_refused(string text)
        => Assert.Equal($"memory: got '{text}', expected a number with a unit, such as 14 GB, 8 GiB or 512 MB", Assert.Throws<ConfigException>(() => MemorySize.Parse(text)).Message);

    [Theory]
    [InlineData("14 GB")]
    [InlineData("8 GiB")]
    [InlineData("1500 MB")]
    [InlineData("1000 GiB")]
    [InlineData("1 B")]
    public void An_amount_is_written_as_it_was_read(string text) => Assert.Equal(text, MemorySize.Parse(text).ToString());

    [Fact]
    public void Every_amount_reads_back_exactly()
    {
        foreach (var bytes in new[] { 1, 999, 1023, 1024, 123_456_789_012_345, long.MaxValue, (1L << 40) + (1L << 30) })
            Assert.Equal(bytes, MemorySize.Parse(new MemorySize(bytes).ToString()).Bytes);
    }
}
