using System.Diagnostics;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A cell in training, here or in a process of its own: hands its news on and learns from it.</summary>
/// <param name="cell">Which.</param>
/// <param name="number">From 1, among all.</param>
/// <param name="of">All cells.</param>
/// <param name="claim">Kept until the cell has ended.</param>
/// <param name="stop">Ends all cells, when time is over.</param>
sealed class RunningCell(Cell cell, int number, int of, FileLock claim, RecordedNews news, MemoryLease memory, TimePlan? time, CancellationTokenSource stop) : IProgress<RunNews>
{
    readonly long begun = Stopwatch.GetTimestamp();
    Thread? thread;
    volatile CellEnd? end;

    public Cell Cell => cell;
    public int Number => number;
    public FileLock Claim => claim;

    /// <summary>What the fit came to, as soon as it is known.</summary>
    public FitResult? Fit { get; private set; }

    /// <summary>From its begin to its end, process and all.</summary>
    public double Seconds { get; private set; }

    /// <summary>How it ended; null while it goes on.</summary>
    public CellEnd? End
    {
        get => end;
        set => (Seconds, end) = (Stopwatch.GetElapsedTime(begun).TotalSeconds, value);
    }

    /// <summary>Runs it beside this thread.</summary>
    public void Run(Func<CellEnd> body, Action ended)
    {
        thread = new Thread(() =>
        {
            try
            {
                End = body();
            }
            catch (Exception e)
            {
                End = new(CellFate.Failed, e.Message);
            }
            ended();
        });
        (thread.IsBackground, thread.Name) = (true, cell.Name);
        thread.Start();
    }

    /// <summary>Returns when it has ended.</summary>
    public void Join() => thread?.Join();

    public void Report(RunNews value)
    {
        switch (value)
        {
            case EncodedNews:
            case NoteNews note when note.Text.StartsWith($"{cell.Member}: ", StringComparison.Ordinal):
                news.ReportOnce(value);
                return;
            case CellNews started: value = started with { Number = number, Cells = of }; break;
            case StepNews step when time is not null:
                time.Step(cell, step.Step);
                if (time.Left == TimeSpan.Zero) stop.Cancel();
                break;
            case PlanNews plan: memory.Planned(cell.Name, plan.Memory.Plan.PredictedPeak); break;
            case CellDoneNews done: Fit = done.Fit; break;
        }
        news.Report(value);
    }
}
