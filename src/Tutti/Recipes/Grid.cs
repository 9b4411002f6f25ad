using System.Text.Json.Nodes;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Trains the cells of a run that are missing or changed: several at a time where their memory allows, each in a process of its own where there is a runner. Processes that
/// work on the same folder share the cells: each undertakes those that nobody has, and waits for those that others train. A cell that fails costs no other.
/// </summary>
/// <param name="files">The run folder.</param>
/// <param name="cells">All of the run.</param>
/// <param name="training">What is done with one.</param>
/// <param name="options">Processes, jobs, part.</param>
/// <param name="time">Null: no limit.</param>
/// <param name="memory">What the cells share.</param>
/// <param name="events">Where beginnings and ends are recorded.</param>
/// <param name="watcher">Who watches.</param>
/// <param name="share">The cells that are trained here, where several ranks train whole cells; null: all.</param>
sealed class Grid(RunFolder files, Cell[] cells, CellTraining training, GridOptions options, TimePlan? time, MemoryLease memory, EventLog events, IProgress<RunNews>? watcher, IReadOnlyCollection<Cell>? share = null) : IDisposable
{
    const int PauseMilliseconds = 100;

    readonly RecordedNews news = new(events, watcher);
    readonly List<RunningCell> running = [];
    readonly HashSet<Cell> finished = [], tried = [];
    readonly Dictionary<Cell, string> failed = [];
    readonly SemaphoreSlim ended = new(0);
    string saidLeftOut = "", saidWaiting = "";
    bool others;                                              // have cells that are open here

    IEnumerable<Cell> Mine => (time?.Order ?? cells).Where(cell => share?.Contains(cell) ?? true).Where(cell => options.Shard is not { } shard || shard.Has(Array.IndexOf(cells, cell)));

    /// <summary>Cells that are neither finished nor failed nor in training here.</summary>
    Cell[] Open => [.. Mine.Where(cell => !finished.Contains(cell) && !tried.Contains(cell))];

    /// <summary>Trains the cells of a recipe.</summary>
    /// <param name="begun">When the command began, for its limit; a timestamp of the options' clock.</param>
    /// <inheritdoc cref="Train(CancellationToken)"/>
    public static Cell[] Train(Recipe recipe, RunFolder files, Cell[] cells, CellTraining training, GridOptions options, MemoryBudget memory, EventLog events, IProgress<RunNews>? watcher, long begun, CancellationToken cancel)
    {
        var ranks = training.Ranks;
        if (ranks is null || new RankedCells(ranks, files, cells, training, new RecordedNews(events, watcher)).Divide(cancel) is not { } deal)
        {
            using var all = Of(recipe, files, cells, null, training, options, memory, events, watcher, begun, cancel);
            return all.Train(cancel);
        }
        training.Ranks = null;                                // each cell is this process's alone
        using var grid = Of(recipe, files, cells, deal[0], training, options, memory, events, watcher, begun, cancel);
        using var apart = ranks.Apart(grid.Told, cancel);
        grid.TrainOpen(apart.Stop);
        foreach (var (rank, said) in apart.End("{}").Index())
            foreach (var (name, reason) in JsonNode.Parse(said)!.AsObject())
                grid.failed[cells.First(cell => cell.Name == name)] = FormattableString.Invariant($"rank {rank}: {reason}");
        grid.finished.UnionWith(deal.Skip(1).SelectMany(others => others).Where(cell => training.State(cell) == CellState.Finished));
        if (apart.Stop.IsCancellationRequested) throw new OperationCanceledException("the processes that train together were asked to end", cancel);
        return grid.Complete();
    }

    /// <summary>The cells of a rank that is not the first, which tells the others what became of them. Writes their folders and events, and nothing else of the run.</summary>
    /// <param name="share">Its cells.</param>
    /// <inheritdoc cref="Train(Recipe, RunFolder, Cell[], CellTraining, GridOptions, MemoryBudget, EventLog, IProgress{RunNews}?, long, CancellationToken)"/>
    public static void TrainShare(Recipe recipe, RunFolder files, Cell[] cells, Cell[] share, CellTraining training, MemoryBudget memory, long begun, CancellationToken cancel)
    {
        var ranks = training.Ranks!;
        training.Ranks = null;
        using var events = new EventLog(files.Events, lockPath: files.Lock("events"));
        using var working = FileLock.TryShared(files.Lock("workers"));
        using var apart = ranks.Apart((_, _) => { }, cancel);
        using var grid = Of(recipe, files, cells, share, training, new(), memory, events, new NewsOfRank(apart), begun, cancel);
        grid.TrainOpen(apart.Stop);
        apart.End(new JsonObject(grid.failed.Select(pair => KeyValuePair.Create(pair.Key.Name, (JsonNode?)pair.Value))).ToJsonString());
        training.Ranks = ranks;
    }

