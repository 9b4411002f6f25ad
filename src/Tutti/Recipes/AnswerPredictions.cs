using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a member's finished cells say together, where that is not one class per row; <see cref="MemberPredictions"/> is the same for that.</summary>
/// <param name="Name">The member.</param>
/// <param name="Cells">All of its cells: seeds x folds.</param>
/// <param name="Answers">What is said.</param>
sealed record AnswerPredictions(string Name, IReadOnlyList<Cell> Cells, IReadOnlyList<Answer> Answers)
{
    AnswerViewShare? share;

    /// <summary>Every member of a run, in its order.</summary>
    public static AnswerPredictions[] All(IEnumerable<Cell> cells, IReadOnlyList<Answer> answers) => [.. cells.GroupBy(cell => cell.Member).Select(member => new AnswerPredictions(member.Key, [.. member], answers))];

    /// <summary>Training rows, each by cells that did not see it: folds joined, seeds averaged. Where rows were seen in several ways, with their share of those.</summary>
    /// <param name="order">The ids of all training rows; the result's rows stand in this order.</param>
    public AnswerSet OutOfFold(IReadOnlyList<string> order) => Share is { } mixed ? AnswerSet.Join([mixed.Predictions], order) : Joined(cell => cell.Predictions, order);

    /// <summary>Test rows: the mean of all cells, with the same share.</summary>
    public AnswerSet Test()
    {
        var plain = Mean(cell => cell.Test);
        return Share is { Weight: > 0 } mixed ? AnswerViewShare.Mixed(plain, Mean(cell => cell.TestViews), _ => mixed.Weight) : plain;
    }

    /// <summary>What the ways in which rows were seen count for; null where there is but the plain one.</summary>
    public AnswerViewShare? Share
    {
        get
        {
            if (share is not null || !Cells.All(cell => File.Exists(cell.Folder.ViewsRecord))) return share;
            // In the order of the folds, so that whoever asks fits the same sums.
            string[] order = [.. Cells.Where(cell => cell.Seed == Cells[0].Seed).SelectMany(cell => Read(cell.Folder.Predictions).Ids)];
            return share = AnswerViewShare.Fit(Joined(cell => cell.Predictions, order), Joined(cell => cell.Views, order));
        }
    }

    AnswerSet Read(string path) => AnswerFile.Read(path, Answers);

    AnswerSet Joined(Func<CellFolder, string> file, IReadOnlyList<string> order) => AnswerBlend.Of(BlendKind.Mean,
        [.. Cells.GroupBy(cell => cell.Seed).Select(folds => AnswerSet.Join([.. folds.Select(cell => Read(file(cell.Folder)))], order))]);

    AnswerSet Mean(Func<CellFolder, string> file) => AnswerBlend.Of(BlendKind.Mean, [.. Cells.Select(cell => Read(file(cell.Folder)))]);
}
