namespace Tutti.Evaluation;

/// <summary>
/// Spearman's rank correlation of any number of rows, and of resamples of them. Both numbers of a row go to disk with its place: sorted by number they give the ranks, sorted back by place
/// the pairs of ranks. Resamples see the ranks in a grid of <see cref="Steps"/> by <see cref="Steps"/> equal parts; what that moves the correlation of all rows by is known and taken off.
/// </summary>
sealed class StreamedSpearman(PoissonWeights weights, int resamples) : IDisposable
{
    const int Steps = 64, Block = 1024, Held = 1 << 13;

    readonly KeySpool<UInt128> truths = new(Held), predictions = new(Held);

    public void Add(double truth, double predicted)
    {
        truths.Add(Key(truth, (ulong)truths.Count));
        predictions.Add(Key(predicted, (ulong)predictions.Count));
    }

    public (double All, double[] Resampled) Result()
    {
        using KeySpool<UInt128> ranksT = new(Held), ranksP = new(Held);
        var (splitsT, splitsP) = (Rank(truths, ranksT), Rank(predictions, ranksP));
        var exact = Correlation(ranksT.Sorted().Zip(ranksP.Sorted(), (t, p) => ((ulong)t / 2.0, (ulong)p / 2.0, 1.0)), truths.Count);
        var (counted, all) = Count(splitsT, splitsP);
        var wide = splitsP.Length + 1;
        var stepped = Stepped(splitsT.Length + 1, wide, cell => all[cell]);
        var resampled = new double[resamples];
        Parallel.For(0, resamples, r => resampled[r] = Math.Clamp(Stepped(splitsT.Length + 1, wide, cell => counted.Count(cell, r)) + exact - stepped, -1, 1));
        return (exact, resampled);
    }

    public void Dispose()
    {
        truths.Dispose();
        predictions.Dispose();
    }

    /// <summary>Writes place and twice the rank of every row, which is whole for ties too.</summary>
    /// <returns>The numbers that end the equal parts.</returns>
    static double[] Rank(KeySpool<UInt128> values, KeySpool<UInt128> ranks)
    {
        var (splits, tied, last, before) = (new SortedSet<double>(), 0L, UInt128.Zero, 0L);
        void Close(IEnumerable<UInt128> group)
        {
            // Ranks before + 1 to before + tied share their mean.
            foreach (var key in group) ranks.Add(new((ulong)key, (ulong)((2 * before) + tied + 1)));
            if ((before + tied) * Steps / values.Count != before * Steps / values.Count) splits.Add(NumberOf(last));
            before += tied;
        }
        // Two readers of the sorted keys: one finds where a group of ties ends, the other writes it, so that no group is held.
        using var behind = values.Sorted().GetEnumerator();
        IEnumerable<UInt128> Next(long count)
        {
            for (var i = 0L; i < count && behind.MoveNext(); i++) yield return behind.Current;
        }
        foreach (var key in values.Sorted())
        {
            if (tied > 0 && key >> 64 != last >> 64)
            {
                Close(Next(tied));
                tied = 0;
            }
            (last, tied) = (key, tied + 1);
        }
        if (tied > 0) Close(Next(tied));
        return [.. splits];
    }

    (ResampledSums Counted, long[] All) Count(double[] splitsT, double[] splitsP)
    {
        var wide = splitsP.Length + 1;
        var cells = (splitsT.Length + 1) * wide;
        var (counted, all, done) = (new ResampledSums(weights, cells, 0), new long[cells], 0L);
        foreach (var block in truths.AsAdded().Zip(predictions.AsAdded(), (t, p) => (Part(splitsT, NumberOf(t)) * wide) + Part(splitsP, NumberOf(p))).Chunk(Block))
        {
            foreach (var cell in block) all[cell]++;
            counted.Add(done, block.Length, block);
            done += block.Length;
        }
        return (counted, all);
    }

    // A split ends its part.
    static int Part(double[] splits, double value) => Array.BinarySearch(splits, value) is var found && found >= 0 ? found : ~found;

    static double Stepped(int high, int wide, Func<int, double> count)
    {
        var (t, p) = (new double[high], new double[wide]);
        for (var cell = 0; cell < high * wide; cell++)
        {
            t[cell / wide] += count(cell);
            p[cell % wide] += count(cell);
        }
        var (n, ranksT, ranksP) = (t.Sum(), Ranks(t), Ranks(p));
        return Correlation(Enumerable.Range(0, high * wide).Select(cell => (ranksT[cell / wide], ranksP[cell % wide], count(cell))), n);
    }

    static double[] Ranks(double[] rows)
    {
        var (ranks, before) = (new double[rows.Length], 0.0);
        for (var i = 0; i < rows.Length; i++)
        {
            ranks[i] = before + ((rows[i] + 1) / 2);
            before += rows[i];
        }
        return ranks;
    }

    /// <summary>Pearson's correlation of ranks, whose mean is known.</summary>
    static double Correlation(IEnumerable<(double T, double P, double Times)> ranks, double n)
    {
        var (mean, both, t, p) = ((n + 1) / 2, 0.0, 0.0, 0.0);
        foreach (var (rankT, rankP, times) in ranks)
        {
            var (a, b) = (rankT - mean, rankP - mean);
            (both, t, p) = (both + (times * a * b), t + (times * a * a), p + (times * b * b));
        }
        return Math.Clamp(both / (Math.Sqrt(t) * Math.Sqrt(p)), -1, 1);
    }

    // The bits of numbers of either sign, so that they rise with them; -0 + 0 is 0.
    static UInt128 Key(double value, ulong place)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value + 0.0);
        return new((bits >> 63) == 0 ? bits | (1UL << 63) : ~bits, place);
    }

    static double NumberOf(UInt128 key)
    {
        var bits = (ulong)(key >> 64);
        return BitConverter.UInt64BitsToDouble((bits >> 63) == 1 ? bits & ~(1UL << 63) : ~bits);
    }
}
