using System.Numerics;
using Tutti.Evaluation;

namespace Tutti.Tests.Evaluation;

public sealed class PoissonWeightsTests
{
    const int Rows = 4000, Resamples = 1000;

    static int[][] Drawn(ulong seed, int rows = Rows)
    {
        var weights = new PoissonWeights(seed, Resamples);
        return [.. Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, weights.Groups).SelectMany(group =>
        {
            var times = new int[PoissonWeights.Width];
            weights.Of(weights.KeyOf(row), group).CopyTo(times);
            return times;
        }).ToArray())];
    }

    [Fact]
    public void Numbers_have_the_frequencies_of_Poisson_with_mean_1()
    {
        var drawn = Drawn(1).SelectMany(row => row).ToArray();
        var probability = Math.Exp(-1);
        for (var k = 0; k <= 8; probability /= ++k)
        {
            // Five standard deviations of a count of independent draws.
            var expected = probability * drawn.Length;
            Assert.Equal(expected, drawn.Count(times => times == k), (5 * Math.Sqrt(expected)) + 1);
        }
        Assert.InRange(drawn.Max(), 8, 12);
    }

    [Fact]
    public void Every_resample_and_every_row_has_mean_and_variance_1()
    {
        var drawn = Drawn(2);
        // The mean of n Poisson(1) numbers has variance 1/n, their variance about 3/n; the largest of some thousand deviations stays below five and a half.
        Assert.All(drawn, row => Holds(row));
        Assert.All(Enumerable.Range(0, Resamples), resample => Holds([.. drawn.Select(row => row[resample])]));
        static void Holds(int[] times)
        {
            Assert.Equal(1, times.Average(), 5.5 / Math.Sqrt(times.Length));
            Assert.Equal(1, times.Average(t => (t - 1.0) * (t - 1)), 5.5 * Math.Sqrt(3.0 / times.Length) * 1.2);
        }
    }

    [Fact]
    public void Rows_are_independent_of_one_another_and_so_are_resamples()
    {
        var drawn = Drawn(3);
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(0, Covariance(drawn[i], drawn[i + 1]), 5.5 / Math.Sqrt(Resamples));
            Assert.Equal(0, Covariance(drawn[i], drawn[i + 1024]), 5.5 / Math.Sqrt(Resamples));
            Assert.Equal(0, Covariance([.. drawn.Select(row => row[i])], [.. drawn.Select(row => row[i + 1])]), 5.5 / Math.Sqrt(Rows));
            Assert.Equal(0, Covariance([.. drawn.Select(row => row[i])], [.. drawn.Select(row => row[i + 512])]), 5.5 / Math.Sqrt(Rows));
        }
    }

    [Fact]
    public void Another_seed_gives_other_numbers_and_the_same_seed_the_same()
    {
        Assert.Equal(Drawn(4, 20), Drawn(4, 20));
        Assert.NotEqual(Drawn(4, 20), Drawn(5, 20));
        Assert.Equal(0, Covariance(Drawn(4, 1)[0], Drawn(5, 1)[0]), 5.5 / Math.Sqrt(Resamples));
    }

    [Fact]
    public void Resamples_are_rounded_up_to_whole_groups() => Assert.Equal((Resamples + Vector<int>.Count - 1) / Vector<int>.Count, new PoissonWeights(0, Resamples).Groups);

    static double Covariance(int[] a, int[] b) => a.Zip(b, (x, y) => (x - 1.0) * (y - 1)).Average();
}
