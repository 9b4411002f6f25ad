namespace Tutti.Recipes;

/// <summary>What an update of a member takes, in seconds.</summary>
/// <param name="Alone">By one process alone, while all others do the same.</param>
/// <param name="Shared">By all processes together.</param>
/// <param name="Sums">What of <paramref name="Shared"/> is left of summing gradients when the shares are computed.</param>
readonly record struct UpdateCost(double Alone, double Shared, double Sums);

/// <summary>Whether processes train whole cells each, or every update together: what is predicted to be done first, from measured costs.</summary>
/// <param name="Cells">Cells are spread; also where both are done at the same time.</param>
/// <param name="Apart">Seconds until the last process has trained its cells.</param>
/// <param name="Together">Seconds until all cells are trained with shared updates.</param>
/// <param name="Why">Both predictions and the choice, as one line.</param>
sealed record SpreadChoice(bool Cells, double Apart, double Together, string Why)
{
    /// <param name="ranks">Processes.</param>
    /// <param name="cells">Those that are to be trained: member, and updates that are left.</param>
    /// <param name="costs">Of every member.</param>
    public static SpreadChoice Of(int ranks, IReadOnlyList<(string Member, long Updates)> cells, IReadOnlyDictionary<string, UpdateCost> costs)
    {
        double[] alone = [.. cells.Select(cell => cell.Updates * costs[cell.Member].Alone)];
        var apart = CellDeal.Longest(alone, CellDeal.Of(alone, ranks));
        var together = cells.Sum(cell => cell.Updates * costs[cell.Member].Shared);
        var spread = apart <= together;
        string[] members = [.. cells.Select(cell => cell.Member).Distinct()];
        var updates = string.Join("; ", members.Select(member => Of(costs[member], members.Length == 1 ? "" : $"of {member} ")));
        return new(spread, apart, together, FormattableString.Invariant($"{ranks} ranks: {cells.Count} cells spread over ranks {Time(apart)}, every update shared {Time(together)} ({updates}): {(spread ? "cells are spread" : "every update is shared")}"));
    }

    static string Of(UpdateCost cost, string member) => $"an update {member}{Time(cost.Alone)} alone, {Time(cost.Shared)} shared of which {Time(cost.Sums)} sums";

    /// <summary>Two or three digits of a time.</summary>
    internal static string Time(double seconds) => seconds switch
    {
        < 0.0995 => FormattableString.Invariant($"{1000 * seconds:0.#} ms"),
        < 9.995 => FormattableString.Invariant($"{seconds:0.00} s"),
        < 119.5 => FormattableString.Invariant($"{seconds:0} s"),
        < 7170 => FormattableString.Invariant($"{seconds / 60:0} min"),
        _ => FormattableString.Invariant($"{seconds / 3600:0.0} h"),
    };
}
