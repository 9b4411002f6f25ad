using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>What curves of known form suggest.</summary>
public sealed class RateSuggestionsTests
{
    static readonly RateRange range = new();
    static readonly double[] rates = [.. Enumerable.Range(0, range.Updates).Select(update => range.Rate(update))];

    static RateSuggestions Of(Func<int, double> loss) => RateSuggestions.Of(rates, [.. rates.Select((_, update) => loss(update))], range.Updates)!;

    [Fact]
    public void Rates_rise_by_equal_ratios_from_the_first_towards_the_last()
    {
        Assert.Equal(1e-7, rates[0]);
        Assert.All(Enumerable.Range(1, 99), update => Assert.Equal(Math.Pow(10, 0.08), rates[update] / rates[update - 1], 1e-12));
        Assert.Equal(10, range.Rate(100), 1e-12);
    }

    [Fact]
    public void A_slope_is_steepest_in_its_middle_and_the_minimum_is_taken_a_tenth()
    {
        // A smooth step down at update 50, a rise from 80 on.
        var found = Of(update => 1 / (1 + Math.Exp((update - 50) / 4.0)) + (update > 80 ? update - 80 : 0));
        Assert.Equal(rates[49], found.Steepest, 1e-12);
        Assert.Equal(rates[80] / 10, found.MinimumTenth, 1e-12);
    }

    [Fact]
    public void A_valley_is_taken_in_the_middle_of_its_second_third()
    {
        // Flat, falling from update 30 to 60 in every one, then rising: 32 losses, each below the one before, of which the first is still on the flat. The stretch is
        // thought to begin before the first of them.
        var found = Of(update => update < 30 ? 100 : update <= 60 ? 100 - (update - 29) : 69 + (3 * (update - 60)));
        Assert.Equal(rates[60 - 32 + 10 + 5], found.Valley, 1e-12);
    }

    [Fact]
    public void A_valley_may_have_bumps()
    {
        double Falling(int update) => update is > 20 and <= 80 ? 100 - update : update <= 20 ? 80 : 20 + (2 * (update - 80));
        var smooth = Of(Falling);
        var bumpy = Of(update => Falling(update) + (update % 10 == 5 ? 3 : 0));
        Assert.InRange(bumpy.Valley / smooth.Valley, 1 / 4.0, 4);
    }

    [Fact]
    public void The_slide_goes_down_from_the_end_to_where_the_slope_does_not_change()
    {
        // From update 60 on the loss is a parabola, below it is flat: slopes 15 updates apart differ until the upper one has come down to 60.
        var found = Of(update => update < 60 ? 1 : 1 + (0.01 * (update - 60) * (update - 60)));
        Assert.InRange(found.Slide!.Value, rates[60 - 15], rates[61 - 15]);
        var flat = Of(_ => 1);
        Assert.Equal(rates[94 - 15], flat.Slide);
    }

    [Fact]
    public void A_curve_that_ended_early_or_broke_says_nothing_of_what_is_not_there()
    {
        Assert.Null(RateSuggestions.Of(rates[..18], rates[..18], 100));
        Assert.NotNull(RateSuggestions.Of(rates[..19], [.. Enumerable.Range(0, 19).Select(i => 1.0 - i)], 100));
        var broken = Of(update => update < 70 ? 100 - update : double.NaN);
        Assert.Equal(rates[69] / 10, broken.MinimumTenth, 1e-12);
        Assert.Null(RateSuggestions.Of([], [], 100));
    }

    [Fact]
    public void The_median_of_two_lies_between_them_and_of_three_is_one_of_them()
    {
        RateSuggestions At(double rate) => new(rate, rate, rate, null);
        Assert.Equal(1e-3, RateSuggestions.Median([At(1e-2), At(1e-4)])!.Valley, 1e-12);
        Assert.Equal(1e-2, RateSuggestions.Median([At(1e-2), At(1e-4), At(5)])!.Steepest, 1e-12);
        Assert.Null(RateSuggestions.Median([At(1e-2)])!.Slide);
        Assert.Null(RateSuggestions.Median([]));
    }
}
