namespace Tutti.Distributed;

/// <summary>What several processes divide among themselves.</summary>
public enum Spread
{
    /// <summary>Whichever is predicted to be faster.</summary>
    Auto,

    /// <summary>Each computes a share of every update, cell after cell.</summary>
    Updates,

    /// <summary>Each trains whole cells alone.</summary>
    Cells,
}

/// <summary>How processes train together; the same in all of them.</summary>
public sealed record RankOptions
{
    /// <summary>A process that shows no sign of life for so long is lost.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the processes wait for each other at the start.</summary>
    public TimeSpan Joining { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a process that lives may keep the others waiting in one collective.</summary>
    public TimeSpan Collective { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>What the processes divide among themselves: every update of a cell, or whole cells.</summary>
    public Spread Spread { get; init; }

    /// <summary>Every process keeps the optimizer's state of its part of the weights only.</summary>
    public bool ShardState { get; init; }

    /// <summary>Gradients are sent in bfloat16.</summary>
    public bool Rounded { get; init; }

    /// <summary>The most bytes of gradients in one reduction.</summary>
    public long BucketBytes { get; init; } = 25 << 20;

    /// <summary>What all processes must agree on.</summary>
    internal string Agreed => FormattableString.Invariant($"spread {Spread}, shard-state {ShardState}, reduce {(Rounded ? "bf16" : "full")}, buckets {BucketBytes}, silence {Silence.TotalSeconds} s, collectives {Collective.TotalSeconds} s");
}
