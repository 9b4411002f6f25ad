namespace Tutti.Bench.Scaling;

/// <summary>Machines with several ranks each, and how a sum over all of them travels.</summary>
/// <param name="Name">As in tables.</param>
/// <param name="PerNode">Ranks of a machine.</param>
/// <param name="Inside">Joins the ranks of a machine.</param>
/// <param name="Between">Joins machines, for each rank its own share of it.</param>
/// <param name="Trees">Whether small sums go through a tree where that is quicker, as NCCL does; Gloo's are rings.</param>
sealed record Cluster(string Name, int PerNode, Link Inside, Link Between, bool Trees)
{
    /// <summary>
    /// Seconds of an all-reduce: a ring of n takes 2 (n - 1) messages of 1/n of the bytes (Patarasuk and Yuan 2009). Over several full machines the bytes are first scattered in each, then every rank
    /// adds its part up with its counterparts, then each machine gathers.
    /// </summary>
    public double AllReduce(double bytes, int ranks)
    {
        if (ranks <= 1) return 0;
        if (ranks <= PerNode) return Flat(bytes, ranks, Inside);
        if (PerNode == 1) return Flat(bytes, ranks, Between);
        var nodes = (ranks + PerNode - 1) / PerNode;
        return (2 * HalfRing(bytes, PerNode, Inside)) + Flat(bytes / PerNode, nodes, Between);
    }

    double Flat(double bytes, int ranks, Link link)
    {
        var ring = 2 * HalfRing(bytes, ranks, link);
        return Trees ? Math.Min(ring, Tree(bytes, ranks, link)) : ring;
    }

    /// <summary>A scatter of sums, or a gather.</summary>
    static double HalfRing(double bytes, int ranks, Link link) => (ranks - 1) * link.Time(bytes / ranks);

    /// <summary>Up and down a binary tree, in pieces that follow each other closely.</summary>
    static double Tree(double bytes, int ranks, Link link) => 2 * ((Math.Ceiling(Math.Log2(ranks)) * link.Latency) + (bytes / link.Bandwidth));
}
