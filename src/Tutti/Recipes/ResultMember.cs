using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What goes into a run's blend and leaderboard under one name: a member, or the soup of its seeds.</summary>
/// <param name="Name">As tables and <c>blend.json</c> call it.</param>
/// <param name="OutOfFold">Training rows by models that did not see them.</param>
/// <param name="Test">Predicts the test rows.</param>
/// <param name="Folders">The models behind it.</param>
/// <param name="Seeds">Out-of-fold predictions of each seed alone; none for a soup.</param>
sealed record ResultMember(string Name, PredictionSet OutOfFold, Func<PredictionSet> Test, IReadOnlyList<CellFolder> Folders, IReadOnlyList<PredictionSet> Seeds)
{
    /// <summary>Of a soup, the cells whose weights are in it.</summary>
    public IReadOnlyList<CellFolder> Sources { get; init; } = [];

    /// <summary>What the ways in which its rows were seen brought; null where there is but the plain one.</summary>
    public SeenShare? Views { get; init; }

    /// <summary>A trained member.</summary>
    /// <param name="order">The ids of all training rows.</param>
    public static ResultMember Of(MemberPredictions member, IReadOnlyList<string> order)
    {
        var seeds = member.Cells.GroupBy(cell => cell.Seed).ToArray();
        return new(member.Name, member.OutOfFold(order), member.Test, [.. member.Cells.Select(cell => cell.Folder)],
            seeds.Length == 1 ? [] : [.. seeds.Select(cells => (member with { Cells = [.. cells] }).OutOfFold(order))])
        { Views = member.Share is { } share ? SeenShare.Of(share) : null };
    }
}
