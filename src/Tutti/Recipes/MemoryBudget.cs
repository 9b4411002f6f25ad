using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A cell does not fit into the memory there is; the message says what to change.</summary>
public sealed class RunMemoryException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// The device of a run, and the memory that it may take there: a hard limit on tensors from construction until disposal; the device's own size where
/// the recipe names none. Beside a GPU, tensors on the CPU are limited by the machine.
/// </summary>
sealed class MemoryBudget : IDisposable
{
    readonly MemorySize? size;

    /// <param name="size">The recipe's, of each process; null: what the device has.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="processes">That share this machine's memory.</param>
    public MemoryBudget(MemorySize? size, Device device, int processes = 1)
    {
        (this.size, Device) = (size, device);
        if (device.IsCuda) Memory.Limit(MemoryPlanner.Of(Device.Cpu) / processes);
        Memory.Limit(device, size?.Bytes ?? (MemoryPlanner.Of(device) / (device.IsCpu ? processes : 1)));
    }

    public Device Device { get; }

    /// <summary>Rows are pictures, which decides what can be advised where memory is short.</summary>
    public bool OfPictures { get; init; }

    /// <summary>Bytes that may be in use.</summary>
    public long Limit => Memory.Stats(Device).Limit is > 0 and var limit ? limit : MemoryPlanner.Of(Device);

    /// <summary>Refuses a model that cannot be trained in this memory by any means, before anything is loaded or written.</summary>
    /// <param name="member">Its name, for the message.</param>
    /// <param name="model">On any device, also <see cref="Device.Meta"/>.</param>
    /// <param name="length">Tokens of the longest text that it will read.</param>
    /// <param name="batch">Texts of an update.</param>
    /// <exception cref="ConfigException">Weights and gradients alone are more than the budget.</exception>
    public void Check(string member, TextModel model, int length, int batch)
    {
        var least = MemoryNeed.WeightBytes(model) + MemoryNeed.GradientBytes(model, 1);
        if (least >= Limit) throw MemoryNeed.TooSmall(model, length, batch, Limit, member: member, device: Device);
    }

    /// <summary>Bytes at the peak of a fit, as it will plan itself with these rows.</summary>
    /// <param name="objective">What is learnt; null: the class of each row.</param>
    /// <exception cref="ConfigException">It does not fit by any means.</exception>
    public static long PredictedPeak(Network model, TrainConfig config, long seed, IReadOnlyList<Example> rows, Objective? objective = null)
    {
        LearningGroups.FreezeNever(model, config, rows.Count);
        using var sum = new GradientSum(model, config, seed, objective ?? new SingleLabel(null, config.LabelSmoothing, config.Loss));
        return new MemoryPlanner(model, config, seed, sum, Path.GetTempPath()).Choose(rows).Plan.PredictedPeak;
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
            var limit = size is { } given ? $"the recipe's memory: {given}" : Device.IsCuda ? $"the memory of {Device}" : "the memory of this machine";
            throw new RunMemoryException(FormattableString.Invariant($"{what}: does not fit into {limit} ({e.Op} found no room beside {MemoryStats.Text(Memory.Stats(Device).Peak)} at the peak).\n")
                + FormattableString.Invariant($"{(OfPictures ? "Take smaller pictures" : FormattableString.Invariant($"Lower train.max-length (now {config.MaxLength})"))}, take a smaller model, or raise memory; the same command goes on from the last resume point."), e);
        }
    }

    public void Dispose()
    {
        Memory.Limit(null);
        if (Device.IsCuda) Memory.Limit(Device, null);
    }
}
