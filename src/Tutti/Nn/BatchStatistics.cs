using System.Globalization;
using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// What batch norms have seen of the update in progress: mean and variance of every micro-batch, by the norm and the first example of the micro-batch, so that one which is computed again (with activations
/// recomputed, or in halves where memory ended) counts once. The running statistics take in the mean of an update's micro-batches, each weighted by its pictures, when the update is done.
/// </summary>
public sealed class BatchStatistics : IDisposable
{
    readonly Dictionary<string, Action<Tensor, Tensor>> norms = new(StringComparer.Ordinal);
    readonly SortedDictionary<string, SortedDictionary<long, Tensor>> seen = new(StringComparer.Ordinal);

    /// <summary>How a norm takes in the mean and variance of an update.</summary>
    internal void Register(string norm, Action<Tensor, Tensor> settle) => norms[norm] = settle;

    /// <summary>One micro-batch.</summary>
    /// <param name="norm">Its name.</param>
    /// <param name="first">Names its first example.</param>
    /// <param name="pictures">Their number.</param>
    /// <param name="mean">(C).</param>
    /// <param name="variance">(C), without bias.</param>
    internal void Keep(string norm, long first, long pictures, Tensor mean, Tensor variance)
    {
        using var none = Modes.NoGrad();
        if (!seen.TryGetValue(norm, out var parts)) parts = seen[norm] = [];
        if (parts.Remove(first, out var old)) old.Dispose();
        using var scope = new Scope();
        var count = Tensor.Empty([1], mean.DType, mean.Device);
        count.Fill(pictures);
        parts[first] = Tensor.Cat([count, mean.Detach(), variance.Detach()]).Owned();
    }

    /// <summary>The update is done: the running statistics take it in.</summary>
    public void Settle()
    {
        using var none = Modes.NoGrad();
        foreach (var (norm, parts) in seen)
        {
            using var scope = new Scope();
            var pictures = parts.Values.Select(part => part.Narrow(0, 0, 1)).Aggregate((a, b) => a + b);
            var sum = parts.Values.Select(part => part.Narrow(0, 1, part.Size(0) - 1) * (part.Narrow(0, 0, 1) / pictures)).Aggregate((a, b) => a + b).Chunk(2, 0);
            norms[norm](sum[0], sum[1]);
        }
        Clear();
    }

    /// <summary>Forgets what was seen: a new update begins, or none was meant.</summary>
    public void Clear()
    {
        foreach (var part in seen.Values.SelectMany(parts => parts.Values)) part.Dispose();
        seen.Clear();
    }

    /// <summary>What was seen, by name: to be saved in the middle of an update, and put back by <see cref="Restored"/>.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => seen.SelectMany(item => item.Value.Select(part => KeyValuePair.Create(FormattableString.Invariant($"{part.Key} {item.Key}"), part.Value)));

    /// <summary>Puts one saved part back; copied.</summary>
    public Tensor Restored(string name, Tensor part)
    {
        var space = name.IndexOf(' ', StringComparison.Ordinal);
        using var none = Modes.NoGrad();
        if (!seen.TryGetValue(name[(space + 1)..], out var parts)) parts = seen[name[(space + 1)..]] = [];
        return parts[long.Parse(name.AsSpan(0, space), CultureInfo.InvariantCulture)] = part.Clone().Owned();
    }

    public void Dispose() => Clear();
}
