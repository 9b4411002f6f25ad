using Tutti.Bench;

namespace Tutti.Tests.Bench;

/// <summary>What <c>tutti bench intervals</c> prints, held to what intervals and tests promise.</summary>
public sealed class IntervalTaskTests
{
    const int Repetitions = 2000;

    [Theory, InlineData("accuracy"), InlineData("log-loss"), InlineData("F1-macro"), InlineData("paired-bootstrap")]
    public void A_95_percent_interval_holds_the_truth_in_93_to_97_of_100(string name)
    {
        var found = IntervalTask.Cases[name](Repetitions);
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {found}");
        Assert.InRange(found.Covered, 0.93, 0.97);
    }

    [Fact]
    public void A_paired_test_claims_what_is_not_there_in_4_to_6_of_100_and_McNemars_in_no_more_than_5()
    {
        var (paired, exact) = (IntervalTask.Cases["paired-bootstrap"](Repetitions), IntervalTask.Cases["McNemar"](Repetitions));
        Assert.InRange(paired.Alarms, 0.04, 0.06);
        Assert.InRange(paired.SmallP, 0.04, 0.06);
        Assert.InRange(exact.SmallP, 0.025, 0.055);
    }
}
