using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public class RecipeDurationTests
{
    [Theory]
    [InlineData("30 s", 30)]
    [InlineData("10 min", 600)]
    [InlineData("1.5 h", 5400)]
    [InlineData("0 s", 0)]
    [InlineData("0.0 h", 0)]
    [InlineData(" 2MIN ", 120)]
    [InlineData("0.25 S", 0.25)]
    public void A_number_and_a_unit_are_a_duration(string text, double seconds) => Assert.Equal(seconds, Duration.Parse(text).Time.TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("0")]
    [InlineData("min")]
    [InlineData("-1 s")]
    [InlineData("1,5 h")]
    [InlineData("1e3 s")]
    [InlineData("10 m")]
    [InlineData("10 minutes")]
    [InlineData("1 h 30 min")]
    [InlineData("10 GB")]
    [InlineData("0.00000001 s")]                             // less than the clock's 100 ns, and 0 means something else
    [InlineData("999999999999999 h")]
    [InlineData("99999999999999999999999999999999999 s")]
    public void Anything_else_is_refused(string text)
        => Assert.Equal($"checkpoint.every: got '{text}', expected a number with a unit (s, min or h), such as 30 s, 10 min or 1.5 h", Assert.Throws<ConfigException>(() => Duration.Parse(text)).Message);

    [Theory]
    [InlineData("30 s", "30 s")]
    [InlineData("600 s", "10 min")]
    [InlineData("1.5 h", "90 min")]
    [InlineData("120min", "2 h")]
    [InlineData("0 h", "0 s")]
    [InlineData("0.50 s", "0.5 s")]
    [InlineData("61 s", "61 s")]
    public void A_duration_is_written_in_one_way(string text, string written) => Assert.Equal(written, Duration.Parse(text).ToString());

    [Fact]
    public void Every_duration_reads_back_exactly()
    {
        foreach (var ticks in new[] { 0, 1, 9_999_999, 10_000_000, 36_000_000_001, 123_456_789_012_345, 864_000_000_000 })
            Assert.Equal(ticks, Duration.Parse(new Duration(new TimeSpan(ticks)).ToString()).Time.Ticks);
    }

    [Fact]
    public void A_negative_time_is_no_duration() => Assert.Throws<ArgumentOutOfRangeException>(() => new Duration(TimeSpan.FromSeconds(-1)));
}
