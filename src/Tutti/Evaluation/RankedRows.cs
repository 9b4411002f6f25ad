namespace Tutti.Evaluation;

/// <summary>Rows that were ranked once by a score, so that the area under the ROC curve of any resample is one walk over them.</summary>
/// <param name="scores">Rise with belief.</param>
/// <param name="positive">Which rows are.</param>
sealed class RankedRows(double[] scores, bool[] positive)
{
    readonly int[] ranking = [.. Enumerable.Range(0, scores.Length).OrderByDescending(row => scores[row])];

    /// <summary>How often each of n rows is among some.</summary>
    public static int[] Times(ReadOnlySpan<int> rows, int n)
    {
        var times = new int[n];
        foreach (var row in rows) times[row]++;
        return times;
    }

    /// <summary>As <see cref="Ranking.RocAuc"/> of rows that stand there so many times: positives above negatives, ties one half.</summary>
    public double RocAuc(int[] times)
    {
        double above = 0, negatives = 0, area = 0;
        for (var i = 0; i < ranking.Length;)
        {
            double tiedPositives = 0, tiedNegatives = 0;
            for (var score = scores[ranking[i]]; i < ranking.Length && scores[ranking[i]] == score; i++)
                if (positive[ranking[i]]) tiedPositives += times[ranking[i]];
                else tiedNegatives += times[ranking[i]];
            area += tiedNegatives * (above + (tiedPositives / 2));
            (above, negatives) = (above + tiedPositives, negatives + tiedNegatives);
        }
        return area / (above * negatives);                    // no positives or no negatives: 0 / 0, undefined
    }
}