    static Grid Of(Recipe recipe, RunFolder files, Cell[] cells, Cell[]? share, CellTraining training, GridOptions options, MemoryBudget memory, EventLog events, IProgress<RunNews>? watcher, long begun, CancellationToken cancel)
    {
        var time = recipe.Limit is { } limit ? new TimePlan(limit, begun, share ?? cells, options.Jobs, training.Work, options.Clock) : null;
        return new(files, cells, training, options, time, new(memory.Limit, member => training.PredictedPeak(member, cancel)), events, watcher, share);
    }

    /// <summary>What another rank tells of its cells, which it records itself.</summary>
    void Told(int rank, string line)
    {
        if (RunNews.FromJson(line) is { } told) news.Show(told);
    }

    public void Dispose() => ended.Dispose();

    /// <summary>Trains what can be trained.</summary>
    /// <returns>The cells that results are made of: all, or where time ended the members' seeds with all their folds.</returns>
    /// <exception cref="InputException">A cell met wrong input.</exception>
    /// <exception cref="IncompleteRunException">Cells are missing, so that there are no results.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the states of those in training.</exception>
    public Cell[] Train(CancellationToken cancel)
    {
        TrainOpen(cancel);
        cancel.ThrowIfCancellationRequested();
        return Complete();
    }

    void TrainOpen(CancellationToken cancel)
    {
        SayFinished();
        SayChanges();
        if (time is not null && !Open.Any(HasState)) time.Check(Open);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (time is not null) stop.CancelAfter(Shorter(time.Left));
        try
        {
            if (options.Jobs > 1)
                foreach (var member in Open.Select(cell => cell.Member).Distinct()) memory.Peak(member);
            while (!stop.IsCancellationRequested && (Open.Length > 0 || running.Count > 0))
            {
                if (BeginNext(stop)) continue;
                if (running.Count == 0 && !others) break;     // time leaves the rest out
                SayWaiting();
                ended.Wait(PauseMilliseconds, CancellationToken.None);
                EndFinished();
            }
        }
        finally
        {
            EndAll(stop);
        }
    }

    // Timers have an end.
    static TimeSpan Shorter(TimeSpan time) => time < TimeSpan.FromDays(40) ? time : TimeSpan.FromDays(40);

    /// <summary>Begins the next cell that nobody has; in this process it is trained to its end.</summary>
    bool BeginNext(CancellationTokenSource stop)
    {
        others = false;
        if (running.Count >= options.Jobs) return false;
        var open = Open;
        var left = time?.LeftOut(open) ?? [];
        SayLeftOut(left);
        foreach (var cell in open)
        {
            if (IsFinished(cell)) return true;
            if (left.Contains(cell) || (time is not null && !time.Allows(cell, HasState(cell))) || (options.Jobs > 1 && !memory.Fits(cell.Member))) continue;
            if (FileLock.Try(files.ClaimOf(cell.Folder)) is not { } claim)
            {
                others = true;
                continue;
            }
            if (IsFinished(cell))                             // by another process, a moment ago
            {
                claim.Dispose();
                return true;
            }
            Begin(cell, claim, stop);
            return true;
        }
        return false;
    }

    void Begin(Cell cell, FileLock claim, CancellationTokenSource stop)
    {
        tried.Add(cell);
        time?.Begins(cell);
        if (options.Jobs > 1) memory.Take(cell);
        if (training.State(cell) is CellState.Missing or CellState.Stale) events.Write("cell started", ("cell", cell.Name));
        var begun = new RunningCell(cell, Array.IndexOf(cells, cell) + 1, cells.Length, claim, news, memory, time, stop);
        running.Add(begun);
        if (options.Runner is { } runner)
        {
            var threads = Math.Max(1, Torch.Engine.Threads / options.Jobs);
            begun.Run(() => runner(new(cell.Name, threads), begun, stop.Token), () => ended.Release());
            return;
        }
        try
        {
            begun.End = TrainHere(begun, stop.Token);
        }
        finally
        {
            EndFinished();
            if (running.Remove(begun)) claim.Dispose();       // what was thrown is no matter of this cell
        }
    }

    CellEnd TrainHere(RunningCell begun, CancellationToken stop)
    {
        try
        {
            using var alone = CellTraining.Prepare(files, begun.Cell, stop);
            training.Train(begun.Cell, begun.Number, cells.Length, begun, stop);
            return new(CellFate.Finished);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new(CellFate.Stopped);
        }
        catch (Exception e) when (e is TrainingException or RunMemoryException)
        {
            return new(CellFate.Failed, e.Message);
        }
    }

