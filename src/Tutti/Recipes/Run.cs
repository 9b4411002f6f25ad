using Tutti.Hub;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The story of a run, from file to submission: open and check everything; show the data; train every missing cell; blend; evaluate; write
/// leaderboard, submission and report. Repeating a run trains only what is missing or changed.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="folder">The run folder; created when everything has been checked.</param>
/// <param name="device">Where to train; null: where the recipe says.</param>
public sealed class Run(Recipe recipe, string folder, Device? device = null)
{
    readonly RunFolder files = new(folder);

    /// <summary>Where models that are named on the hub come from; null: as the environment says.</summary>
    public HubSettings? Hub { get; init; }

    /// <summary>Trains every missing cell, blends, evaluates and writes the results.</summary>
    /// <exception cref="InputException">Something the user can mend; a folder that was not there before is gone again unless cells are finished.</exception>
    /// <exception cref="HubException">A model cannot be fetched from the hub.</exception>
    /// <exception cref="TrainingException">The numbers of a cell broke.</exception>
    /// <exception cref="RunMemoryException">A cell does not fit into the recipe's memory.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the state of the one in training.</exception>
    public RunResult Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        recipe.Check();
        if (recipe.Task != RecipeTask.TextClassification) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, which LanguageRun trains");
        using var memory = new MemoryBudget(recipe.Memory, device ?? recipe.Device.Resolve());
        var data = RunData.Open(recipe);
        var members = OpenMember.All(recipe, data, memory, Hub, news, cancel);
        CheckSample(data);
        var cells = RunCells.Of(recipe, files, data, members);
        foreach (var cell in cells) cell.CheckResume(recipe.Checkpoint);

        using var start = new RunStart(files);
        try
        {
            start.Write(recipe, data, memory.Device, cells.Length, [.. members.SelectMany(member => member.Facts())]);
            news?.Report(new DataNews(recipe.Data.Train, data.Summary(), [.. Enumerable.Range(0, data.Folds.Count).Select(fold => data.Folds.Valid(fold).Length)], data.Test?.Count ?? 0));
            new RunCells(recipe, data, members, cells, memory, start.Events, new RecordedNews(start.Events, news)).Train(cancel);
            var result = new RunResults(recipe, files, data, cells).Finish();
            start.Events.Write("finished", ("accuracy", result.Summary.Scores[0].Score.Value));
            new RunReport(recipe, files, data, memory.Device).Write(files.Report, cancel: cancel);
            return result;
        }
        catch (InputException)
        {
            start.TakeBack();
            throw;
        }
    }

    void CheckSample(RunData data)
    {
        if (recipe.Submission is null || recipe.SampleFile is not { } sample) return;
        var uniform = new PredictionSet(data.TestIds, data.Labels.Names, [.. Enumerable.Repeat(1.0 / data.Labels.Count, data.TestIds.Count * data.Labels.Count)]);
        Submission.Check(sample, uniform, recipe.Data.Id ?? "id");
    }
}
