using Tutti.Distributed;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a kind of run does with its cells, one after the other; it keeps what several cells need, such as encoded rows.</summary>
abstract class CellTraining
{
    /// <summary>The processes that train each cell together; null: this one alone.</summary>
    public Ranks? Ranks { get; set; }

    /// <summary>A hash of the rows that every cell predicts, or null.</summary>
    public virtual string? Test => null;

    /// <summary>Why several processes cannot share the updates of a member's cells, as one line; null: they can.</summary>
    public virtual string? NotShared(string member) => null;

    /// <summary>Measures an update of a cell with a model that is thrown away; writes nothing.</summary>
    /// <param name="with">Those that share it; null: this process alone.</param>
    /// <param name="updates">At most.</param>
    public virtual UpdateTrial Try(Cell cell, Ranks? with, int updates, CancellationToken cancel) => throw new NotSupportedException("cells of this task are trained by one process");

    /// <summary>How much of a cell is done.</summary>
    public abstract CellState State(Cell cell);

    /// <summary>Does what a cell lacks, in this process; its folder is this process's alone meanwhile.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the state is saved.</exception>
    public abstract void Train(Cell cell, int number, int of, IProgress<RunNews>? news, CancellationToken cancel);

    /// <summary>This process's part of a cell that rank 0 trains; it writes nothing.</summary>
    public virtual void Help(Cell cell, CancellationToken cancel) => throw new NotSupportedException("cells of this task are trained by one process");

    /// <summary>Bytes that a member's cells are predicted to take at the peak, found by planning one.</summary>
    public abstract long PredictedPeak(string member, CancellationToken cancel);

    /// <summary>What an update of a member costs, in a unit of its own: by it the time of members that have not been measured is guessed from those that have.</summary>
    public abstract double Work(string member);

    /// <summary>The members, and how their rows may be seen when they are predicted; none where rows are always seen in the plain way.</summary>
    public virtual IReadOnlyList<ViewedMember> Viewed => [];

    /// <summary>Trains one cell in this process, which was started for it. Waits for one whose parent ended and that is still saving.</summary>
    public void TrainAlone(RunFolder files, Cell[] cells, string name, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var number = Array.FindIndex(cells, cell => cell.Name == name);
        if (number < 0) throw new ConfigException("--cell", $"got '{name}', which is no cell of this recipe{Nearest.Hint(name, cells.Select(cell => cell.Name), "")}");
        using var alone = Prepare(files, cells[number], cancel);
        if (State(cells[number]) != CellState.Finished) Train(cells[number], number + 1, cells.Length, news, cancel);
        else cells[number].Finished();
    }

    /// <summary>Takes a cell's folder for this process and removes what one that was killed left half written.</summary>
    public static FileLock Prepare(RunFolder files, Cell cell, CancellationToken cancel)
    {
        var alone = FileLock.Wait(files.TrainingOf(cell.Folder), cancel: cancel);
        AtomicFile.RemoveUnfinished(cell.Folder.Root, below: true);
        return alone;
    }
}
