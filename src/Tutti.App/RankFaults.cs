using Tutti.Recipes;

namespace Tutti.App;

/// <summary>What keeps processes from training together, one line each.</summary>
static class RankFaults
{
    /// <param name="facts">Of those that came, in the order of their ranks.</param>
    /// <param name="size">How many there should be.</param>
    /// <param name="seconds">That were waited for them.</param>
    /// <param name="unreached">Of each rank, those that do not answer it, and why.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<RankFacts> facts, int size, double seconds, IReadOnlyDictionary<int, IReadOnlyList<Unreached>> unreached) =>
    [
        .. Enumerable.Range(0, size).Except(facts.Select(one => one.Rank)).Select(rank => FormattableString.Invariant($"rank {rank} did not come within {seconds:0} s: it was not started, or cannot reach MASTER_ADDR and MASTER_PORT")),
        .. facts.SelectMany(one => one.Faults.Select(fault => FormattableString.Invariant($"rank {one.Rank}: {fault}"))),
        .. facts.SelectMany(one => Connections(one, facts, unreached)),
        .. Others(facts, "Tutti", one => one.Tutti, "install one version on all"),
        .. Others(facts, "libtorch", one => one.Libtorch, "install one version on all"),
        .. Others(facts, "instructions of kernels", one => one.Kernels, "set TUTTI_SIMD=avx2 or TUTTI_SIMD=plain on all, or results come apart"),
        .. facts.Count == 0 ? [] : facts.Skip(1).SelectMany(one => Recipe(facts[0], one)),
    ];

    static IEnumerable<string> Connections(RankFacts to, IReadOnlyList<RankFacts> facts, IReadOnlyDictionary<int, IReadOnlyList<Unreached>> unreached)
    {
        var from = facts.Where(one => unreached.GetValueOrDefault(one.Rank)?.Any(other => other.Rank == to.Rank) == true).ToArray();
        if (from.Length == 0) yield break;
        var why = unreached[from[0].Rank].First(other => other.Rank == to.Rank).Why;
        yield return FormattableString.Invariant($"rank {to.Rank} cannot be reached at {to.Address} by {(from.Length == 1 ? "rank" : "ranks")} {string.Join(", ", from.Select(one => one.Rank))} ({why}): set GLOO_SOCKET_IFNAME on rank {to.Rank} to the interface that they share, or open its firewall");
    }

    /// <summary>Where not all say the same as rank 0.</summary>
    static IEnumerable<string> Others(IReadOnlyList<RankFacts> facts, string what, Func<RankFacts, string> of, string next) =>
        facts.Where(one => of(one) != of(facts[0])).GroupBy(of, StringComparer.Ordinal)
            .Select(group => FormattableString.Invariant($"{what}: {of(facts[0])} on rank {facts[0].Rank}, {group.Key} on {Ranks(group)}; {next}"));

    static string Ranks(IEnumerable<RankFacts> some) => some.ToArray() is var all && all.Length == 1 ? FormattableString.Invariant($"rank {all[0].Rank}") : $"ranks {string.Join(", ", all.Select(one => one.Rank))}";

    static IEnumerable<string> Recipe(RankFacts first, RankFacts other)
    {
        if (first.Recipe is null || other.Recipe is null) yield break;      // its own fault says why
        var differences = RecipeIdentity.Differences(first.Recipe, other.Recipe);
        if (differences.Count > 0) yield return FormattableString.Invariant($"rank {other.Rank} has another recipe or other data than rank {first.Rank}: {string.Join("; ", differences)}");
    }
}

/// <summary>A rank that does not answer.</summary>
sealed record Unreached(int Rank, string Why);
