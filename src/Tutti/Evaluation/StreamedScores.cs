using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>The scores of <see cref="UsualScores"/>, and of <see cref="MoreScores"/> where asked for, from sums over rows, of all rows and of many resamples at once.</summary>
sealed class StreamedScores : IDisposable
{
    const int Block = 1024, Bins = UsualScores.Bins;

    // Of resamples. Cells that count rows: right, missed (truly of the class), mistaken (predicted as it) per class, and one that nobody reads; for all scores also those right and wrong per bin,
    // and those whose true class has so many more probable ones before it. Cells that sum: log-loss, Brier, per bin of confidence how far confidence and being right are apart; then how far the
    // predicted class is from the true one, and the square of it.
    const int LossCell = 0, BrierCell = 1, GapCells = 2, FarCell = GapCells + Bins, SquareCell = FarCell + 1;

    readonly int classes, resamples, counted, summed;
    readonly int[] tops;
    readonly ResampledSums sums;
    readonly StreamedRocAuc? ranks;
    readonly StreamedRanks[] perClass = [];
    readonly bool all;

    // Of all rows.
    readonly double[] confusion, among, confidences = new double[Bins], gaps = new double[Bins];
    readonly int[] count = new int[Bins], hits = new int[Bins];
    double loss, miss, far, square;
    long rows;

    // Rows that were not yet added to the resamples.
    readonly int[] countCells, sumCells;
    readonly double[] values;
    int waiting;

