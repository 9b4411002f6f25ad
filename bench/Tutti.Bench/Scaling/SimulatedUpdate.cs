namespace Tutti.Bench.Scaling;

/// <summary>An update over several ranks, event by event.</summary>
/// <param name="Seconds">From its first forward pass to the new weights.</param>
/// <param name="Sent">Seconds in which sums were under way.</param>
/// <param name="Waited">Of these, seconds in which nothing else was done.</param>
/// <param name="Slowest">The largest share of work over an even one: 1 where all have the same.</param>
sealed record SimulatedUpdate(double Seconds, double Sent, double Waited, double Slowest)
{
    /// <summary>Share of the sums' time that was hidden behind backward.</summary>
    public double Hidden => Sent == 0 ? 1 : 1 - (Waited / Sent);

    /// <summary>
    /// A bucket is summed once the slowest rank has it and the one before is done; a rank's part of the last backward pass makes buckets ready evenly, by bytes. What
    /// is summed behind backward waits for all of it.
    /// </summary>
    /// <param name="shape">The update on one rank.</param>
    /// <param name="cluster">What joins them.</param>
    /// <param name="shares">Of each rank the share of the update's work; they sum to 1.</param>
    public static SimulatedUpdate Of(UpdateShape shape, Cluster cluster, IReadOnlyList<double> shares)
    {
        var ranks = shares.Count;
        var most = shares.Max();
        var (total, done, free, sent) = (shape.Buckets.Sum(), 0.0, 0.0, 0.0);
        foreach (var bytes in shape.Buckets)
        {
            done += bytes;
            var ready = shape.Least.Forward + (most * shape.Forward) + ((shape.Least.Backward + (most * shape.Backward)) * done / total);
            var time = cluster.AllReduce(bytes, ranks);
            free = Math.Max(free, ready) + time;
            sent += time;
        }
        var computed = shape.Compute(most);
        var end = Math.Max(computed, ranks == 1 ? computed : free);
        foreach (var bytes in shape.Behind)
        {
            var time = cluster.AllReduce(bytes, ranks);
            end += time;
            sent += time;
        }
        return new(end + shape.Fixed, sent, end - computed, most * ranks);
    }
}
