using System.Numerics;
using Tutti.Evaluation;
using Tutti.Torch;

namespace Tutti.Tests.Evaluation;

/// <summary>Slices that are worse than the rest: planted ones are found, noise is not, and the numbers are those of the definitions.</summary>
public sealed class SlicesTests
{
    [Fact]
    public void A_planted_slice_stands_first_and_alone_is_found()
    {
        var random = RandomStream.Of(5, "planted");
        string[] words = ["fire", "flood", "storm", "crash", "outbreak"];
        string[] keyword = [.. Enumerable.Range(0, 1000).Select(row => words[random.Below(3 * row, words.Length)])];
        bool[] right = [.. Enumerable.Range(0, 1000).Select(row => random.Uniform((3 * row) + 1) < (keyword[row] == "storm" ? 0.6 : 0.9))];
        var found = Slices.Find(right, [SliceColumn.Quarters("length", [.. Enumerable.Range(0, 1000).Select(row => random.Below((3 * row) + 2, 200))]), new("keyword", keyword)]);
        Assert.Equal(9, found.Tested);
        var worst = Assert.Single(found.Found);
        Assert.Equal(("keyword", "storm"), (worst.Column, worst.Value));
        Assert.Same(worst, found.All[0]);
        Assert.True(worst.Difference.High < 0 && worst.Difference.Low < -0.2, worst.Difference.ToString());
        Assert.Equal(keyword.Count(word => word == "storm"), worst.Rows);
    }

    [Fact]
    public void On_noise_false_alarms_are_as_rare_as_the_level_promises()
    {
        const int Searches = 400;
        var random = RandomStream.Of(6, "noise");
        var alarms = 0;
        for (var search = 0; search < Searches; search++)
        {
            var at = search * 5000L;
            bool[] right = [.. Enumerable.Range(0, 400).Select(row => random.Uniform(at + row) < 0.8)];
            SliceColumn[] columns = [.. Enumerable.Range(0, 6).Select(column => new SliceColumn($"column {column}", [.. Enumerable.Range(0, 400).Select(row => $"{random.Below(at + 500 + (column * 400) + row, 8)}")]))];
            if (Slices.Find(right, columns).Found.Count > 0) alarms++;
        }
        // 5 % would be 20; four standard deviations more is 37.
        Assert.InRange(alarms, 0, 37);
    }

    [Fact]
    public void The_probability_is_that_of_Fishers_exact_test()
    {
        bool[] right = [.. Rows(25, 15), .. Rows(35, 5)];
        var found = Slices.Find(right, [new("half", [.. Enumerable.Repeat("first", 40), .. Enumerable.Repeat("second", 40)])]);
        var first = found.All.Single(slice => slice.Value == "first");
        Assert.Equal(Exact(drawn: 40, all: 80, errors: 20, atLeast: 15), first.P, 1e-12);
        Assert.Equal((25 / 40.0, 35 / 40.0, 40), (first.Accuracy, first.Rest, first.Rows));
        Assert.Equal(60 / 80.0, found.Overall);

        static IEnumerable<bool> Rows(int right, int wrong) => [.. Enumerable.Repeat(true, right), .. Enumerable.Repeat(false, wrong)];
    }

    /// <summary>Counted with whole numbers.</summary>
    static double Exact(int drawn, int all, int errors, int atLeast)
    {
        BigInteger Choose(int n, int k) => Enumerable.Range(1, k).Aggregate(BigInteger.One, (product, i) => product * (n - k + i) / i);
        var favourable = Enumerable.Range(atLeast, Math.Min(drawn, errors) - atLeast + 1).Aggregate(BigInteger.Zero, (sum, k) => sum + (Choose(errors, k) * Choose(all - errors, drawn - k)));
        return (double)favourable / (double)Choose(all, drawn);
    }

    [Fact]
    public void The_interval_is_Newcombes()
    {
        // His example (Statistics in Medicine 1998, table II, case a): 56/70 - 48/80, 0.0524 to 0.3339.
        bool[] right = [.. Enumerable.Repeat(true, 56), .. Enumerable.Repeat(false, 14), .. Enumerable.Repeat(true, 48), .. Enumerable.Repeat(false, 32)];
        var slice = Slices.Find(right, [new("group", [.. Enumerable.Repeat("a", 70), .. Enumerable.Repeat("b", 80)])]).All.Single(slice => slice.Value == "a");
        Assert.Equal((0.2, 0.0524, 0.3339), (Math.Round(slice.Difference.Value, 4), Math.Round(slice.Difference.Low, 4), Math.Round(slice.Difference.High, 4)));
    }

    [Fact]
    public void Holms_correction_multiplies_step_by_step_and_never_turns_the_order()
    {
        Assert.Equal([0.04, 0.06, 0.06, 0.5], Slices.Holm([0.01, 0.03, 0.02, 0.5]).Select(p => Math.Round(p, 12)));
        Assert.Equal([1.0, 1.0], Slices.Holm([0.9, 0.6]));
    }

    [Fact]
    public void Values_of_few_rows_or_nearly_all_rows_are_not_compared()
    {
        string[] values = [.. Enumerable.Repeat("most", 181), .. Enumerable.Repeat("few", 19)];
        var found = Slices.Find([.. Enumerable.Range(0, 200).Select(row => row % 3 > 0)], [new("column", values), new("unique", [.. Enumerable.Range(0, 200).Select(row => $"{row}")])]);
        Assert.Equal(0, found.Tested);
        Assert.Empty(found.All);
    }

    [Fact]
    public void Numbers_are_divided_at_their_quartiles_and_equal_ones_stay_together()
    {
        Assert.Equal(["1 to 2", "1 to 2", "3 to 4", "3 to 4", "5 to 6", "5 to 6", "7 to 8", "7 to 8"], SliceColumn.Quarters("n", [1, 2, 3, 4, 5, 6, 7, 8]).Values);
        Assert.Equal(["5 to 5", "5 to 5", "5 to 5", "6 to 9"], SliceColumn.Quarters("n", [5, 5, 5, 9]).Values);
    }

    [Fact]
    public void A_column_of_other_rows_is_refused() =>
        Assert.Contains("column x has 2 rows, expected 3", Assert.Throws<ArgumentException>(() => Slices.Find([true, false, true], [new("x", ["a", "b"])])).Message, StringComparison.Ordinal);
}
