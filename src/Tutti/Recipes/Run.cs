using Tutti.Distributed;
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
    static readonly RecipeTask[] Answers = [RecipeTask.MultiLabel, RecipeTask.TextRegression, RecipeTask.MultiTarget, RecipeTask.ImageMultiTarget];

    readonly RunFolder files = new(folder);

    /// <summary>Where models that are named on the hub come from; null: as the environment says.</summary>
    public HubSettings? Hub { get; init; }

    /// <summary>The processes that train the cells, together or each some of them, where there are several: rank 0 calls <see cref="Train"/> or <see cref="TrainAnswers"/>, the others <see cref="Follow"/>. Null: one process.</summary>
    public Ranks? Ranks { get; init; }

    /// <summary>How cells are trained: in this process or others, how many at a time, which part of them.</summary>
    public GridOptions Grid { get; init; } = new();

    /// <summary>Trains every missing cell, blends, evaluates and writes the results.</summary>
    /// <exception cref="InputException">Something the user can mend; a folder that was not there before is gone again unless cells are finished.</exception>
    /// <exception cref="HubException">A model cannot be fetched from the hub.</exception>
    /// <exception cref="IncompleteRunException">Cells failed, belong to another part or had no time: there are no results. Finished cells are kept.</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the state of the one in training.</exception>
    public RunResult Train(IProgress<RunNews>? news = null, CancellationToken cancel = default) =>
        Story([RecipeTask.TextClassification, RecipeTask.ImageClassification], (data, cells, on, reused, told) => new RunResults(recipe, files, data, cells) { Device = on, News = news }.Finish() with
        { Corrections = CorrectionOutcome.Of(recipe, files, data, cells.Length, reused, told) }, result => ("accuracy", result.Summary.Scores[0].Score.Value), news, cancel);

    /// <summary>The same for labels, numbers or several targets: tasks multi-label, text-regression and multi-target. Errors as <see cref="Train"/>.</summary>
    public AnswersResult TrainAnswers(IProgress<RunNews>? news = null, CancellationToken cancel = default) =>
        Story(Answers, (data, cells, _, _, _) => new AnswerResults(recipe, files, data, cells).Finish(), result => ("loss", result.Leaderboard.Sorted[0].Loss.Value), news, cancel);

    TResult Story<TResult>(RecipeTask[] tasks, Func<RunData, Cell[], Device, int, IProgress<RunNews>, TResult> finish, Func<TResult, (string Name, object? Value)> headline, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var begun = Grid.Clock.GetTimestamp();
        Grid.Check(Ranks);
        using var memory = Memory(tasks);
        Teachers.RefuseOwn(recipe, files);
        var (data, members, cells, training) = Open(memory, recipe.Members, news, cancel);
        if (recipe.SeesPictures) CheckPictures(data, news, cancel);
        data.Corrected?.RefuseOwn(files);
        CheckSample(data);
        RunStart.CheckOthers(files, recipe, data.Train.ContentHash, data.Test?.ContentHash);
        foreach (var cell in cells) cell.CheckResume(recipe.Checkpoint);

        using var start = new RunStart(files);
        try
        {
            start.Write(recipe, data, memory.Device, cells.Length, [.. members.SelectMany(member => member.Facts()), .. data.Corrected?.Facts() ?? []]);
            var told = new RecordedNews(start.Events, news);
            news?.Report(new DataNews(recipe.Data.Train, data.Summary(), [.. Enumerable.Range(0, data.Folds.Count).Select(fold => data.Folds.Valid(fold).Length)], data.Test?.Count ?? 0) { Pictures = data.Pictures });
            foreach (var line in data.Answers?.Lines() ?? []) news?.Report(new NoteNews(line));
            if (data.Taught is { } taught)
                using (FileLock.Wait(files.Lock("teacher"), cancel: cancel)) taught.Prepare(files, data, news, cancel);
            var reused = ReusedCells.Of(recipe, files, data, members, cells, told, cancel).Length;
            var complete = Recipes.Grid.Train(recipe, files, cells, training, Grid, memory, start.Events, news, begun, cancel);
            using var turn = FileLock.Wait(files.Lock("results"), cancel: cancel);
            new RunViews(files, data, training.Viewed, complete, memory, news).Finish(cancel);
            var result = finish(data, complete, memory.Device, reused, told);
            start.Events.Write("finished", headline(result));
            new RunReport(recipe, files, data, memory.Device).Write(files.Report, cancel: cancel);
            return result;
        }
        catch (InputException)
        {
            start.TakeBack();
            throw;
        }
    }

    /// <summary>Trains one cell of a run that another process began and that waits for this one; writes nothing but the cell's folder.</summary>
    /// <param name="name">The cell's, such as "deep seed 1 fold 0".</param>
    /// <exception cref="ConfigException">There is no such cell.</exception>
    /// <exception cref="TrainingException">Its numbers broke.</exception>
    /// <exception cref="RunMemoryException">It does not fit into the recipe's memory.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; its state is saved.</exception>
    public void TrainCell(string name, IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        using var memory = Memory([RecipeTask.TextClassification, RecipeTask.ImageClassification, .. Answers]);
        var (_, _, cells, training) = Open(memory, [.. recipe.Members.Where(member => name.StartsWith(member.Name + " ", StringComparison.Ordinal))], null, cancel);
        training.TrainAlone(files, cells, name, news, cancel);
    }

    /// <summary>What a process does that is not rank 0: its part of every cell that rank 0 trains, of which it writes nothing; or cells of its own, whose folders it writes.</summary>
    /// <param name="cancel">Asks all processes to end after the update in progress.</param>
    /// <returns>What rank 0 said at the end: "done", or "interrupted".</returns>
    /// <exception cref="InputException">Recipe or data are not those of rank 0, or cannot be used.</exception>
    /// <exception cref="RankLostException">Another process is gone.</exception>
    public string Follow(CancellationToken cancel = default) => FollowCells(cancel).Word;

    /// <summary>The same; what rank 0 said that concerns more than this run's cells.</summary>
    internal CellOrders FollowCells(CancellationToken cancel)
    {
        var begun = Grid.Clock.GetTimestamp();
        using var memory = Memory([RecipeTask.TextClassification, RecipeTask.ImageClassification, .. Answers]);
        var (_, _, cells, training) = Open(memory, recipe.Members, null, CancellationToken.None);
        return RankedCells.Follow(recipe, files, cells, training, memory, begun, cancel);
    }

    /// <summary>Rank 0 tells the processes that follow it how it ended.</summary>
    /// <param name="word">"done", "interrupted" or "failed".</param>
    public static void Dismiss(Ranks ranks, string word) => CellOrders.End(ranks, word);

    MemoryBudget Memory(RecipeTask[] tasks)
    {
        recipe.Check();
        if (!tasks.Contains(recipe.Task)) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, expected {string.Join(" or ", tasks.Select(RecipeJson.Name))}; Run.Train, Run.TrainAnswers, LanguageRun.Train and UlmfitRun.Train are for different tasks");
        return new(recipe.Memory, device ?? recipe.Device.Resolve(Ranks), Ranks?.OnThisMachine ?? 1) { OfPictures = recipe.SeesPictures };
    }

    (RunData Data, OpenMember[] Members, Cell[] Cells, CellTraining Training) Open(MemoryBudget memory, IReadOnlyList<MemberConfig> some, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var data = RunData.Open(recipe);
        if (recipe.SeesPictures)
        {
            var seeing = PictureMember.All(recipe with { Members = some }, data, memory);
            return (data, [], PictureCells.Of(recipe, files, data, seeing), new PictureCells(recipe, data, seeing, memory) { Ranks = Ranks });
        }
        var members = OpenMember.All(recipe with { Members = some }, data, memory, Hub, news, cancel);
        return (data, members, RunCells.Of(recipe, files, data, members), new RunCells(recipe, data, members, memory) { Ranks = Ranks });
    }

    /// <summary>Finds pictures that cannot be read before anything is trained, and tells which were left out.</summary>
    void CheckPictures(RunData data, IProgress<RunNews>? news, CancellationToken cancel)
    {
        foreach (var one in data.Skipped) news?.Report(new NoteNews($"left out: {one.What}"));
        if (recipe.Data.Errors != Vision.PictureErrors.Skip) PictureTable.CheckFiles(data.Train, recipe.Data, cancel);
        if (data.Test is not null) PictureTable.CheckFiles(data.Test, recipe.Data, cancel);
    }

    void CheckSample(RunData data)
    {
        if (recipe.Submission is null || recipe.SampleFile is not { } sample) return;
        var id = recipe.Data.Id ?? "id";
        if (data.Answers is { } known)
        {
            AnswerSubmission.Check(sample, data.TestIds, known.Answers, id, recipe.Data.Separator is { } separator ? new(recipe.Data.Label!, separator) : null);
            return;
        }
        var uniform = new PredictionSet(data.TestIds, data.Labels.Names, [.. Enumerable.Repeat(1.0 / data.Labels.Count, data.TestIds.Count * data.Labels.Count)]);
        Submission.Check(sample, uniform, id);
    }
}
