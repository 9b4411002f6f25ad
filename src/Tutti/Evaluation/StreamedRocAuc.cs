namespace Tutti.Evaluation;

/// <summary>
/// The area under the ROC curve of any number of rows, and of resamples of them. Scores go to disk: sorted they give the area itself, and the
/// scores that split the rows into <see cref="Steps"/> equal parts; read again in the order of rows, they are counted in these steps for each
/// resample.
/// </summary>
/// <remarks>
/// Rows whose score is a split itself form a step of their own, so that ties cost nothing. A step between two splits has less than n / Steps
/// rows, p positive and q negative ones of P and Q; taking its pairs as ties moves the area by at most the sum of p q / (2 P Q) over the steps, at
/// most n / (2 Steps max(P, Q)), which is at most 1 / Steps. What it moves the area of all rows by is known and taken off every resample.
/// </remarks>
sealed class StreamedRocAuc(PoissonWeights weights, int resamples) : IDisposable
{
    const int Steps = 128, Block = 1024;

    readonly KeySpool<ulong> rows = new();

    /// <param name="score">At least 0.</param>
    public void Add(double score, bool positive) =>
        rows.Add((BitConverter.DoubleToUInt64Bits(score + 0.0) << 1) | (positive ? 1UL : 0));   // the bits of such numbers rise with them; -0 + 0 is 0

    /// <summary>The area, and that of each resample; NaN without positives or without negatives.</summary>
    public (double Area, double[] Resampled) Result()
    {
        var splits = new SortedSet<double>();
        var area = new RisingArea();
        long place = 0;
        foreach (var key in rows.Sorted())
        {
            var score = ScoreOf(key);
            if (place * Steps / rows.Count != (place - 1) * Steps / rows.Count) splits.Add(score);
            area.Add(score, IsPositive(key) ? 0 : 1, IsPositive(key) ? 1 : 0);
            place++;
        }
        var counted = Count([.. splits], out var stepped);
        double[] resampled = [.. Enumerable.Range(0, resamples).Select(resample => Math.Clamp(Stepped(splits.Count, cell => counted.Count(cell, resample)) + area.Value - stepped, 0, 1))];
        return (area.Value, resampled);
    }

    public void Dispose() => rows.Dispose();

    /// <summary>The rows of each step in each resample: cell 2s negative, 2s + 1 positive ones.</summary>
    ResampledSums Count(double[] splits, out double stepped)
    {
        var cells = 2 * ((2 * splits.Length) + 1);
        var counted = new ResampledSums(weights, cells, 0);
        var (all, block, done) = (new long[cells], new List<int>(Block), 0L);
        foreach (var key in rows.AsAdded())
        {
            var found = Array.BinarySearch(splits, ScoreOf(key));
            var step = found >= 0 ? (2 * found) + 1 : 2 * ~found;
            block.Add((2 * step) + (IsPositive(key) ? 1 : 0));
            all[block[^1]]++;
            if (block.Count == Block) Flush();
        }
        if (block.Count > 0) Flush();
        stepped = Stepped(splits.Length, cell => all[cell]);
        return counted;

        void Flush()
        {
            counted.Add(done, block.Count, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(block));
            done += block.Count;
            block.Clear();
        }
    }

    static double Stepped(int splits, Func<int, double> count)
    {
        var area = new RisingArea();
        for (var step = 0; step <= 2 * splits; step++) area.Add(step, count(2 * step), count((2 * step) + 1));
        return area.Value;
    }

    static double ScoreOf(ulong key) => BitConverter.UInt64BitsToDouble(key >> 1);

    static bool IsPositive(ulong key) => (key & 1) != 0;

    /// <summary>Positives above negatives, ties one half, of rows that come by rising score.</summary>
    sealed class RisingArea
    {
        double score, below, positives, tiedNegatives, tiedPositives, pairs;

        public void Add(double next, double negatives, double positives)
        {
            if (next != score) Close();
            score = next;
            tiedNegatives += negatives;
            tiedPositives += positives;
        }

        public double Value
        {
            get
            {
                Close();
                return pairs / (below * positives);           // no positives or no negatives: 0 / 0, undefined
            }
        }

        void Close()
        {
            pairs += tiedPositives * (below + (tiedNegatives / 2));
            (below, positives, tiedNegatives, tiedPositives) = (below + tiedNegatives, positives + tiedPositives, 0, 0);
        }
    }
}
