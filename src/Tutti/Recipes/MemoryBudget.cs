using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A cell does not fit into the memory there is; the message says what to change.</summary>
public sealed class RunMemoryException(string message, Exception inner) : Exception(message, inner);

/// <summary>The memory that a run may take: a hard limit on tensors from construction until disposal, none where the recipe names none.</summary>
sealed class MemoryBudget : IDisposable
{
    readonly MemorySize? size;

    public MemoryBudget(MemorySize? size)
    {
        this.size = size;
        if (size is { } given) Memory.Limit(given.Bytes);
    }

    /// <summary>Does something that may need more than there is.</summary>
    /// <param name="what">The cell or member, for the message.</param>
    /// <param name="config">Its settings, some of which decide what is needed.</param>
    /// <exception cref="RunMemoryException">It does not fit; says what to change.</exception>
    public T Within<T>(string what, TrainConfig config, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (TorchMemoryException e)
        {
            var limit = size is { } given ? $"the recipe's memory: {given}" : "the memory of this machine";
            throw new RunMemoryException(FormattableString.Invariant($"{what}: does not fit into {limit} ({e.Op} found no room beside {MemoryStats.Text(Memory.Stats(Device.Cpu).Peak)} at the peak).\n")
                + FormattableString.Invariant($"Lower train.micro-tokens (now {config.MicroTokens}; the result stays the same) or train.max-length (now {config.MaxLength}), take a smaller model, or raise memory."), e);
        }
    }

    public void Dispose()
    {
        if (size is not null) Memory.Limit(null);
    }
}
