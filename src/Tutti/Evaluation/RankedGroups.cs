namespace Tutti.Evaluation;

/// <summary>Rows that were ranked once by the score of each group (a class's probability, a label's), so that the ranks of any resample are one walk over them a group. Thread-safe.</summary>
/// <param name="scores">Of each group, the rows' scores; they rise with belief.</param>
/// <param name="groupsOf">Of each ranking, the group of every row.</param>
/// <param name="groups">How many groups each ranking tells apart.</param>
/// <param name="own">Of each ranking, the group that should stand above.</param>
sealed class RankedGroups(double[][] scores, int[][] groupsOf, int groups, int[] own)
{
    readonly int[][] order = [.. scores.Select(one => Enumerable.Range(0, one.Length).OrderBy(row => one[row]).ToArray())];

    /// <summary>Classes: each against the others by its probability.</summary>
    public static RankedGroups OfClasses(Predictions.PredictionSet set, int[] truth) => new([.. Enumerable.Range(0, set.K).Select(k => truth.Select((_, row) => set.Row(row)[k]).ToArray())],
        [.. Enumerable.Repeat(truth, set.K)], set.K, [.. Enumerable.Range(0, set.K)]);

    /// <summary>Labels: the rows that have one against those that have not.</summary>
    public static RankedGroups OfLabels(double[][] scores, bool[][] truth) => new(scores, [.. truth.Select(column => Array.ConvertAll(column, has => has ? 1 : 0))], 2, [.. Enumerable.Repeat(1, scores.Length)]);

    /// <summary>Of rows that stand there so many times.</summary>
    public OneRank[] Of(int[] times)
    {
        var results = new OneRank[order.Length];
        for (var i = 0; i < results.Length; i++)
        {
            var (totals, group) = (new double[groups], groupsOf[i]);
            for (var row = 0; row < times.Length; row++) totals[group[row]] += times[row];
            var rising = new RisingRows(totals, own[i]);
            foreach (var row in order[i]) rising.Add(scores[i][row], group[row], times[row]);
            results[i] = rising.Result();
        }
        return results;
    }
}
