using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// How several processes train the cells of a run: every update of each cell together, or every process whole cells alone (docs/distributed.md). Rank 0 decides it, and tells the others what to do next.
/// Whatever one process can train is trained when cells are spread; what cannot be shared says <see cref="CellTraining.NotShared"/>.
/// </summary>
/// <param name="ranks">This one is rank 0.</param>
/// <param name="files">The run folder.</param>
/// <param name="cells">All of the run.</param>
/// <param name="training">What is done with one.</param>
/// <param name="news">Gets what is decided, and why.</param>
sealed class RankedCells(Ranks ranks, RunFolder files, Cell[] cells, CellTraining training, IProgress<RunNews> news)
{
    readonly Cell[] open = [.. cells.Where(cell => training.State(cell) != CellState.Finished)];

    /// <summary>Decides, and says so.</summary>
    /// <returns>The cells of every process; null: all processes train every cell together.</returns>
    /// <exception cref="ConfigException">Nothing is possible that is asked for.</exception>
    public Cell[][]? Divide(CancellationToken cancel)
    {
        var asked = ranks.Options.Spread;
        if (open.Length == 0 || asked == Spread.Updates) return null;
        var hindrance = open.Select(cell => cell.Member).Distinct().Select(member => training.NotShared(member) is { } why ? $"{member}: {why}" : null).FirstOrDefault(why => why is not null);
        var before = asked == Spread.Cells ? null : Before();
        if (asked == Spread.Auto && hindrance is null && before != Spread.Cells)
        {
            if (before == Spread.Updates) return Together("as this run was begun");
            if (open.Length == 1) return Together("one cell is left");
        }
        if (SharedFolder.Blind(ranks, files) is { } blind)
        {
            var unseen = $"{blind} does not see the run folder of rank 0, {files.Root}";
            if (asked == Spread.Cells) throw new ConfigException("--spread", $"got cells, each of which its rank writes, but {unseen}; put it on a file system that all ranks share, or take --spread updates");
            if (hindrance is not null) throw new ConfigException("--spread", $"{hindrance}: its updates cannot be shared, and cells cannot be spread: {unseen}\nPut it on a file system that all ranks share, or train with one process.");
            return Together(unseen);
        }
        if (asked == Spread.Cells) return Apart("as asked", Guessed());
        if (hindrance is not null) return Apart($"updates cannot be shared ({hindrance})", Guessed());
        return before == Spread.Cells ? Apart("as this run was begun", Guessed()) : Measured(cancel);
    }

    Cell[][]? Measured(CancellationToken cancel)
    {
        Dictionary<string, UpdateCost> costs = [];
        Dictionary<string, long> updates = [];
        foreach (var cell in open.Where(Learns).DistinctBy(cell => cell.Member))
        {
            CellOrders.Try(ranks, cell, training.Test);
            var trial = RankTrial.Of(ranks, training, cell, cancel);
            if (trial.TooLarge) return Together($"one process has no memory for a cell ({trial.Why})");
            if (trial.Cost is not { } cost) return Apart($"updates could not be measured ({trial.Why})", Guessed());
            (costs[cell.Member], updates[cell.Member]) = (cost, trial.Updates);
        }
        if (costs.Count == 0) return Apart("they are trained, only other test rows are predicted", Guessed());
        Cell[] learning = [.. open.Where(Learns)];
        var choice = SpreadChoice.Of(ranks.Count, [.. learning.Select(cell => (cell.Member, Left(cell, updates[cell.Member])))], costs);
        Remember(choice);
        news.Report(new NoteNews(choice.Why));
        return choice.Cells ? Dealt([.. open.Select(cell => Learns(cell) ? Left(cell, updates[cell.Member]) * costs[cell.Member].Alone : 0)]) : null;
    }

    /// <summary>It is to be trained, not only to predict other test rows.</summary>
    bool Learns(Cell cell) => training.State(cell) != CellState.OtherTest;

