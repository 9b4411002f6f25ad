using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run of pictures, members x seeds x folds: trained, and their test rows predicted.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="data">The rows.</param>
/// <param name="members">Members that were opened and checked.</param>
/// <param name="memory">What the recipe allows.</param>
sealed class PictureCells(Recipe recipe, RunData data, PictureMember[] members, MemoryBudget memory) : CellTraining
{
    /// <summary>All cells of a run, in the order of members, seeds and folds.</summary>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, PictureMember[] members) =>
        [.. members.SelectMany(member => Cell.Of(recipe, files, data, member.Member, member.Weights))];

    public override CellState State(Cell cell) => cell.State(data.Test?.ContentHash);

    public override void Train(Cell cell, int number, int of, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        if (State(cell) == CellState.OtherTest)
        {
            cell.PredictTest(member.Config, member.Device, data);
            news?.Report(new NoteNews($"{cell.Name} is trained; the test rows are others than before and were predicted again"));
            cell.Finished();
            return;
        }
        foreach (var note in member.Notes) news?.Report(new NoteNews($"{member.Name}: {note}"));
        var (train, test) = Rows(member, cell);
        var fit = FitOf(member, cell);
        if (Ranks is not null) CellOrders.Give(Ranks, cell, data.Test?.ContentHash);
        memory.Within(cell.Name, fit.Config, () => cell.Train(fit, data, train, test, recipe.Checkpoint, news, number, of, cancel, Ranks));
    }

    public override void Help(Cell cell, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        var (train, test) = Rows(member, cell);
        var fit = FitOf(member, cell);
        memory.Within(cell.Name, fit.Config, () =>
        {
            cell.Help(fit, data, train, test, Ranks!, cancel);
            return true;
        });
    }

    public override string? Test => data.Test?.ContentHash;

    public override string? NotShared(string member)
    {
        var open = Member(member);
        using var model = open.Build(data.Outputs, 0, out _, Torch.Device.Meta);
        return SharedFit.Hindrance(model, open.Config, streams: 0)?.Message.Split('\n')[0];
    }

    public override UpdateTrial Try(Cell cell, Distributed.Ranks? with, int updates, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        var fit = FitOf(member, cell);
        return memory.Within(cell.Name, fit.Config, () => cell.Try(fit, data, Rows(member, cell).Train, with, updates, cancel));
    }

    (Example[] Train, Example[]? Test) Rows(PictureMember member, Cell cell) =>
        (member.Way.Examples(PictureTable.Items(data.Train, recipe.Data), data.Answers is null ? data.Truth : null, cell.Seed), data.Test is null ? null : member.Way.Examples(PictureTable.Items(data.Test, recipe.Data)));

    CellFit FitOf(PictureMember member, Cell cell) =>
        new(member.Config, member.Device, null, () => member.Build(data.Outputs, cell.Seed, out _), (_, labelled) => labelled) { Objective = weights => member.Mixed(weights, data.Labels.Count, cell.Seed) };

    public override long PredictedPeak(string member, CancellationToken cancel)
    {
        var open = Member(member);
        var all = open.Way.Examples(PictureTable.Items(data.Train, recipe.Data), data.Answers is null ? data.Truth : null);
        var rows = data.Known(data.Folds.Train(0).Select(row => all[row]));
        return memory.Within(member, open.Config, () =>
        {
            using var model = open.Build(data.Outputs, open.Member.Seeds[0], out _);
            cancel.ThrowIfCancellationRequested();
            var answers = data.Answers;
            var objective = answers is null ? open.Mixed(null, data.Labels.Count, open.Member.Seeds[0]) : Objective.Of(answers.Answers, open.Config, answers.Losses, model);
            return MemoryBudget.PredictedPeak(model, open.Config, open.Member.Seeds[0], rows, objective);
        });
    }

    public override double Work(string member) => Member(member).Work;

    public override IReadOnlyList<ViewedMember> Viewed => [.. members.Select(member => new ViewedMember(member.Name, recipe.TestTimeOf(member.Member), member.Config, member.Device, table =>
    {
        var items = PictureTable.Items(table, recipe.Data);
        var rows = member.Way.Examples(items);
        var views = new PictureViews(member.Way, recipe.TestTimeOf(member.Member)).Of(items, rows);
        return new(rows, part => Views.Attach(part, views, _ => false));
    }))];

    PictureMember Member(string name) => members.First(member => member.Name == name);
}
