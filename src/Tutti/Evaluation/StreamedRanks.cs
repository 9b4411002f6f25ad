using System.Runtime.InteropServices;

namespace Tutti.Evaluation;

/// <summary>
/// <see cref="OneRank"/> of any number of rows, and of resamples of them. Scores and groups go to disk, 16 bytes a row: sorted they give the ranks themselves, and the scores that
/// split the rows of the group into <see cref="Steps"/> equal parts; read again in the order of rows, they are counted in these steps for each resample.
/// </summary>
/// <remarks>
/// Rows whose score is a split itself form a step of their own. A step between two splits has less than one in <see cref="Steps"/> of the group's rows, so taking its pairs as ties moves
/// no area by more than 1 / (2 Steps). What it moves the numbers of all rows by is known and taken off every resample.
/// </remarks>
/// <param name="groups">How many groups are told apart.</param>
/// <param name="own">The one that should stand above the others.</param>
sealed class StreamedRanks(PoissonWeights weights, int resamples, int groups, int own) : IDisposable
{
    const int Steps = 128, Block = 1024, Held = 1 << 13;

    readonly KeySpool<UInt128> rows = new(Held);
    readonly long[] totals = new long[groups];

    /// <param name="score">At least 0.</param>
    public void Add(double score, int group)
    {
        rows.Add(new(BitConverter.DoubleToUInt64Bits(score + 0.0), (ulong)group));       // the bits of such numbers rise with them; -0 + 0 is 0
        totals[group]++;
    }

    /// <summary>Of all rows, and of each resample.</summary>
    public (OneRank All, OneRank[] Resampled) Result()
    {
        var (splits, all, place) = (new SortedSet<double>(), new RisingRows([.. totals.Select(total => (double)total)], own), 0L);
        foreach (var key in rows.Sorted())
        {
            var (score, group) = Of(key);
            all.Add(score, group, 1);
            if (group != own) continue;
            if (place * Steps / totals[own] != (place - 1) * Steps / totals[own]) splits.Add(score);
            place++;
        }
        var exact = all.Result();
        var counted = Count([.. splits], out var inSteps);
        var steps = (2 * splits.Count) + 1;
        var stepped = Stepped(steps, cell => inSteps[cell]);
        var resampled = new OneRank[resamples];
        Parallel.For(0, resamples, resample => resampled[resample] = Corrected(Stepped(steps, cell => counted.Count(cell, resample)), exact, stepped));
        return (exact, resampled);
    }

    public void Dispose() => rows.Dispose();

    /// <summary>The rows of each step in each resample, by group.</summary>
    ResampledSums Count(double[] splits, out long[] all)
    {
        var cells = ((2 * splits.Length) + 1) * groups;
        var counted = new ResampledSums(weights, cells, 0);
        var (block, done) = (new List<int>(Block), 0L);
        all = new long[cells];
        foreach (var key in rows.AsAdded())
        {
            var (score, group) = Of(key);
            var found = Array.BinarySearch(splits, score);
            block.Add(((found >= 0 ? (2 * found) + 1 : 2 * ~found) * groups) + group);
            all[block[^1]]++;
            if (block.Count == Block) Flush();
        }
        if (block.Count > 0) Flush();
        return counted;

        void Flush()
        {
            counted.Add(done, block.Count, CollectionsMarshal.AsSpan(block));
            done += block.Count;
            block.Clear();
        }
    }

    OneRank Stepped(int steps, Func<int, double> count)
    {
        var sums = new double[groups];
        for (var cell = 0; cell < steps * groups; cell++) sums[cell % groups] += count(cell);
        var rising = new RisingRows(sums, own);
        for (var cell = 0; cell < steps * groups; cell++) rising.Add(cell / groups, cell % groups, count(cell));
        return rising.Result();
    }

    static OneRank Corrected(OneRank resample, OneRank exact, OneRank stepped)
    {
        static double Moved(double value, double exact, double stepped) => Math.Clamp(value + exact - stepped, 0, 1);
        return new(Moved(resample.Area, exact.Area, stepped.Area), Moved(resample.Average, exact.Average, stepped.Average),
            [.. resample.Against.Select((value, group) => Moved(value, exact.Against[group], stepped.Against[group]))]);
    }

    static (double Score, int Group) Of(UInt128 key) => (BitConverter.UInt64BitsToDouble((ulong)(key >> 64)), (int)(ulong)key);
}
