using Tutti.Ensembling;
using Tutti.Predictions;

namespace Tutti.Recipes;

/// <summary>What a member's finished cells predict together.</summary>
/// <param name="Name">The member.</param>
/// <param name="Cells">All of its cells: seeds x folds.</param>
sealed record MemberPredictions(string Name, IReadOnlyList<Cell> Cells)
{
    /// <summary>Every member of a run, in its order.</summary>
    public static MemberPredictions[] All(IEnumerable<Cell> cells) => [.. cells.GroupBy(cell => cell.Member).Select(member => new MemberPredictions(member.Key, [.. member]))];

    /// <summary>Training rows, each by cells that did not see it: folds joined, seeds averaged.</summary>
    /// <param name="order">The ids of all training rows; the result's rows stand in this order.</param>
    public PredictionSet OutOfFold(IReadOnlyList<string> order) => Blend.Of(BlendKind.Mean,
        [.. Cells.GroupBy(cell => cell.Seed).Select((folds, i) => new BlendMember($"seed {i}", PredictionSet.Join([.. folds.Select(cell => PredictionFile.Read(cell.Folder.Predictions))], order)))]);

    /// <summary>Test rows: the mean of all cells.</summary>
    public PredictionSet Test() => Blend.Of(BlendKind.Mean, [.. Cells.Select(cell => new BlendMember(cell.Name, PredictionFile.Read(cell.Folder.Test)))]);
}
