using Tutti.Torch;

namespace Tutti.Training;

/// <summary>Which examples form which update, and how an update is cut into micro-batches. Pure functions of the seed: nothing is drawn twice.</summary>
public static class Batches
{
    /// <summary>Batches whose examples are sorted by length together before they are dealt, so that one batch holds similar lengths.</summary>
    const int Bucket = 8;

    /// <summary>
    /// The updates of one epoch: every example once, `batch` per update (the last may be shorter). Length-bucketed shuffling: the epoch's order
    /// is shuffled, runs of eight batches of texts are sorted by length and cut, and the batches are shuffled again; the short one comes last.
    /// </summary>
    public static IReadOnlyList<Example[]> Epoch(IReadOnlyList<Example> examples, int batch, long seed, int epoch)
    {
        var order = examples.ToArray();
        RandomStream.Of(seed, "shuffle", epoch).Shuffle(order.AsSpan());
        var whole = order.Length / batch;
        for (var start = 0; start < whole * batch; start += Bucket * batch)
        {
            var run = order.AsSpan(start, Math.Min(Bucket * batch, (whole * batch) - start));
            if (run[0].Picture is null) run.Sort((a, b) => a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.Row.CompareTo(b.Row));
        }
        var updates = order.Take(whole * batch).Chunk(batch).ToArray();
        RandomStream.Of(seed, "shuffle batches", epoch).Shuffle(updates.AsSpan());
        return whole * batch == order.Length ? updates : [.. updates, order[(whole * batch)..]];
    }

    /// <summary>
    /// Cuts examples into micro-batches, the longest first, so that memory peaks at once. Every example is in exactly one. Each text counts as long as
    /// the longest of its micro-batch, which is what attention computes where it pads; one example that is longer stands alone.
    /// </summary>
    public static IReadOnlyList<Example[]> Micro(IReadOnlyList<Example> examples, int tokens)
    {
        var sorted = Sorted(examples);
        var parts = new List<Example[]>();
        for (var start = 0; start < sorted.Length; start += parts[^1].Length) parts.Add(Next(sorted.AsSpan(start), tokens));
        return parts;
    }

    /// <summary>The order in which an update's examples are computed: the longest first.</summary>
    public static Example[] Sorted(IReadOnlyList<Example> examples) => [.. examples.OrderByDescending(example => example.Length).ThenBy(example => example.Row)];

    /// <summary>The first micro-batch of sorted examples; a fit that goes on in the middle of an update cuts the rest as it would have been cut.</summary>
    public static Example[] Next(ReadOnlySpan<Example> sorted, int tokens) => sorted[..Math.Clamp(tokens / sorted[0].Length, 1, sorted.Length)].ToArray();
}