    public StreamedScores(int classes, PoissonWeights weights, int resamples, MetricChoice metrics)
    {
        (this.classes, this.resamples, tops) = (classes, resamples, MoreScores.Tops(classes));
        all = metrics == MetricChoice.All;
        (counted, summed) = all ? (4, 5) : (2, 3);
        (countCells, sumCells, values) = (new int[counted * Block], new int[summed * Block], new double[summed * Block]);
        (confusion, among) = (new double[classes * classes], new double[tops.Length]);
        sums = all ? new(weights, AmongCells + tops.Length + 1, SquareCell + 1) : new(weights, BinCells, FarCell);
        try
        {
            if (classes == 2) ranks = new(weights, resamples);
            if (!all || !MoreScores.Ranks(classes)) return;
            perClass = new StreamedRanks[classes];
            for (var k = 0; k < classes; k++) perClass[k] = new(weights, resamples, classes, k);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    int BinCells => (3 * classes) + 1;
    int AmongCells => BinCells + (2 * Bins);

    public void Add(ReadOnlySpan<double> row, int label)
    {
        var predicted = PredictionSet.ArgMax(row);
        var (right, confidence) = (predicted == label, row[predicted]);
        var bin = Calibration.BinOf(confidence, Bins);
        var (rowLoss, rowMiss, gap) = (Metrics.LogLoss(row, [label]), Metrics.Brier(row, [label]), (right ? 1 : 0) - confidence);
        confusion[(label * classes) + predicted]++;
        count[bin]++;
        if (right) hits[bin]++;
        confidences[bin] += confidence;
        loss += rowLoss;
        miss += rowMiss;
        ranks?.Add(row[1], label == 1);
        rows++;

        ReadOnlySpan<int> cells = right ? [label, 3 * classes] : [classes + label, (2 * classes) + predicted];
        ReadOnlySpan<int> sumsOf = [LossCell, BrierCell, GapCells + bin];
        ReadOnlySpan<double> amounts = [rowLoss, rowMiss, gap];
        cells.CopyTo(countCells.AsSpan(waiting * counted));
        sumsOf.CopyTo(sumCells.AsSpan(waiting * summed));
        amounts.CopyTo(values.AsSpan(waiting * summed));
        if (all) AddMore(row, (label, predicted), bin, gap);
        if (++waiting == Block) Flush();
    }

    void AddMore(ReadOnlySpan<double> row, (int Label, int Predicted) of, int bin, double gap)
    {
        for (var k = 0; k < perClass.Length; k++) perClass[k].Add(row[k], of.Label);
        var (above, apart) = (Metrics.Above(row, of.Label), Math.Abs(of.Label - of.Predicted));
        var place = Array.FindIndex(tops, top => above < top);
        if (place < 0) place = tops.Length;
        for (var i = place; i < tops.Length; i++) among[i]++;
        gaps[bin] += gap;
        (far, square) = (far + apart, square + (apart * apart));
        var (cell, sum) = (waiting * counted, waiting * summed);
        (countCells[cell + 2], countCells[cell + 3]) = (BinCells + bin + (apart == 0 ? 0 : Bins), AmongCells + place);
        (sumCells[sum + 3], sumCells[sum + 4]) = (FarCell, SquareCell);
        (values[sum + 3], values[sum + 4]) = (apart, apart * apart);
    }

    /// <summary>In the order of <see cref="UsualScores.Names"/>, then of <see cref="MoreScores.Of"/>.</summary>
    public (Score[] Scores, ConfusionMatrix Confusion, CalibrationBin[] Bins) Result()
    {
        Flush();
        var (matrix, bins) = (new ConfusionMatrix([.. confusion], classes), Calibration.Bins(count, hits, confidences));
        var (areas, own) = (ranks?.Result(), perClass.Select(one => one.Result()).ToArray());
        double[] measured = UsualScores.Of(matrix.Totals, loss / rows, miss / rows, Calibration.Expected(bins), areas?.Area ?? double.NaN);
        if (all)
            measured = [.. measured, .. MoreScores.Of(new(matrix.Totals, far, square, among, [.. count.Select(n => (double)n)], [.. hits.Select(n => (double)n)], gaps, Ranks(own.Select(one => one.All))))];
        var resampled = new double[resamples][];
        Parallel.For(0, resamples, resample => resampled[resample] = Of(resample, measured.Length, areas?.Resampled[resample] ?? double.NaN, own.Select(one => one.Resampled[resample])));
        return ([.. measured.Select((value, m) => Bootstrap.Measured(value, resampled.Select(values => values[m]), (int)rows))], matrix, bins);
    }

    OneRank[] Ranks(IEnumerable<OneRank> own) => perClass.Length > 0 ? [.. own] : [.. Enumerable.Repeat(OneRank.Unknown, classes)];

    public void Dispose()
    {
        ranks?.Dispose();
        foreach (var one in perClass) one?.Dispose();
    }

    double[] Of(int resample, int width, double area, IEnumerable<OneRank> own)
    {
        double Count(int cell) => sums.Count(cell, resample);
        double[] right = [.. Enumerable.Range(0, classes).Select(Count)];
        double[] truth = [.. right.Select((rows, k) => rows + Count(classes + k))];
        double[] predicted = [.. right.Select((rows, k) => rows + Count((2 * classes) + k))];
        var totals = new ClassTotals(right, truth, predicted, truth.Sum());
        if (totals.All == 0) return [.. Enumerable.Repeat(double.NaN, width)];                       // a resample of no rows
        double[] gaps = [.. Enumerable.Range(GapCells, Bins).Select(cell => sums.Sum(cell, resample))];
        var usual = UsualScores.Of(totals, sums.Sum(LossCell, resample) / totals.All, sums.Sum(BrierCell, resample) / totals.All, gaps.Sum(Math.Abs) / totals.All, area);
        if (!all) return usual;
        double[] binRight = [.. Enumerable.Range(BinCells, Bins).Select(Count)];
        double[] binRows = [.. binRight.Select((rows, bin) => rows + Count(BinCells + Bins + bin))];
        double[] among = [.. tops.Select((_, i) => Enumerable.Range(AmongCells, i + 1).Sum(Count))];
        return [.. usual, .. MoreScores.Of(new(totals, sums.Sum(FarCell, resample), sums.Sum(SquareCell, resample), among, binRows, binRight, gaps, Ranks(own)))];
    }

    void Flush()
    {
        if (waiting == 0) return;
        sums.Add(rows - waiting, waiting, countCells.AsSpan(0, waiting * counted), sumCells.AsSpan(0, waiting * summed), values.AsSpan(0, waiting * summed));
        waiting = 0;
    }
}