    static long Left(Cell cell, long updates) => Math.Max(1, updates - (new ResumeFolder(cell.Folder.Resume).Peek()?["fit"]?["update"]?.GetValue<long>() ?? 0));

    /// <summary>What cells cost beside each other, as far as that can be told without measuring.</summary>
    double[] Guessed() => [.. open.Select(cell => Learns(cell) ? training.Work(cell.Member) : 0)];

    Cell[][]? Together(string why)
    {
        news.Report(new NoteNews(FormattableString.Invariant($"{ranks.Count} ranks: {why}: every update is shared")));
        return null;
    }

    Cell[][] Apart(string why, double[] costs)
    {
        news.Report(new NoteNews(FormattableString.Invariant($"{ranks.Count} ranks: {why}: cells are spread")));
        return Dealt(costs);
    }

    Cell[][] Dealt(double[] costs)
    {
        Cell[][] deal = [.. CellDeal.Of(costs, ranks.Count).Select(places => places.Select(place => open[place]).ToArray())];
        news.Report(new NoteNews(string.Join("; ", deal.Select((mine, rank) => FormattableString.Invariant($"rank {rank}: {(mine.Length == 0 ? "waits for the others" : MissingCells.Some(mine))}")))));
        CellOrders.Divide(ranks, deal, training.Test);
        return deal;
    }

    // ---- what was measured once is kept to: the same command goes on to the same bytes

    string Cells => string.Join(' ', cells.Select(cell => cell.Fingerprint).Distinct());

    void Remember(SpreadChoice choice) => AtomicFile.Write(files.Spread, new JsonObject
    {
        ["ranks"] = ranks.Count,
        ["cells"] = Cells,
        ["spread"] = choice.Cells ? "cells" : "updates",
        ["why"] = choice.Why,
    }.ToJsonString() + "\n");

    /// <summary>What the same number of processes measured for the same cells.</summary>
    Spread? Before()
    {
        if (!File.Exists(files.Spread)) return null;
        try
        {
            if (JsonNode.Parse(File.ReadAllText(files.Spread)) is not { } was || (int?)was["ranks"] != ranks.Count || (string?)was["cells"] != Cells) return null;
            return (string?)was["spread"] == "cells" ? Spread.Cells : Spread.Updates;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;                                      // it is measured again
        }
    }

    // ---- the other processes

    /// <summary>What a process does that is not rank 0: its part of what rank 0 trains, or cells of its own.</summary>
    /// <param name="begun">When the command began, for its limit; a timestamp of the system's clock.</param>
    /// <param name="cancel">Asks all processes to end after the update in progress.</param>
    /// <returns>What rank 0 said that concerns more than the cells of this run.</returns>
    /// <exception cref="InputException">Recipe or data are not those of rank 0, or cannot be used.</exception>
    /// <exception cref="RankLostException">Another process is gone.</exception>
    public static CellOrders Follow(Recipe recipe, RunFolder files, Cell[] cells, CellTraining training, MemoryBudget memory, long begun, CancellationToken cancel)
    {
        var ranks = training.Ranks ?? throw new InvalidOperationException("Ranks says whom to follow");
        while (CellOrders.Next(ranks) is var order)
        {
            try
            {
                switch (order.Word)
                {
                    case CellOrders.OneCell: training.Help(order.One(ranks, cells, training.Test), cancel); break;
                    case CellOrders.Trial: RankTrial.Of(ranks, training, order.One(ranks, cells, training.Test), cancel); break;
                    case CellOrders.Mark: SharedFolder.Look(ranks, files, order.Of); break;
                    case CellOrders.Spread: Grid.TrainShare(recipe, files, cells, order.Mine(ranks, cells, training.Test), training, memory, begun, cancel); break;
                    default: return order;
                }
            }
            catch (Exception e) when (e is TrainingException or OperationCanceledException)
            {
                continue;                                     // rank 0 met the same, and says what comes next
            }
        }
        throw new InvalidOperationException("orders have an end");
    }
}
