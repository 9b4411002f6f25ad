using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>The scores of <see cref="UsualScores"/> from sums over rows, of all rows and of many resamples at once.</summary>
sealed class StreamedScores : IDisposable
{
    const int Block = 1024, Bins = UsualScores.Bins;

    // Of resamples. Cells that count rows: right, missed (truly of the class), mistaken (predicted as it) per class, and one that nobody reads.
    // Cells that sum: log-loss, Brier, and per bin of confidence how far confidence and being right are apart.
    const int LossCell = 0, BrierCell = 1, GapCells = 2, Counted = 2, Summed = 3;

    readonly int classes, resamples;
    readonly ResampledSums sums;
    readonly StreamedRocAuc? ranks;

    // Of all rows.
    readonly double[] confusion, confidences = new double[Bins];
    readonly int[] count = new int[Bins], hits = new int[Bins];
    double loss, miss;
    long rows;

    // Rows that were not yet added to the resamples.
    readonly int[] countCells = new int[Counted * Block], sumCells = new int[Summed * Block];
    readonly double[] values = new double[Summed * Block];
    int waiting;

    public StreamedScores(int classes, PoissonWeights weights, int resamples)
    {
        (this.classes, this.resamples) = (classes, resamples);
        confusion = new double[classes * classes];
        sums = new(weights, (3 * classes) + 1, GapCells + Bins);
        if (classes == 2) ranks = new(weights, resamples);
    }

    public void Add(ReadOnlySpan<double> row, int label)
    {
        var predicted = PredictionSet.ArgMax(row);
        var (right, confidence) = (predicted == label, row[predicted]);
        var bin = Calibration.BinOf(confidence, Bins);
        var (rowLoss, rowMiss) = (Metrics.LogLoss(row, [label]), Metrics.Brier(row, [label]));
        confusion[(label * classes) + predicted]++;
        count[bin]++;
        if (right) hits[bin]++;
        confidences[bin] += confidence;
        loss += rowLoss;
        miss += rowMiss;
        ranks?.Add(row[1], label == 1);
        rows++;

        ReadOnlySpan<int> counted = right ? [label, 3 * classes] : [classes + label, (2 * classes) + predicted];
        ReadOnlySpan<int> summed = [LossCell, BrierCell, GapCells + bin];
        ReadOnlySpan<double> amounts = [rowLoss, rowMiss, (right ? 1 : 0) - confidence];
        counted.CopyTo(countCells.AsSpan(waiting * Counted));
        summed.CopyTo(sumCells.AsSpan(waiting * Summed));
        amounts.CopyTo(values.AsSpan(waiting * Summed));
        if (++waiting == Block) Flush();
    }

    /// <summary>In the order of <see cref="UsualScores.Names"/>.</summary>
    public (Score[] Scores, ConfusionMatrix Confusion) Result()
    {
        Flush();
        var matrix = new ConfusionMatrix([.. confusion], classes);
        var areas = ranks?.Result();
        var measured = UsualScores.Of(matrix.Totals, loss / rows, miss / rows, Calibration.Expected(Calibration.Bins(count, hits, confidences)), areas?.Area ?? double.NaN);
        var resampled = Enumerable.Range(0, resamples).Select(resample => Of(resample, areas?.Resampled[resample] ?? double.NaN)).ToArray();
        return ([.. measured.Select((value, m) => Bootstrap.Measured(value, resampled.Select(values => values[m]), (int)rows))], matrix);
    }

    public void Dispose() => ranks?.Dispose();

    double[] Of(int resample, double area)
    {
        double Count(int cell) => sums.Count(cell, resample);
        double[] right = [.. Enumerable.Range(0, classes).Select(Count)];
        double[] truth = [.. right.Select((rows, k) => rows + Count(classes + k))];
        double[] predicted = [.. right.Select((rows, k) => rows + Count((2 * classes) + k))];
        var totals = new ClassTotals(right, truth, predicted, truth.Sum());
        if (totals.All == 0) return [.. UsualScores.Names(classes).Select(_ => double.NaN)];   // a resample of no rows
        var gaps = Enumerable.Range(GapCells, Bins).Sum(cell => Math.Abs(sums.Sum(cell, resample)));
        return UsualScores.Of(totals, sums.Sum(LossCell, resample) / totals.All, sums.Sum(BrierCell, resample) / totals.All, gaps / totals.All, area);
    }

    void Flush()
    {
        if (waiting == 0) return;
        sums.Add(rows - waiting, waiting, countCells.AsSpan(0, waiting * Counted), sumCells.AsSpan(0, waiting * Summed), values.AsSpan(0, waiting * Summed));
        waiting = 0;
    }
}
