using Tutti.Torch;

namespace Tutti.Training;

/// <summary>Which examples form which update, and how an update is cut into micro-batches. Pure functions of the seed: nothing is drawn twice.</summary>
public static class Batches
{
    /// <summary>Batches whose examples are sorted by length together before they are dealt, so that one batch holds similar lengths.</summary>
    const int Bucket = 8;

    /// <summary>
    /// The updates of one epoch: every example once, `batch` per update (the last may be shorter). Length-bucketed shuffling: the epoch's order
    /// is shuffled, runs of eight batches are sorted by length and cut, and the batches are shuffled again; the short one comes last.
    /// </summary>
    public static IReadOnlyList<Example[]> Epoch(IReadOnlyList<Example> examples, int batch, long seed, int epoch)
    {
        var order = examples.ToArray();
        RandomStream.Of(seed, "shuffle", epoch).Shuffle(order.AsSpan());
        var whole = order.Length / batch;
        for (var start = 0; start < whole * batch; start += Bucket * batch)
        {
            var run = order.AsSpan(start, Math.Min(Bucket * batch, (whole * batch) - start));
            run.Sort((a, b) => a.Ids.Length != b.Ids.Length ? a.Ids.Length.CompareTo(b.Ids.Length) : a.Row.CompareTo(b.Row));
        }
        var updates = order.Take(whole * batch).Chunk(batch).ToArray();
        RandomStream.Of(seed, "shuffle batches", epoch).Shuffle(updates.AsSpan());
        return whole * batch == order.Length ? updates : [.. updates, order[(whole * batch)..]];
    }

    /// <summary>
    /// Cuts examples into micro-batches of at most <paramref name="tokens"/> tokens (one longer example alone), the longest first, so that memory peaks
    /// at once. Every example is in exactly one.
    /// </summary>
    public static IReadOnlyList<Example[]> Micro(IReadOnlyList<Example> examples, int tokens)
    {
        var sorted = examples.OrderByDescending(example => example.Ids.Length).ThenBy(example => example.Row).ToArray();
        var parts = new List<Example[]>();
        for (int start = 0, used = 0, i = 0; i <= sorted.Length; i++)
        {
            if (i == sorted.Length || (i > start && used + sorted[i].Ids.Length > tokens))
            {
                if (i > start) parts.Add(sorted[start..i]);
                (start, used) = (i, 0);
            }
            if (i < sorted.Length) used += sorted[i].Ids.Length;
        }
        return parts;
    }
}
