namespace Tutti.Evaluation;

/// <summary>The scores of labels from sums over any number of rows, of all rows and of many resamples at once.</summary>
sealed class StreamedLabels : IDisposable
{
    const int Block = 256, Sums = 4;

    // Cells of resamples that count rows: of each label nothing, mistaken, missed, right; then rows with all labels right, and the others.
    const int Mistaken = 1, Missed = 2, Right = 3, PerLabel = 4;

    readonly int labels, resamples;
    readonly ResampledSums sums;
    readonly StreamedRanks[] ranks;
    readonly double[] all;
    readonly int[] countCells, sumCells = new int[Sums * Block];
    readonly double[] values = new double[Sums * Block];
    LabelRow sum;
    long rows;
    int waiting;

    public StreamedLabels(int labels, PoissonWeights weights, int resamples)
    {
        (this.labels, this.resamples) = (labels, resamples);
        sums = new(weights, Cells, Sums);
        (all, countCells) = (new double[Cells], new int[(labels + 1) * Block]);
        for (var i = 0; i < sumCells.Length; i++) sumCells[i] = i % Sums;
        ranks = new StreamedRanks[labels];
        try
        {
            for (var label = 0; label < labels; label++) ranks[label] = new(weights, resamples, groups: 2, own: 1);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    int ExactCell => PerLabel * labels;
    int Cells => ExactCell + 2;

    public void Add(ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth)
    {
        var predicted = MultiLabel.Threshold(scores);
        var cells = countCells.AsSpan(waiting * (labels + 1), labels + 1);
        for (var label = 0; label < labels; label++)
        {
            cells[label] = (PerLabel * label) + (predicted[label] ? truth[label] ? Right : Mistaken : truth[label] ? Missed : 0);
            ranks[label].Add(scores[label], truth[label] ? 1 : 0);
        }
        cells[labels] = ExactCell + (truth.SequenceEqual(predicted) ? 0 : 1);
        foreach (var cell in cells) all[cell]++;
        var row = LabelRow.Of(scores, truth, predicted);
        ((double[])[row.Loss, row.RankingPrecision, row.F1, row.Jaccard]).CopyTo(values, waiting * Sums);
        sum += row;
        rows++;
        if (++waiting == Block) Flush();
    }

    /// <summary>In the order of <see cref="LabelSums.Values"/>.</summary>
    public Score[] Result()
    {
        Flush();
        var own = ranks.Select(one => one.Result()).ToArray();
        var measured = Of(cell => all[cell], sum, [.. own.Select(one => one.All)]);
        var resampled = new double[resamples][];
        Parallel.For(0, resamples, r => resampled[r] = Of(cell => sums.Count(cell, r), new(sums.Sum(0, r), sums.Sum(1, r), sums.Sum(2, r), sums.Sum(3, r)), [.. own.Select(one => one.Resampled[r])]));
        return [.. measured.Select((value, m) => Bootstrap.Measured(value, resampled.Select(values => values[m]), (int)rows))];
    }

    public void Dispose()
    {
        foreach (var one in ranks) one?.Dispose();
    }

    double[] Of(Func<int, double> count, LabelRow sum, OneRank[] ranks)
    {
        double[] Per(params int[] cells) => [.. Enumerable.Range(0, labels).Select(label => cells.Sum(cell => count((PerLabel * label) + cell)))];
        return new LabelSums(count(ExactCell) + count(ExactCell + 1), Per(Right), Per(Right, Mistaken), Per(Right, Missed), count(ExactCell), sum, ranks).Values();
    }

    void Flush()
    {
        if (waiting == 0) return;
        sums.Add(rows - waiting, waiting, countCells.AsSpan(0, waiting * (labels + 1)), sumCells.AsSpan(0, waiting * Sums), values.AsSpan(0, waiting * Sums));
        waiting = 0;
    }
}
