using FsCheck;
using FsCheck.Fluent;
using Tutti.Labels;

namespace Tutti.Tests.Labels;

/// <summary>Label issues: what must hold of any rows, and what a reader can follow by hand.</summary>
public sealed class LabelAuditTests
{
    static readonly double[] fourRows = [0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.05, 0.95];

    [Fact]
    public void A_row_that_the_model_is_sure_is_of_another_class_is_found_with_that_class()
    {
        // Thresholds: class 0 (0.9 + 0.05) / 2 = 0.475, class 1 (0.8 + 0.7) / 2 = 0.75. Row 3 says 1 and is called 0.
        var audit = LabelAudit.Of(ProbabilityRows.Of(fourRows, 2), [0, 1, 1, 0]);
        Assert.Equal(0.475, audit.Joint.Thresholds[0], 1e-12);
        Assert.Equal(0.75, audit.Joint.Thresholds[1], 1e-12);
        Assert.Equal([false, false, false, true], audit.Find());
        Assert.Equal((1, 1), (audit.Suggested(3), audit.Predicted(3)));
    }

    [Fact]
    public void Equal_scores_are_ranked_in_the_order_of_the_rows()
    {
        double[] equal = [.. Alike(0.3, 40), .. Alike(0.9, 40)];
        var audit = LabelAudit.Of(ProbabilityRows.Of(equal, 2), new int[80]);
        Assert.Equal(Enumerable.Range(0, 40), audit.Ranked(audit.Find(new() { Filter = LabelFilter.PredictedNeqGiven })));
    }

    [Fact]
    public void Of_equal_margins_at_the_cut_the_first_rows_are_flagged()
    {
        // 2,500 rows alike are confidently of class 1 and labelled 0: as many as are asked for, the first ones, though threads take them in any order.
        double[] rows = [.. Alike(0.95, 2500), .. Alike(0.3, 2500), .. Alike(0.4, 100)];
        int[] labels = [.. new int[5000], .. Enumerable.Repeat(1, 100)];
        var flagged = LabelAudit.Of(ProbabilityRows.Of(rows, 2), labels).Find(new() { NumToRemovePerClass = [30, 0] });
        Assert.Equal(Enumerable.Range(2500, 30), Enumerable.Range(0, flagged.Length).Where(row => flagged[row]));
    }

    [Fact]
    public void A_class_without_a_label_has_a_threshold_that_nothing_reaches()
    {
        double[] rows = [0.8, 0.1, 0.1, 0.1, 0.1, 0.8, 0.7, 0.2, 0.1, 0.2, 0.2, 0.6];
        var audit = LabelAudit.Of(ProbabilityRows.Of(rows, 3), [0, 2, 0, 0]);
        Assert.Equal(2, audit.Joint.Thresholds[1]);
        Assert.DoesNotContain(1, audit.Joint.Confident);
        Assert.Equal(1, audit.Health().Classes.Single(one => one.Class == 1).Quality);
    }

    [Fact]
    public void Rows_of_a_single_class_have_no_issues_when_the_model_agrees()
    {
        var audit = LabelAudit.Of(ProbabilityRows.Of([0.9, 0.1, 0.8, 0.2], 2), [0, 0]);
        Assert.All(LabelNames.Filters.Values, filter => Assert.DoesNotContain(true, audit.Find(new() { Filter = filter })));
        Assert.Equal(1, audit.Health().Score);
    }

