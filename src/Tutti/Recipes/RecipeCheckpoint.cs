using System.ComponentModel;

namespace Tutti.Recipes;

/// <summary>How a run that is interrupted can go on: when a cell's state is saved, and how much disk that may take. The result does not depend on it.</summary>
public sealed record CheckpointConfig
{
    [Description("Time between two points from which an interrupted cell goes on exactly, such as 30 s or 10 min; 0 s = after every micro-batch.")]
    public Duration Every { get; init; } = "10 min";

    [Description("The most disk that the points of the cell in training may take, such as 20 GB; default: no limit. Two points are kept where they fit.")]
    public MemorySize? Disk { get; init; }
}
