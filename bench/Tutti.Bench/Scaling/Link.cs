namespace Tutti.Bench.Scaling;

/// <summary>What joins two ranks: a message of n bytes takes <c>Latency + n / Bandwidth</c> (the alpha-beta model).</summary>
/// <param name="Name">As in tables.</param>
/// <param name="Latency">Seconds before the first byte.</param>
/// <param name="Bandwidth">Bytes a second, one way.</param>
sealed record Link(string Name, double Latency, double Bandwidth)
{
    /// <summary>Seconds of one message.</summary>
    public double Time(double bytes) => Latency + (bytes / Bandwidth);
}
