using Tutti.Models;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run of pictures.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="data">The rows.</param>
/// <param name="members">Members that were opened and checked.</param>
/// <param name="memory">What the recipe allows.</param>
sealed class PictureCells(Recipe recipe, RunData data, PictureMember[] members, MemoryBudget memory) : LabelledCells(recipe, data, memory)
{
    /// <summary>All cells of a run, in the order of members, seeds and folds.</summary>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, PictureMember[] members) =>
        [.. members.SelectMany(member => Cell.Of(recipe, files, data, member.Member, member.Weights))];

    protected override (TrainConfig Config, Device Device) Settings(string member) => Member(member) is var one ? (one.Config, one.Device) : default;

    protected override (CellFit Fit, IReadOnlyList<Example> Train, IReadOnlyList<Example>? Test) Ready(Cell cell, IProgress<RunNews>? news)
    {
        var member = Member(cell.Member);
        foreach (var note in member.Notes) news?.Report(new NoteNews($"{member.Name}: {note}"));
        var fit = new CellFit(member.Config, member.Device, null, () => member.Build(Data.Outputs, cell.Seed, out _), (_, labelled) => labelled) { Objective = weights => member.Mixed(weights, Data.Labels.Count, cell.Seed) };
        return (fit, Rows(member, cell.Seed), Data.Test is null ? null : member.Way.Examples(PictureTable.Items(Data.Test, Recipe.Data)));
    }

    protected override Network Shapes(string member) => Member(member).Build(Data.Outputs, 0, out _, Device.Meta);

    Example[] Rows(PictureMember member, int seed) => member.Way.Examples(PictureTable.Items(Data.Train, Recipe.Data), Data.Answers is null ? Data.Truth : null, seed);

    public override long PredictedPeak(string member, CancellationToken cancel)
    {
        var (open, seed) = (Member(member), Member(member).Member.Seeds[0]);
        var all = Rows(open, seed);
        var rows = Data.Known(Data.Folds.Train(0).Select(row => all[row]));
        return Memory.Within(member, open.Config, () =>
        {
            using var model = open.Build(Data.Outputs, seed, out _);
            cancel.ThrowIfCancellationRequested();
            return MemoryBudget.PredictedPeak(model, open.Config, seed, rows, CellObjective.Of(Data, open.Config, rows, model, weights => open.Mixed(weights, Data.Labels.Count, seed)));
        });
    }

    public override double Work(string member) => Member(member).Work;

    public override IReadOnlyList<ViewedMember> Viewed => [.. members.Select(member => new ViewedMember(member.Name, Recipe.TestTimeOf(member.Member), member.Config, member.Device, table =>
    {
        var items = PictureTable.Items(table, Recipe.Data);
        var rows = member.Way.Examples(items);
        var views = new PictureViews(member.Way, Recipe.TestTimeOf(member.Member)).Of(items, rows);
        return new(rows, part => Views.Attach(part, views, _ => false));
    }))];

    PictureMember Member(string name) => members.First(member => member.Name == name);
}
