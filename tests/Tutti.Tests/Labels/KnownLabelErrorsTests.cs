using Tutti.Labels;
using Tutti.Tables;

namespace Tutti.Tests.Labels;

/// <summary>
/// The IMDb test set with human verdicts on 1,310 rows (cleanlab/label-errors): how many of the rows ranked worst were found wrong by people. Prints the
/// table of docs/labels.md.
/// </summary>
public sealed class KnownLabelErrorsTests
{
    static readonly string path = Path.GetFullPath(Path.Combine(Shared.Root, "..", "shared", "data", "label_errors_imdb", "imdb_test_label_errors.csv"));

    static readonly bool[] plain = [false], plainAndAdjusted = [false, true];
    static readonly int[] tops = [100, 300, 1000];

    [Fact]
    public void The_rows_ranked_worst_hold_more_errors_than_reviewed_rows_as_a_whole()
    {
        Assert.SkipUnless(File.Exists(path), $"{path} is not there; it is no part of the project");
        var file = ProbabilityFile.Read(path, "given_label");
        var table = Table.Read(path);
        Assert.Equal(25_000, file.Labels.Length);
        var audit = LabelAudit.Of(ProbabilityRows.Of(file.Probabilities, 2), file.Labels);
        var verdicts = Enumerable.Range(0, table.Count).Select(row => table[row, "mturk_reviewed"] == "1" ? table[row, "majority"] ?? "none" : null).ToArray();
        var output = TestContext.Current.TestOutputHelper;
        output?.WriteLine($"reviewed {verdicts.Count(one => one is not null)}; verdicts: {string.Join(", ", verdicts.Where(one => one is not null).GroupBy(one => one).Select(group => $"{group.Key} {group.Count()}"))}");
        var precisions = new Dictionary<string, double>();
        foreach (var (filterName, filter) in LabelNames.Filters)
        {
            var flagged = audit.Find(new() { Filter = filter });
            output?.WriteLine($"{filterName}: {flagged.Count(one => one)} flagged");
            foreach (var (scoreName, score) in LabelNames.Scores)
                foreach (var adjusted in score == LabelQuality.ConfidenceWeightedEntropy ? plain : plainAndAdjusted)
                    foreach (var top in tops)
                    {
                        var rows = audit.Ranked(flagged, score, adjusted).Take(top).ToArray();
                        var reviewed = rows.Where(row => verdicts[row] is not null).ToArray();
                        var wrong = reviewed.Count(row => verdicts[row] == "guessed");
                        var notRight = reviewed.Count(row => verdicts[row] != "given");
                        precisions[$"{filterName} {scoreName}{(adjusted ? " adjusted" : "")} {top}"] = wrong / (double)Math.Max(reviewed.Length, 1);
                        output?.WriteLine(FormattableString.Invariant($"{filterName} | {scoreName}{(adjusted ? " adjusted" : "")} | top {rows.Length}: reviewed {reviewed.Length}, wrong {wrong} {Interval(wrong, reviewed.Length)}, not right {notRight} {Interval(notRight, reviewed.Length)}"));
                    }
        }
        var all = verdicts.Count(one => one == "guessed") / (double)verdicts.Count(one => one is not null);
        Assert.True(precisions["prune_by_noise_rate self_confidence 100"] > all);
    }

    /// <summary>Wilson's interval of a share.</summary>
    static string Interval(int hits, int n)
    {
        if (n == 0) return "-";
        const double Z = 1.959963984540054;
        var p = hits / (double)n;
        var middle = (p + (Z * Z / (2 * n))) / (1 + (Z * Z / n));
        var half = Z / (1 + (Z * Z / n)) * Math.Sqrt((p * (1 - p) / n) + (Z * Z / (4.0 * n * n)));
        return FormattableString.Invariant($"{p:0.000} ({middle - half:0.000} to {middle + half:0.000})");
    }
}
