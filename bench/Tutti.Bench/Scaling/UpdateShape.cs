namespace Tutti.Bench.Scaling;

/// <summary>Where the time of one update goes on one rank that has the whole of it.</summary>
/// <param name="Forward">Seconds of all forward passes, and of backward passes of all micro-batches but the last one: nothing is sent meanwhile. In proportion to what they hold.</param>
/// <param name="Backward">The same of the backward pass in which buckets become ready.</param>
/// <param name="Fixed">Seconds that no further rank saves: the optimizer, and what an update costs whatever it holds.</param>
/// <param name="Buckets">Bytes of each bucket of gradients, in the order in which they become ready.</param>
sealed record UpdateShape(double Forward, double Backward, double Fixed, IReadOnlyList<double> Buckets)
{
    /// <summary>Seconds of a forward pass and of the last backward pass that do not become fewer with what they hold.</summary>
    public (double Forward, double Backward) Least { get; init; }

    /// <summary>Bytes of sums that follow backward one after the other: gradients of tables by rows, losses, and what ranks tell each other.</summary>
    public IReadOnlyList<double> Behind { get; init; } = [];

    /// <summary>Seconds of a rank that has such a share of the update.</summary>
    public double Compute(double share) => Least.Forward + Least.Backward + (share * (Forward + Backward));

    /// <summary>Equal buckets of so many bytes at most.</summary>
    public static double[] Cut(double bytes, double bucket)
    {
        var count = Math.Max(1, (int)Math.Ceiling(bytes / bucket));
        return [.. Enumerable.Repeat(bytes / count, count)];
    }
}
