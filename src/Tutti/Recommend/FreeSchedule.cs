using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>Ratings dealt to threads that heed nobody; each shuffles its own before every epoch.</summary>
sealed class FreeSchedule
{
    readonly FactorRating[] ratings;
    readonly int threads;

    public FreeSchedule(RatingRows rows, RandomStream random, int threads)
    {
        this.threads = Math.Clamp(threads, 1, Math.Max(rows.Count, 1));
        ratings = new FactorRating[rows.Count];
        for (var row = 0; row < ratings.Length; row++) ratings[row] = new(rows.Users[row], rows.Items[row], rows.Values[row]);
        random.Shuffle(ratings.AsSpan());
    }

    /// <param name="random">Of this epoch.</param>
    /// <param name="work">Given one thread's ratings; what it gives back is added up.</param>
    public double Epoch(RandomStream random, Func<Span<FactorRating>, double> work)
    {
        var sums = new double[threads];
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            var own = ratings.AsSpan((int)((long)ratings.Length * thread / threads)..(int)((long)ratings.Length * (thread + 1) / threads));
            new RandomStream(random.Bits(thread)).Shuffle(own);
            sums[thread] = work(own);
        });
        return sums.Sum();
    }
}
