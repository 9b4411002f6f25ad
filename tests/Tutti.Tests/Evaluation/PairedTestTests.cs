using System.Numerics;
using Tutti.Evaluation;

namespace Tutti.Tests.Evaluation;

public sealed class PairedTestTests
{
    const int Repetitions = 2000, Rows = 200;

    static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>Simulated losses of two models whose true difference is known: how often the interval holds it, and how often a difference is claimed where there is none.</summary>
    [Fact]
    public void The_interval_covers_the_truth_in_95_of_100_and_false_alarms_are_as_rare_as_said()
    {
        var (covered, alarms, small) = (0, 0, 0);
        Parallel.For(0, Repetitions, repetition =>
        {
            var random = new Random(repetition);
            var (first, second) = (new double[Rows], new double[Rows]);
            for (var row = 0; row < Rows; row++)
            {
                var hard = Normal(random);                    // what both find hard
                (first[row], second[row]) = (hard + (0.5 * Normal(random)) + 0.1, hard + (0.5 * Normal(random)));
            }
            var result = PairedTest.Bootstrap(first, second, (ulong)repetition, 500);
            if (result.Difference.Low <= 0.1 && 0.1 <= result.Difference.High) Interlocked.Increment(ref covered);
            var none = PairedTest.Bootstrap([.. first.Select(value => value - 0.1)], second, (ulong)repetition, 500);
            if (none.Significant) Interlocked.Increment(ref alarms);
            if (none.P < 0.05) Interlocked.Increment(ref small);
        });
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"covered {100.0 * covered / Repetitions:0.0} %, false alarms {100.0 * alarms / Repetitions:0.0} %, P below 0.05 {100.0 * small / Repetitions:0.0} %"));
        Assert.InRange(covered, 0.93 * Repetitions, 0.97 * Repetitions);
        Assert.InRange(alarms, 0.04 * Repetitions, 0.06 * Repetitions);
        Assert.InRange(small, 0.04 * Repetitions, 0.06 * Repetitions);
    }

    // The exact two-sided binomial test, in whole numbers.
    static double ByHand(int first, int second)
    {
        var (all, few) = (first + second, Math.Min(first, second));
        var (tail, ways) = (BigInteger.Zero, BigInteger.One);
        for (var k = 0; k <= few; k++)
        {
            tail += ways;
            ways = ways * (all - k) / (k + 1);
        }
        return Math.Min(1, Math.Exp(BigInteger.Log(2 * tail) - (all * Math.Log(2))));
    }

    [Theory, InlineData(0, 0), InlineData(1, 0), InlineData(5, 0), InlineData(3, 12), InlineData(12, 3), InlineData(10, 10), InlineData(40, 70), InlineData(1500, 1700)]
    public void McNemars_test_is_the_binomial_one(int first, int second)
    {
        bool[] a = [.. Enumerable.Repeat(true, first), .. Enumerable.Repeat(false, second), true, false], b = [.. Enumerable.Repeat(false, first), .. Enumerable.Repeat(true, second), true, false];
        Assert.Equal(ByHand(first, second), PairedTest.McNemar(a, b), 1e-9);
    }

    [Fact]
    public void The_same_values_differ_by_nothing()
    {
        var same = PairedTest.Bootstrap([1, 2, 3], [1, 2, 3]);
        Assert.Equal((0.0, 0.0, 0.0, 1.0, false), (same.Difference.Value, same.Difference.Low, same.Difference.High, same.P, same.Significant));
        Assert.Throws<ArgumentException>(() => PairedTest.Bootstrap([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => PairedTest.Bootstrap([], []));
        Assert.Throws<ArgumentException>(() => PairedTest.McNemar([true], []));
    }

    [Fact]
    public void A_clear_difference_has_the_least_P_that_resamples_can_tell()
    {
        var result = PairedTest.Bootstrap([.. Enumerable.Range(0, 50).Select(i => 1 + (i % 3))], [.. new double[50]], resamples: 999);
        Assert.True(result.Significant);
        Assert.Equal(2 / 1000.0, result.P, 1e-12);
    }
}
