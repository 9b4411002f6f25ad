using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// What a recurrent model carries from one piece of its streams to the next: values without gradients, by stream. An update reads the states that the update before it
/// left (<see cref="Of"/>) and leaves its own (<see cref="Keep"/>), which are read after <see cref="Advance"/>; so an update may be cut into micro-batches in any way, and computed
/// again where memory ended.
/// </summary>
/// <param name="streams">Their number; a batch names its streams 0, 1 ... in place of examples. Others begin with zeros.</param>
public sealed class CarriedState(int streams) : IDisposable
{
    readonly SortedDictionary<string, Tensor> now = new(StringComparer.Ordinal), next = new(StringComparer.Ordinal);

    /// <summary>All states by name, "now NAME" and "next NAME", (streams, C) each: to be saved, and put back by <see cref="Restore"/>.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State =>
        now.Select(item => KeyValuePair.Create("now " + item.Key, item.Value)).Concat(next.Select(item => KeyValuePair.Create("next " + item.Key, item.Value)));

    /// <summary>The states (n, C) of some streams at the beginning of this update; zeros where there are none.</summary>
    /// <param name="name">Of the state, such as that of a layer.</param>
    /// <param name="ids">The streams, on the host.</param>
    /// <param name="channels">C.</param>
    public Tensor Of(string name, IReadOnlyList<long> ids, int channels, Device device, DType dtype)
    {
        var zeros = Tensor.Zeros([ids.Count, channels], dtype, device);
        if (!now.TryGetValue(name, out var states)) return zeros;
        long[] rows = [.. Enumerable.Range(0, ids.Count).Where(i => ids[i] < streams).Select(i => (long)i)];
        if (rows.Length == 0) return zeros;
        var known = states.IndexSelect(0, Tensor.From<long>([.. rows.Select(i => ids[(int)i])], [rows.Length], device));
        return rows.Length == ids.Count ? known : zeros.IndexCopy(0, Tensor.From<long>(rows, [rows.Length], device), known);
    }

    /// <summary>Leaves states (n, C) for the next update.</summary>
    public void Keep(string name, IReadOnlyList<long> ids, Tensor states)
    {
        using var mode = Modes.NoGrad();
        using var scope = new Scope();
        long[] rows = [.. Enumerable.Range(0, ids.Count).Where(i => ids[i] < streams).Select(i => (long)i)];
        if (rows.Length == 0) return;
        if (!next.TryGetValue(name, out var kept)) kept = next[name] = Tensor.Zeros([streams, states.Size(1)], states.DType, states.Device).Owned();
        var values = states.Detach();
        if (rows.Length < ids.Count) values = values.IndexSelect(0, Tensor.From<long>(rows, [rows.Length], states.Device));
        kept.CopyFrom(kept.IndexCopy(0, Tensor.From<long>([.. rows.Select(i => ids[(int)i])], [rows.Length], states.Device), values));
    }

    /// <summary>The update is done: what it left is what the next one reads.</summary>
    public void Advance()
    {
        using var mode = Modes.NoGrad();
        foreach (var (name, states) in next)
        {
            if (now.TryGetValue(name, out var old)) old.CopyFrom(states);
            else now[name] = states.Clone().Owned();
        }
    }

    /// <summary>All streams begin anew.</summary>
    public void Reset()
    {
        foreach (var states in now.Values.Concat(next.Values)) states.Dispose();
        now.Clear();
        next.Clear();
    }

    /// <summary>Puts a saved state back.</summary>
    /// <param name="name">As in <see cref="State"/>.</param>
    /// <param name="states">(streams, C); copied.</param>
    public void Restore(string name, Tensor states)
    {
        var (which, key) = name.StartsWith("now ", StringComparison.Ordinal) ? (now, name["now ".Length..]) : (next, name["next ".Length..]);
        if (which.Remove(key, out var old)) old.Dispose();
        using var mode = Modes.NoGrad();
        which[key] = states.Clone().Owned();
    }

    public void Dispose() => Reset();
}
