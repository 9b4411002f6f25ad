namespace Tutti.Evaluation;

/// <summary>The scores of predicted numbers from sums over any number of rows, of all rows and of many resamples at once.</summary>
sealed class StreamedNumbers(PoissonWeights weights, int resamples, MetricChoice metrics) : IDisposable
{
    const int Block = 1024, Cells = NumberSums.Cells;

    readonly ResampledSums sums = new(weights, 1, Cells);
    readonly StreamedSpearman ranks = new(weights, resamples);
    readonly double[] all = new double[Cells], values = new double[Cells * Block];
    readonly int[] countCells = new int[Block], sumCells = [.. Enumerable.Range(0, Cells * Block).Select(i => i % Cells)];
    double firstTruth, firstPredicted;
    long rows;
    int waiting;

    public void Add(double truth, double predicted)
    {
        if (rows == 0) (firstTruth, firstPredicted) = (truth, predicted);        // sums of squares would lose digits far from 0, and equal numbers have no variance at all
        var (miss, t, p) = (truth - predicted, truth - firstTruth, predicted - firstPredicted);
        double[] row = [miss, Math.Abs(miss), miss * miss, t, t * t, p, p * p, t * p];
        for (var i = 0; i < Cells; i++) all[i] += row[i];
        row.CopyTo(values, waiting * Cells);
        ranks.Add(truth, predicted);
        rows++;
        if (++waiting == Block) Flush();
    }

    /// <summary>In the order of <see cref="NumberSums.Names"/>.</summary>
    public Score[] Result()
    {
        Flush();
        var (spearman, resampledSpearman) = ranks.Result();
        var measured = Of(rows, cell => all[cell], spearman);
        double[][] resampled = [.. Enumerable.Range(0, resamples).Select(r => Of(sums.Count(0, r), cell => sums.Sum(cell, r), resampledSpearman[r]))];
        return [.. measured.Select((value, m) => Bootstrap.Measured(value, resampled.Select(values => values[m]), (int)rows))];
    }

    public void Dispose() => ranks.Dispose();

    double[] Of(double n, Func<int, double> sum, double spearman) => new NumberSums(n, sum(0), sum(1), sum(2), sum(3), sum(4), sum(5), sum(6), sum(7), spearman).Values(metrics);

    void Flush()
    {
        if (waiting == 0) return;
        sums.Add(rows - waiting, waiting, countCells.AsSpan(0, waiting), sumCells.AsSpan(0, waiting * Cells), values.AsSpan(0, waiting * Cells));
        waiting = 0;
    }
}
