namespace Tutti.Labels;

/// <summary>What embeddings say of rows: those unlike all others, and those that are nearly the same. Rows of training are numbered first, then test rows.</summary>
/// <param name="Scored">Rows that have a score.</param>
/// <param name="Outliers">The lowest scores, the lowest first: all beyond the limit, and a few more to look at.</param>
/// <param name="Groups">Rows that are near duplicates of each other, directly or by others between them, those with the nearest first.</param>
public sealed record EmbeddingFindings(int Scored, IReadOnlyList<ScoredRow> Outliers, IReadOnlyList<RowGroup> Groups);

/// <summary>How much a row is like others.</summary>
/// <param name="Row">Its number.</param>
/// <param name="Score">See <see cref="OutlierScores"/>; 1 at best.</param>
/// <param name="Beyond">Its neighbours are farther away than the limit.</param>
public sealed record ScoredRow(int Row, double Score, bool Beyond);

/// <summary>Near duplicates.</summary>
/// <param name="Rows">Their numbers, ascending.</param>
/// <param name="Distance">The largest that links two of them, as a share of the usual distance to the nearest row; 0: they are the same to the model.</param>
public sealed record RowGroup(int[] Rows, double Distance);

/// <summary>
/// Collects outliers and near duplicates from the embeddings of several models, each of which held some rows out. Distances of one model's embeddings say nothing of another's, so
/// each model embeds all rows, and is asked for the neighbours of those that it held out, in units of its own usual distances.
/// </summary>
/// <param name="train">How many rows there are.</param>
/// <param name="test">How many test rows come after them.</param>
/// <param name="threads">At most so many; -1: one a processor. The answer is the same.</param>
public sealed class EmbeddingAudit(int train, int test, int threads = -1)
{
    /// <summary>Outliers to show even where none is beyond the limit.</summary>
    const int Fewest = 20;

    /// <summary>The limit of outliers: this many interquartile ranges above the third quartile of the mean distances, as in cleanlab's Datalab.</summary>
    const double Ranges = 1.7;

    readonly List<ScoredRow> scored = [];
    readonly Dictionary<(int, int), double> pairs = [];

    /// <summary>Asks one model for rows that it did not train on.</summary>
    /// <param name="directions">An embedding of length 1 for every row.</param>
    /// <param name="dimension">Numbers of one.</param>
    /// <param name="heldOut">The rows of training that the model did not see.</param>
    /// <returns>What is usual for such rows.</returns>
    public UsualDistances Add(float[] directions, int dimension, int[] heldOut)
    {
        Check(directions, dimension);
        var nearest = Nearest(directions, dimension, heldOut, 0, train);
        double[] means = [.. nearest.Distances.Select(row => row.Average()).Order()];
        var (q1, q3) = (Quantile(means, 0.25), Quantile(means, 0.75));
        var usual = new UsualDistances(NearDuplicates.Usual(nearest), OutlierScores.ScaleOf(means), q3 + (Ranges * (q3 - q1)));
        Score(nearest, heldOut, usual);
        Pair(nearest, heldOut, usual.Nearest);
        return usual;
    }

    /// <summary>Asks one model for the rest: test rows, which no model has seen, and rows that all of them have.</summary>
    /// <param name="directions">As in <see cref="Add"/>.</param>
    /// <param name="dimension">Numbers of one.</param>
    /// <param name="trained">Rows of training that no model held out. They are looked through for duplicates alone: how usual they are to a model that learnt them says little.</param>
    /// <param name="usual">What <see cref="Add"/> said of the model.</param>
    public void AddRest(float[] directions, int dimension, int[] trained, UsualDistances usual)
    {
        Check(directions, dimension);
        if (trained.Length > 0)
        {
            var nearest = Nearest(directions, dimension, trained, 0, train);
            Pair(nearest, trained, Math.Min(usual.Nearest, NearDuplicates.Usual(nearest)));          // training draws rows together
        }
        if (test == 0) return;
        int[] rows = [.. Enumerable.Range(train, test)];
        var known = Nearest(directions, dimension, rows, 0, train);
        Score(known, rows, usual);
        Pair(known, rows, usual.Nearest);
        Pair(Nearest(directions, dimension, rows, train, train + test), rows, usual.Nearest);
    }

    public EmbeddingFindings Findings()
    {
        ScoredRow[] ranked = [.. scored.OrderBy(one => one.Score).ThenBy(one => one.Row)];
        return new(scored.Count, [.. ranked.Where((one, place) => one.Beyond || place < Fewest)], [.. Groups().OrderBy(group => group.Distance).ThenBy(group => group.Rows[0])]);
    }

    NearestRows Nearest(float[] directions, int dimension, int[] asked, int first, int end) =>
        NearestRows.Among(directions, dimension, OutlierScores.Neighbours, asked, first, end, NearestRows.OfDirections, threads);

    void Score(NearestRows nearest, int[] rows, UsualDistances usual)
    {
        for (var i = 0; i < rows.Length; i++)
            if (nearest.Distances[i] is { Length: > 0 } distances && distances.Average() is var mean) scored.Add(new(rows[i], OutlierScores.Of(mean, usual.Scale), mean > usual.Limit));
    }

    // A pair that two models have seen apart is as near as the one says to which it is nearer.
    void Pair(NearestRows nearest, int[] rows, double usual)
    {
        foreach (var (row, other, distance) in NearDuplicates.Within(nearest, rows, NearDuplicates.UsualShare * usual))
        {
            var share = usual > 0 ? distance / usual : 0;
            pairs[(row, other)] = Math.Min(share, pairs.GetValueOrDefault((row, other), double.PositiveInfinity));
        }
    }

    IEnumerable<RowGroup> Groups()
    {
        Dictionary<int, int> parents = [];
        foreach (var (row, other) in pairs.Keys) parents[Root(row)] = Root(other);
        return pairs.GroupBy(pair => Root(pair.Key.Item1))
            .Select(group => new RowGroup([.. group.SelectMany(pair => (int[])[pair.Key.Item1, pair.Key.Item2]).Distinct().Order()], group.Max(pair => pair.Value)));

        int Root(int row)
        {
            var root = row;
            while (parents.TryGetValue(root, out var parent) && parent != root) root = parent;
            while (parents.TryGetValue(row, out var parent) && parent != root) (parents[row], row) = (root, parent);
            return parents[row] = root;
        }
    }

    void Check(float[] directions, int dimension)
    {
        if (directions.Length != (long)(train + test) * dimension) throw new ArgumentException($"{directions.Length} numbers for {train + test} rows of {dimension}", nameof(directions));
    }

    // Between the two values that stand around it, in proportion.
    static double Quantile(double[] sorted, double share)
    {
        if (sorted.Length == 0) return 0;
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return sorted[below] + ((at - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }
}

/// <summary>How far apart rows usually are to one model.</summary>
/// <param name="Nearest">The median distance to the nearest row.</param>
/// <param name="Scale">The median of the mean distances to the nearest rows.</param>
/// <param name="Limit">A larger mean distance makes an outlier.</param>
public sealed record UsualDistances(double Nearest, double Scale, double Limit);
