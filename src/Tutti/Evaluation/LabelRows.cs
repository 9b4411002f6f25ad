namespace Tutti.Evaluation;

/// <summary>The scores of labels of any choice of rows: what can be known of a row alone is computed once. Thread-safe.</summary>
/// <param name="scores">Of each label, the rows' probabilities.</param>
/// <param name="truth">Of each label, the rows that have it.</param>
sealed class LabelRows(double[][] scores, bool[][] truth)
{
    readonly LabelRow[] rows = [.. Enumerable.Range(0, truth[0].Length).Select(row => Of(scores, truth, row))];
    readonly bool[] exact = [.. Enumerable.Range(0, truth[0].Length).Select(row => Enumerable.Range(0, truth.Length).All(label => scores[label][row] >= 0.5 == truth[label][row]))];
    readonly RankedGroups ranked = RankedGroups.OfLabels(scores, truth);

    /// <summary>In the order of <see cref="LabelSums.Values"/>.</summary>
    public double[] Of(ReadOnlySpan<int> chosen)
    {
        var k = truth.Length;
        var (both, predicted, there, right, sum) = (new double[k], new double[k], new double[k], 0, new LabelRow());
        foreach (var row in chosen)
        {
            for (var label = 0; label < k; label++)
            {
                var (says, has) = (scores[label][row] >= 0.5, truth[label][row]);
                if (says && has) both[label]++;
                if (says) predicted[label]++;
                if (has) there[label]++;
            }
            if (exact[row]) right++;
            sum += rows[row];
        }
        return new LabelSums(chosen.Length, both, predicted, there, right, sum, ranked.Of(RankedRows.Times(chosen, exact.Length))).Values();
    }

    static LabelRow Of(double[][] scores, bool[][] truth, int row)
    {
        double[] own = [.. scores.Select(column => column[row])];
        return LabelRow.Of(own, [.. truth.Select(column => column[row])], MultiLabel.Threshold(own));
    }
}
