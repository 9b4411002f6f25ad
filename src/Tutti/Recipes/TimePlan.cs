using System.Globalization;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Keeps a run within its time. What a cell costs is measured: by finished cells of its member, else by the updates of one in training, else guessed from other members
/// by the work that a cell of each is. Where not all cells fit, the last seeds of all members are left out first, then the last members, so that folds stay together.
/// Thread-safe.
/// </summary>
sealed class TimePlan
{
    /// <summary>The share of the limit that is kept for the state of cells that are interrupted, and for the results, and the most that it comes to.</summary>
    const double Reserve = 0.1;
    static readonly TimeSpan mostReserve = TimeSpan.FromMinutes(2);

    /// <summary>Updates from which the rest of a cell is reckoned.</summary>
    const int FewestUpdates = 5;

    readonly Lock gate = new();
    readonly TimeProvider clock;
    readonly Duration limit;
    readonly long begun;
    readonly int jobs;
    readonly Cell[][] groups;
    readonly Func<string, double> work;
    readonly Dictionary<string, double> measured = [], reckoned = [];
    readonly Dictionary<string, (long Begun, long? First, long FirstAt)> running = [];

    /// <param name="limit">Of the whole command.</param>
    /// <param name="begun">When it began, a timestamp of the clock.</param>
    /// <param name="cells">In the order of members and seeds.</param>
    /// <param name="jobs">Cells that are trained at a time.</param>
    /// <param name="work">What a cell of a member is beside those of others.</param>
    /// <param name="clock">Null: the system's.</param>
    public TimePlan(Duration limit, long begun, IReadOnlyList<Cell> cells, int jobs, Func<string, double> work, TimeProvider? clock = null)
    {
        (this.limit, this.begun, this.jobs, this.work, this.clock) = (limit, begun, jobs, work, clock ?? TimeProvider.System);
        groups = [.. from member in cells.GroupBy(cell => cell.Member).Index()
            from seed in member.Item.GroupBy(cell => cell.Seed).Index()
            orderby seed.Index, member.Index
            select seed.Item.ToArray()];
    }

    /// <summary>The cells in the order in which they are worth having: the first seeds of all members, then the second.</summary>
    public IEnumerable<Cell> Order => groups.SelectMany(group => group);

    /// <summary>What cells may take of the limit.</summary>
    TimeSpan Usable => limit.Time - TimeSpan.FromTicks(Math.Min((long)(limit.Time.Ticks * Reserve), mostReserve.Ticks));

    /// <summary>Time until cells in training are interrupted; 0 when it is over.</summary>
    public TimeSpan Left => Usable - clock.GetElapsedTime(begun) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>A finished cell took so long.</summary>
    public void Measured(Cell cell, double seconds)
    {
        lock (gate)
        {
            running.Remove(cell.Name);
            measured[cell.Member] = Math.Max(seconds, measured.GetValueOrDefault(cell.Member));
        }
    }

    public void Begins(Cell cell)
    {
        lock (gate) running[cell.Name] = (clock.GetTimestamp(), null, 0);
    }

    /// <summary>A cell ended without being finished.</summary>
    public void Ends(Cell cell)
    {
        lock (gate) running.Remove(cell.Name);
    }

    /// <summary>A cell in training did an update, from which the time of its member's cells is reckoned until one is finished.</summary>
    public void Step(Cell cell, StepResult step)
    {
        lock (gate)
        {
            if (measured.ContainsKey(cell.Member) || !running.TryGetValue(cell.Name, out var at)) return;
            if (at.First is not { } first) running[cell.Name] = (at.Begun, step.Update, clock.GetTimestamp());
            else if (step.Update - first >= FewestUpdates)
                reckoned[cell.Member] = clock.GetElapsedTime(at.Begun, at.FirstAt).TotalSeconds + (clock.GetElapsedTime(at.FirstAt).TotalSeconds * step.Updates / (step.Update - first));
        }
    }

    /// <summary>Seconds that a cell of a member takes, as far as is known.</summary>
    public double? Expected(string member)
    {
        lock (gate)
        {
            if (measured.TryGetValue(member, out var seconds) || reckoned.TryGetValue(member, out seconds)) return seconds;
            var known = measured.Concat(reckoned.Where(pair => !measured.ContainsKey(pair.Key))).ToArray();
            return known.Length == 0 ? null : known.Max(pair => pair.Value * work(member) / work(pair.Key));
        }
    }

    /// <summary>Whether a cell may begin: its end is expected before time is over, or it has a state to go on from and will be interrupted with a newer one.</summary>
    public bool Allows(Cell cell, bool goesOn) => Left > TimeSpan.Zero && (goesOn || Expected(cell.Member) is not { } seconds || seconds <= Left.TotalSeconds);

    /// <summary>The cells that are not to begin, because with those before them time would be over.</summary>
    /// <param name="open">Cells that are neither finished nor in training.</param>
    public HashSet<Cell> LeftOut(IReadOnlyCollection<Cell> open)
    {
        var room = (jobs * Left.TotalSeconds) - RunningSeconds();
        HashSet<Cell> left = [];
        var kept = 0;
        foreach (var group in groups)
        {
            Cell[] missing = [.. group.Where(open.Contains)];
            if (missing.Length == 0) continue;
            var cost = missing.Sum(cell => Expected(cell.Member) ?? 0);
            // The first that are missing are begun in any case: what they come to stays for the next command.
            if (left.Count == 0 && (kept == 0 || cost <= room)) (kept, room) = (kept + 1, room - cost);
            else left.UnionWith(missing);
        }
        return left;
    }

    /// <summary>Refuses a limit in which no missing cell could be trained, by what its member's finished cells took.</summary>
    /// <exception cref="ConfigException">Says what a cell takes.</exception>
    public void Check(IReadOnlyCollection<Cell> missing)
    {
        if (missing.Count == 0 || !missing.All(cell => measured.ContainsKey(cell.Member))) return;
        var least = missing.MinBy(cell => measured[cell.Member])!;
        if (measured[least.Member] <= Usable.TotalSeconds) return;
        throw new ConfigException("limit", string.Create(CultureInfo.InvariantCulture,
            $"got {limit}, of which cells have {Usable.TotalSeconds:0.#} s, but a cell of {least.Member} takes about {measured[least.Member]:0.#} s, as finished ones did, and none that is missing takes less; raise the limit"));
    }

    /// <summary>What cells in training still take.</summary>
    double RunningSeconds()
    {
        lock (gate) return running.Sum(pair => Math.Max(0, (Expected(MemberOf(pair.Key)) ?? 0) - clock.GetElapsedTime(pair.Value.Begun).TotalSeconds));
    }

    string MemberOf(string cell) => Order.First(other => other.Name == cell).Member;
}