    /// <summary>Takes note of cells that ended.</summary>
    void EndFinished()
    {
        foreach (var cell in running.Where(cell => cell.End is not null).ToArray())
        {
            running.Remove(cell);
            Take(cell, cell.End!);
            cell.Claim.Dispose();
            if (cell.End!.Fate == CellFate.WrongInput) throw new CellInputException(cell.End.Reason);
        }
    }

    void Take(RunningCell cell, CellEnd end)
    {
        memory.Return(cell.Cell);
        time?.Ends(cell.Cell);
        if (end.Fate == CellFate.Finished && training.State(cell.Cell) != CellState.Finished) end = new(CellFate.Failed, "its data or model files changed while it was trained");
        if (end.Fate == CellFate.Finished)
        {
            finished.Add(cell.Cell);
            if (cell.Fit is not { } fit) return;
            time?.Measured(cell.Cell, cell.Seconds);
            memory.Measured(cell.Cell.Member, fit.PeakBytes);
            events.Write("cell finished", ("cell", cell.Cell.Name), ("loss", fit.Best.Loss), ("accuracy", fit.Best.Accuracy), ("seconds", fit.Seconds), ("peakBytes", fit.PeakBytes));
        }
        else if (end.Fate == CellFate.Failed)
        {
            failed[cell.Cell] = end.Reason;
            events.Write("cell failed", ("cell", cell.Cell.Name), ("reason", end.Reason));
            news.Report(new FailedNews(cell.Cell.Name, end.Reason));
        }
    }

    /// <summary>Waits for processes that were asked to end, whatever happened.</summary>
    void EndAll(CancellationTokenSource stop)
    {
        if (running.Count == 0) return;
        stop.Cancel();
        foreach (var cell in running.ToArray()) cell.Join();
        EndFinished();
    }

    Cell[] Complete()
    {
        Cell[] missing = [.. cells.Where(cell => !finished.Contains(cell) && !IsFinished(cell))];
        var incomplete = new MissingCells(cells, missing, failed, options, time is not null);
        incomplete.Check();
        if (missing.Length > 0) news.Report(new NoteNews(incomplete.LeftOut));
        incomplete.Write(files);
        return incomplete.Complete;
    }

    /// <summary>Whether a cell is finished, by whomever.</summary>
    bool IsFinished(Cell cell)
    {
        if (finished.Contains(cell)) return true;
        if (training.State(cell) != CellState.Finished) return false;
        finished.Add(cell);
        if (!tried.Contains(cell)) news.Report(new SkippedNews(cell.Name, Array.IndexOf(cells, cell) + 1, cells.Length));
        return true;
    }

    bool IsElsewhere(Cell cell) => FileLock.IsHeld(files.ClaimOf(cell.Folder));

    static bool HasState(Cell cell) => new ResumeFolder(cell.Folder.Resume).Exists;

    /// <summary>Says which cells earlier runs finished, and learns from them what a cell takes.</summary>
    void SayFinished()
    {
        foreach (var cell in cells)
        {
            if (!IsFinished(cell)) continue;
            if (!FileLock.IsHeld(files.TrainingOf(cell.Folder))) cell.Finished();
            if (cell.Number("seconds") is { } seconds) time?.Measured(cell, seconds);
            if (cell.Number("peakBytes") is { } bytes) memory.Measured(cell.Member, (long)bytes);
        }
    }

    /// <summary>Says once what changed since cells were trained, and which it makes stale.</summary>
    void SayChanges()
    {
        foreach (var change in cells.Where(cell => training.State(cell) == CellState.Stale).GroupBy(cell => cell.Change()))
            news.Report(new NoteNews(FormattableString.Invariant($"changed: {change.Key}; {change.Count()} of {cells.Length} cells were trained before that and are trained again: {MissingCells.Some([.. change])}")));
    }

    void SayLeftOut(HashSet<Cell> left)
    {
        var names = MissingCells.Some([.. left]);
        if (names == saidLeftOut) return;
        saidLeftOut = names;
        news.Report(new NoteNews(left.Count == 0 ? "limit: all cells fit into the time again" : FormattableString.Invariant($"limit: by what cells take so far there is no time for {left.Count} of {cells.Length} cells: {names}")));
    }

    void SayWaiting()
    {
        if (running.Count > 0) return;
        var names = MissingCells.Some([.. Open.Where(IsElsewhere)]);
        if (names != saidWaiting && names.Length > 0) news.Report(new NoteNews($"waiting for another process that trains {names}"));
        saidWaiting = names;
    }
}
