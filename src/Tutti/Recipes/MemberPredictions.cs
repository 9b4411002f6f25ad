using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a member's finished cells predict together.</summary>
/// <param name="Name">The member.</param>
/// <param name="Cells">All of its cells: seeds x folds.</param>
sealed record MemberPredictions(string Name, IReadOnlyList<Cell> Cells)
{
    ViewShare? share;

    /// <summary>Every member of a run, in its order.</summary>
    public static MemberPredictions[] All(IEnumerable<Cell> cells) => [.. cells.GroupBy(cell => cell.Member).Select(member => new MemberPredictions(member.Key, [.. member]))];

    /// <summary>Training rows, each by cells that did not see it: folds joined, seeds averaged. Where rows were seen in several ways, with their share of those.</summary>
    /// <param name="order">The ids of all training rows; the result's rows stand in this order.</param>
    public PredictionSet OutOfFold(IReadOnlyList<string> order) => Share is { } mixed ? PredictionSet.Join([mixed.Predictions], order) : Joined(cell => cell.Predictions, order);

    /// <summary>Test rows: the mean of all cells, with the same share.</summary>
    public PredictionSet Test()
    {
        var plain = Mean(cell => cell.Test);
        return Share is { Weight: > 0 } mixed ? ViewShare.Mixed(plain, Mean(cell => cell.TestViews), _ => mixed.Weight) : plain;
    }

    /// <summary>What the ways in which rows were seen count for; null where there is but the plain one.</summary>
    public ViewShare? Share
    {
        get
        {
            if (share is not null || !Cells.All(cell => File.Exists(cell.Folder.ViewsRecord))) return share;
            // In the order of the folds, so that whoever asks fits the same sums.
            string[] order = [.. Cells.Where(cell => cell.Seed == Cells[0].Seed).SelectMany(cell => PredictionFile.Read(cell.Folder.Predictions).Ids)];
            return share = ViewShare.Fit(Joined(cell => cell.Predictions, order), Joined(cell => cell.Views, order));
        }
    }

    PredictionSet Joined(Func<CellFolder, string> file, IReadOnlyList<string> order) => Blend.Of(BlendKind.Mean,
        [.. Cells.GroupBy(cell => cell.Seed).Select((folds, i) => new BlendMember($"seed {i}", PredictionSet.Join([.. folds.Select(cell => PredictionFile.Read(file(cell.Folder)))], order)))]);

    PredictionSet Mean(Func<CellFolder, string> file) => Blend.Of(BlendKind.Mean, [.. Cells.Select(cell => new BlendMember(cell.Name, PredictionFile.Read(file(cell.Folder))))]);
}
