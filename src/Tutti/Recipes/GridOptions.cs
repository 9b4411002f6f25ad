namespace Tutti.Recipes;

/// <summary>How the cells of a run are trained; none of it changes what a cell comes to but the threads of each, which are fewer where several are trained at a time.</summary>
public sealed record GridOptions
{
    /// <summary>Trains one cell in a process of its own; null: cells are trained in this one, one after the other.</summary>
    public CellRunner? Runner { get; init; }

    /// <summary>Cells that may be trained at a time, as far as their memory allows; more than 1 only with a <see cref="Runner"/>.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The part of the cells that is trained here; null: all of them.</summary>
    public Shard? Shard { get; init; }

    /// <summary>What to repeat when something is missing at the end, for messages.</summary>
    public string Again { get; init; } = "the same command";

    /// <summary>By which a limit is kept.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <exception cref="ConfigException">Jobs do not go with the rest.</exception>
    internal void Check(Distributed.Ranks? ranks)
    {
        if (ranks is not null && (Jobs > 1 || Shard is not null)) throw new ConfigException(Jobs > 1 ? "--jobs" : "--shard", "is for processes that do not know each other; with WORLD_SIZE above 1 processes share every update or divide the cells among themselves, see --spread");
        if (Jobs < 1) throw new ConfigException("--jobs", FormattableString.Invariant($"got {Jobs}, expected a whole number from 1"));
        if (Jobs > 1 && Runner is null) throw new ConfigException("--jobs", FormattableString.Invariant($"got {Jobs}, but several cells at a time need processes of their own; take out --in-process"));
    }
}

/// <summary>Trains one cell in a process of its own and returns when that has ended.</summary>
/// <param name="order">What to train.</param>
/// <param name="news">Gets what that process tells.</param>
/// <param name="stop">Asks it to save its state and end.</param>
public delegate CellEnd CellRunner(CellOrder order, IProgress<RunNews> news, CancellationToken stop);

/// <summary>What a process of its own is to do.</summary>
/// <param name="Cell">The cell's name.</param>
/// <param name="Threads">Threads of its kernels.</param>
public sealed record CellOrder(string Cell, int Threads);

/// <summary>How the training of a cell ended.</summary>
public enum CellFate
{
    Finished,

    /// <summary>It was asked to end and saved its state.</summary>
    Stopped,

    /// <summary>Something that the user can mend; other cells would meet it too.</summary>
    WrongInput,

    /// <summary>This cell is lost; others are not.</summary>
    Failed,
}

/// <param name="Fate">How it ended.</param>
/// <param name="Reason">Why, as one line, where it is not finished.</param>
public sealed record CellEnd(CellFate Fate, string Reason = "");

/// <summary>Wrong input that the process of a cell found.</summary>
public sealed class CellInputException(string message) : InputException(message);

/// <summary>A run has no results, or not those of the whole grid, because cells are missing; says which and what to do.</summary>
/// <param name="message">One to three lines.</param>
/// <param name="failed">Cells failed, or time ended before anything could be blended; false when other machines have the missing cells.</param>
public sealed class IncompleteRunException(string message, bool failed) : Exception(message)
{
    public bool Failed { get; } = failed;
}
