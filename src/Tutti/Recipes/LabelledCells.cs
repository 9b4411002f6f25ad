using Tutti.Distributed;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run of classes or answers, members x seeds x folds: trained, and their test rows predicted, whatever the rows are.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="data">The rows.</param>
/// <param name="memory">What the recipe allows.</param>
abstract class LabelledCells(Recipe recipe, RunData data, MemoryBudget memory) : CellTraining
{
    protected Recipe Recipe { get; } = recipe;
    protected RunData Data { get; } = data;
    protected MemoryBudget Memory { get; } = memory;

    public sealed override string? Test => Data.Test?.ContentHash;

    public sealed override CellState State(Cell cell) => cell.State(Test);

    public sealed override string? NotShared(string member)
    {
        using var model = Shapes(member);
        return SharedFit.Hindrance(model, Settings(member).Config, streams: 0)?.Message.Split('\n')[0];
    }

    public sealed override UpdateTrial Try(Cell cell, Ranks? with, int updates, CancellationToken cancel)
    {
        var (fit, train, _) = Ready(cell, null);
        return Memory.Within(cell.Name, fit.Config, () => cell.Try(fit, Data, train, with, updates, cancel));
    }

    public sealed override void Train(Cell cell, int number, int of, IProgress<RunNews>? news, CancellationToken cancel)
    {
        if (State(cell) == CellState.OtherTest)
        {
            var (config, device) = Settings(cell.Member);
            cell.PredictTest(config, device, Data);
            news?.Report(new NoteNews($"{cell.Name} is trained; the test rows are others than before and were predicted again"));
            cell.Finished();
            return;
        }
        var (fit, train, test) = Ready(cell, news);
        if (Ranks is not null) CellOrders.Give(Ranks, cell, Test);
        Memory.Within(cell.Name, fit.Config, () => cell.Train(fit, Data, train, test, Recipe.Checkpoint, news, number, of, cancel, Ranks));
    }

    public sealed override void Help(Cell cell, CancellationToken cancel)
    {
        var (fit, train, test) = Ready(cell, null);
        Memory.Within(cell.Name, fit.Config, () =>
        {
            cell.Help(fit, Data, train, test, Ranks!, cancel);
            return true;
        });
    }

    /// <summary>A member's settings, and where it is trained.</summary>
    protected abstract (TrainConfig Config, Device Device) Settings(string member);

    /// <summary>A member's network without its numbers.</summary>
    protected abstract Network Shapes(string member);

    /// <summary>What a cell trains with, all rows of the training file and those to predict; says what should be known of them.</summary>
    protected abstract (CellFit Fit, IReadOnlyList<Example> Train, IReadOnlyList<Example>? Test) Ready(Cell cell, IProgress<RunNews>? news);
}
