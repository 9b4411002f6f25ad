namespace Tutti.Labels;

/// <summary>How many rows of each given label are to be flagged as of another class: a matrix with true classes as rows, given labels as columns.</summary>
static class PruneCounts
{
    public static int[,] Of(ConfidentJoint joint, LabelSearch search)
    {
        var counts = Kept(joint.Calibrated, search.MinExamplesPerClass, search.FracNoise);
        return search.NumToRemovePerClass is { } wanted ? Scaled(counts, joint.LabelCounts, wanted) : counts;
    }

    // Columns keep their sums: what the diagonal gains, the other counts of its column lose in equal parts.
    static int[,] Kept(int[,] joint, int least, double share)
    {
        var k = joint.GetLength(0);
        var result = new double[k, k];
        for (var label = 0; label < k; label++)
        {
            var nonZero = Enumerable.Range(0, k).Count(truth => joint[label, truth] != 0);
            var diagonal = Math.Max(joint[label, label], least);
            var loss = (diagonal - joint[label, label]) / Math.Max(nonZero - 1.0, 1);
            var back = 0.0;
            for (var truth = 0; truth < k; truth++)
            {
                if (truth == label) continue;
                var count = Math.Max(joint[label, truth] - loss, 0);
                result[truth, label] = Math.Truncate(count * share);
                back += count - (count * share);
            }
            result[label, label] = Math.Truncate(diagonal + back);
        }
        return Rounding.KeepingRowSums(result);
    }

    // The off-diagonal counts of a row in their proportions, summing to what is wanted.
    static int[,] Scaled(int[,] counts, int[] labelCounts, IReadOnlyList<int> wanted)
    {
        var k = labelCounts.Length;
        var scaled = new double[k, k];
        for (var label = 0; label < k; label++)
        {
            var others = Enumerable.Range(0, k).Where(truth => truth != label).Sum(truth => (double)counts[truth, label]);
            for (var truth = 0; truth < k; truth++)
                scaled[label, truth] = truth == label ? labelCounts[label] - wanted[label] : others > 0 ? counts[truth, label] / others * wanted[label] : 0;
        }
        var rounded = Rounding.KeepingRowSums(scaled);
        var result = new int[k, k];
        for (var label = 0; label < k; label++)
            for (var truth = 0; truth < k; truth++) result[truth, label] = rounded[label, truth];
        return result;
    }
}
