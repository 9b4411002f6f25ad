namespace Tutti.Recipes;

/// <summary>
/// Lets cells share a device: what those in training are predicted to take at their peaks is at most what there is. A cell that needs more than the rest waits;
/// one that needs more than there is at all is trained alone. Thread-safe.
/// </summary>
/// <param name="limit">Bytes that may be in use.</param>
/// <param name="forecast">Bytes that cells of a member are predicted to take; asked once, and only for members without a measured cell.</param>
sealed class MemoryLease(long limit, Func<string, long> forecast)
{
    readonly Lock gate = new();
    readonly Dictionary<string, long> members = [];
    readonly Dictionary<string, long> held = [];

    /// <summary>Bytes that cells of a member take: the most that was measured, else what is predicted.</summary>
    public long Peak(string member)
    {
        lock (gate) return members.TryGetValue(member, out var known) ? known : members[member] = forecast(member);
    }

    /// <summary>What a finished cell of a member took.</summary>
    public void Measured(string member, long peak)
    {
        lock (gate) members[member] = Math.Max(peak, members.GetValueOrDefault(member));
    }

    /// <summary>Whether a cell may begin beside those that are in training.</summary>
    public bool Fits(string member)
    {
        lock (gate) return held.Count == 0 || held.Values.Sum() + Peak(member) <= limit;
    }

    /// <summary>A cell begins.</summary>
    public void Take(Cell cell)
    {
        lock (gate) held[cell.Name] = Peak(cell.Member);
    }

    /// <summary>A cell has planned itself, which is more exact than what its member was thought to take.</summary>
    public void Planned(string cell, long peak)
    {
        lock (gate)
            if (peak > 0 && held.ContainsKey(cell)) held[cell] = peak;
    }

    /// <summary>A cell ended, and its memory is back.</summary>
    public void Return(Cell cell)
    {
        lock (gate) held.Remove(cell.Name);
    }
}