    [Theory]
    [InlineData("row 1: probabilities sum to 1.1", new[] { 0.9, 0.1, 0.6, 0.5 }, new[] { 0, 1 })]
    [InlineData("row 1: probability NaN is not a finite number", new[] { 0.9, 0.1, double.NaN, 0.5 }, new[] { 0, 1 })]
    [InlineData("row 0: probability -0.1", new[] { -0.1, 1.1, 0.5, 0.5 }, new[] { 0, 1 })]
    [InlineData("row 1: label 2; expected 0 to 1", new[] { 0.9, 0.1, 0.5, 0.5 }, new[] { 0, 2 })]
    [InlineData("row 0: label -1; expected 0 to 1", new[] { 0.9, 0.1, 0.5, 0.5 }, new[] { -1, 1 })]
    [InlineData("3 labels for 2 rows of probabilities", new[] { 0.9, 0.1, 0.5, 0.5 }, new[] { 0, 1, 1 })]
    public void Bad_input_is_named(string message, double[] rows, int[] labels) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => LabelAudit.Of(ProbabilityRows.Of(rows, 2), labels)).Message, StringComparison.Ordinal);

    /// <summary>Without equal scores, rows in another order are the same rows.</summary>
    [Fact]
    public void The_order_of_the_rows_does_not_change_which_are_found() => Prop.ForAll(Gen.Choose(0, 10_000).ToArbitrary(), seed =>
    {
        var (rows, labels, k) = Made((ulong)seed, 300, 4);
        int[] order = [.. Enumerable.Range(0, labels.Length).OrderBy(row => (row * 7919L) % 300)];
        var before = LabelAudit.Of(ProbabilityRows.Of(rows, k), labels);
        var after = LabelAudit.Of(ProbabilityRows.Of<double>([.. order.SelectMany(row => rows[(row * k)..((row + 1) * k)])], k), [.. order.Select(row => labels[row])]);
        foreach (var filter in LabelNames.Filters.Values)
        {
            var (first, second) = (before.Find(new() { Filter = filter }), after.Find(new() { Filter = filter }));
            Assert.Equal(order.Select(row => first[row]), second);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Many_rows_read_in_batches_of_any_size_give_the_same_answer_as_in_memory()
    {
        var (rows, labels, k) = Made(5, 20_000, 12);
        float[] single = Array.ConvertAll(rows, p => (float)p);
        var expected = LabelAudit.Of(ProbabilityRows.Of(single, k), labels);
        var flagged = expected.Find();
        Assert.InRange(flagged.Count(one => one), 200, 10_000);
        foreach (var batch in new[] { 100, 4097, 20_000 })
        {
            var audit = LabelAudit.Of(ProbabilityRows.InBatches(single, k, batch), labels);
            Assert.Equal(expected.Joint.Counts, audit.Joint.Counts);
            Assert.Equal(flagged, audit.Find());
            Assert.Equal(expected.Quality(LabelQuality.ConfidenceWeightedEntropy), audit.Quality(LabelQuality.ConfidenceWeightedEntropy));
        }
    }

    /// <summary>The rows with the largest margins by sorting all of them, as the definition says.</summary>
    [Fact]
    public void Pruning_by_noise_rate_takes_the_largest_margins_of_each_pair()
    {
        var (rows, labels, k) = Made(9, 3000, 5);
        for (var i = 0; i < rows.Length; i++) rows[i] = Math.Round(rows[i], 6);      // some margins are equal
        var audit = LabelAudit.Of(ProbabilityRows.Of(rows, k), labels);
        var expected = new bool[labels.Length];
        for (var label = 0; label < k; label++)
            for (var other = 0; other < k; other++)
                if (other != label)
                    foreach (var row in Enumerable.Range(0, labels.Length).Where(row => labels[row] == label).OrderByDescending(row => rows[(row * k) + other] - rows[(row * k) + label]).Take(audit.Joint.Calibrated[label, other]))
                        expected[row] = true;
        for (var row = 0; row < labels.Length; row++) expected[row] &= rows[(row * k) + labels[row]] + 1e-6 < rows[(row * k)..((row + 1) * k)].Max();
        Assert.Equal(expected, audit.Find());
    }

    [Fact]
    public void The_numbers_of_each_class_that_are_asked_for_are_flagged()
    {
        var (rows, labels, k) = Made(3, 2000, 3);
        var flagged = LabelAudit.Of(ProbabilityRows.Of(rows, k), labels).Find(new() { Filter = LabelFilter.PruneByClass, NumToRemovePerClass = [5, 9, 2] });
        Assert.Equal([5, 9, 2], Enumerable.Range(0, k).Select(one => labels.Index().Count(item => item.Item == one && flagged[item.Index])));
    }

    [Fact]
    public void Regression_labels_far_from_the_prediction_have_the_lowest_quality()
    {
        double[] labels = [1, 2, 3, 40], predictions = [1.5, 2, 2, 4];
        Assert.Equal([Math.Exp(-0.5), 1, Math.Exp(-1), Math.Exp(-36)], RegressionQuality.Residual(labels, predictions));
        Assert.Equal(3, Array.IndexOf(RegressionQuality.Relative(labels, predictions), RegressionQuality.Relative(labels, predictions).Min()));
        double[] larger = RegressionQuality.Relative([.. labels.Select(y => y * 1024)], [.. predictions.Select(y => y * 1024)]);
        Assert.Equal(RegressionQuality.Relative(labels, predictions), larger);
    }

    [Fact]
    public void A_member_of_low_loss_gets_the_larger_weight()
    {
        double[] good = [0.9, 0.1, 0.1, 0.9], bad = [0.4, 0.6, 0.6, 0.4];
        var weights = MemberEnsemble.Weights([good, bad], [0, 1], 2, MemberWeights.LogLossSearch);
        Assert.True(weights[0] > 0.99, string.Join(", ", weights));
        Assert.Equal([1, 1], MemberEnsemble.Votes([good, bad], 0, 2));
    }

    [Fact]
    public void Rows_of_zeros_and_equal_rows_have_neighbours()
    {
        var nearest = NearestRows.Of([0, 0, 1, 0, 1, 0, 0, 2], 2, 2, RowDistance.Cosine);
        Assert.Equal([2, 0], nearest.Rows[1]);
        Assert.Equal([0, 1], nearest.Distances[1]);
        Assert.Equal([(1, 2, 0.0)], NearDuplicates.Find(nearest));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_npy_file_is_read_whole_and_in_batches(bool single)
    {
        using var folder = Shared.Temp();
        var (rows, labels, k) = Made(1, 500, 3);
        var path = folder.File("p.npy");
        WriteNpy(path, rows, k, single);
        var file = NpyFile.Open(path);
        Assert.Equal((500, 3, single), (file.Rows, file.Columns, file.IsSingle));
        if (single) Assert.Equal(LabelAudit.Of(file.Read<float>(), labels).Find(), LabelAudit.Of(file.Stream<float>(64), labels).Find());
        else Assert.Equal(LabelAudit.Of(ProbabilityRows.Of(rows, k), labels).Find(), LabelAudit.Of(file.Stream<double>(64), labels).Find());
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^8]);
        Assert.Contains("cut off", Assert.Throws<DataException>(() => NpyFile.Open(path)).Message, StringComparison.Ordinal);
    }

    static double[] Alike(double first, int rows) => [.. Enumerable.Range(0, rows).SelectMany(_ => (double[])[first, 1 - first])];

    internal static void WriteNpy(string path, double[] rows, int k, bool single)
    {
        var head = $"{{'descr': '<f{(single ? 4 : 8)}', 'fortran_order': False, 'shape': ({rows.Length / k}, {k}), }}".PadRight(117) + "\n";
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write([0x93, .. "NUMPY"u8, 1, 0]);
        writer.Write((ushort)head.Length);
        writer.Write(System.Text.Encoding.ASCII.GetBytes(head));
        foreach (var p in rows)
        {
            if (single) writer.Write((float)p);
            else writer.Write(p);
        }
    }

    /// <summary>Rows of a model that is often right, a tenth of them labelled wrong.</summary>
    internal static (double[] Rows, int[] Labels, int K) Made(ulong seed, int n, int k)
    {
        var state = (seed * 2_654_435_761) + 12345;
        var (rows, labels) = (new double[n * k], new int[n]);
        for (var row = 0; row < n; row++)
        {
            var truth = (int)(Next() * k);
            labels[row] = Next() < 0.1 ? (int)(Next() * k) : truth;
            var sum = 0.0;
            for (var i = 0; i < k; i++) sum += rows[(row * k) + i] = Math.Exp((i == truth ? 2 : 0) + (2 * Next()));
            for (var i = 0; i < k; i++) rows[(row * k) + i] /= sum;
        }
        return (rows, labels, k);

        double Next()
        {
            state += 0x9E3779B97F4A7C15;
            var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
