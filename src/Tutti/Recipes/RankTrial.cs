using Tutti.Distributed;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What an update of a cell takes by one process alone, and shared by all; every process measures both at the same time, and the slowest counts.</summary>
/// <param name="Cost">Null: it could not be measured.</param>
/// <param name="Updates">Of the whole cell.</param>
/// <param name="TooLarge">Somebody has no memory for it alone.</param>
/// <param name="Why">Why it could not be measured.</param>
sealed record RankTrial(UpdateCost? Cost, long Updates, bool TooLarge = false, string Why = "")
{
    /// <summary>Short updates are measured so often, each way in turn, and the quickest counts: what else a machine does, and code that runs for the first time, would decide otherwise.</summary>
    const int Rounds = 3;
    const double Short = 0.25;

    /// <summary>All processes call it at the same point.</summary>
    /// <exception cref="OperationCanceledException">A process was asked to end.</exception>
    public static RankTrial Of(Ranks ranks, CellTraining training, Cell cell, CancellationToken cancel)
    {
        var (cost, updates, rounds) = (new UpdateCost(double.PositiveInfinity, double.PositiveInfinity, 0), 0L, Rounds);
        for (var round = 0; round < rounds; round++)
        {
            ranks.Meet();                                     // so that all compute at the same time, as they would
            var (alone, fate) = Try(() => training.Try(cell, null, UpdateTrial.Most, cancel));
            if (Agree(ranks, fate, cancel) is { } broken) return broken;
            var slowest = ranks.Reduce([alone.Seconds], ReduceKind.Most)[0];
            (var shared, fate) = Try(() => training.Try(cell, ranks, UpdateTrial.Count(slowest), cancel));
            if (Agree(ranks, fate, cancel) is { } later) return later;
            // Who comes last to the sums waits for nobody.
            var most = ranks.Reduce([shared.Seconds, -shared.Sums], ReduceKind.Most);
            cost = most[0] < cost.Shared ? cost with { Shared = most[0], Sums = -most[1] } : cost;
            (cost, updates, rounds) = (cost with { Alone = Math.Min(cost.Alone, slowest) }, alone.Updates, slowest > Short ? 1 : Rounds);
        }
        return new(cost, updates);
    }

    static (UpdateTrial Trial, Exception? Fate) Try(Func<UpdateTrial> body)
    {
        try
        {
            return (body(), null);
        }
        catch (Exception e) when (e is RunMemoryException or TrainingException or OperationCanceledException)
        {
            return (default, e);
        }
    }

    /// <summary>What all make of how it went; null: it went well.</summary>
    static RankTrial? Agree(Ranks ranks, Exception? fate, CancellationToken cancel)
    {
        var most = ranks.Reduce([fate is OperationCanceledException || cancel.IsCancellationRequested ? 1 : 0, fate is RunMemoryException ? 1 : 0, fate is TrainingException ? 1 : 0], ReduceKind.Most);
        if (most[0] > 0)
        {
            if (!cancel.IsCancellationRequested) ranks.Interrupted?.Invoke();
            throw new OperationCanceledException("the processes that train together were asked to end", cancel);
        }
        var why = fate?.Message.Split('\n')[0] ?? "another process could not";
        return most[1] > 0 ? new(null, 0, TooLarge: true, why) : most[2] > 0 ? new(null, 0, Why: why) : null;
    }
}
