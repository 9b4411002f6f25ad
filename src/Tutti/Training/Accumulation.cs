using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Tutti.Training;

/// <summary>One update in progress: its gradient so far lies in the weights.</summary>
/// <param name="examples">The update's examples, in any order.</param>
/// <param name="divisor">Their true weight.</param>
/// <param name="share">Those of them that are computed here, where several processes share the update; null: all.</param>
sealed class Accumulation(IReadOnlyList<Example> examples, double divisor, IReadOnlyList<Example>? share = null)
{
    readonly Example[] sorted = Batches.Sorted(share ?? examples);

    /// <summary>Examples whose gradient has been added.</summary>
    public int Done { get; private set; }

    /// <summary>Their part of the update's mean loss.</summary>
    public double Loss { get; private set; }

    public double Seconds { get; private set; }

    /// <summary>Those of <see cref="Seconds"/> in which nothing was computed because data were being made.</summary>
    public double DataSeconds { get; private set; }

    public double Divisor => divisor;

    /// <summary>Of the whole update.</summary>
    public int Tokens => examples.Sum(example => example.Length);

    /// <summary>The whole update.</summary>
    public Example[] Examples => share is null ? sorted : [.. examples];

    /// <summary>Whether nothing is left behind this micro-batch.</summary>
    public bool IsLast(Example[] part) => Done + part.Length == sorted.Length;

    /// <summary>The next micro-batch of at most so many tokens, or null when all are done.</summary>
    public Example[]? Next(int tokens)
    {
        if (Done == sorted.Length) return null;
        var clock = Stopwatch.GetTimestamp();
        var part = Batches.Next(sorted.AsSpan(Done), tokens);
        Waited(clock);
        return part;
    }

    /// <summary>Counts the time since <paramref name="clock"/> as spent on data.</summary>
    public void Waited(long clock)
    {
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        (Seconds, DataSeconds) = (Seconds + seconds, DataSeconds + seconds);
    }

    public void Add(Example[] part, double loss, double seconds, double dataSeconds)
    {
        Done += part.Length;
        Loss += loss;
        Seconds += seconds;
        DataSeconds += dataSeconds;
    }

    /// <summary>Adds the loss of parts that were added without theirs.</summary>
    public void AddLoss(double loss) => Loss += loss;

    /// <summary>All processes have added up their parts.</summary>
    public void Shared(double loss, double seconds) => (Loss, Seconds, SumSeconds) = (loss, Seconds + seconds, seconds);

    /// <summary>Those of the seconds that the sums over processes took when this one's part was done.</summary>
    public double SumSeconds { get; private set; }

    public JsonObject ToJson() => new() { ["done"] = Done, ["loss"] = BitConverter.DoubleToInt64Bits(Loss), ["seconds"] = Seconds, ["dataSeconds"] = DataSeconds };

    public void Restore(JsonNode from) => (Done, Loss, Seconds, DataSeconds) = (from["done"]!.GetValue<int>(), BitConverter.Int64BitsToDouble(from["loss"]!.GetValue<long>()),
        from["seconds"]!.GetValue<double>(), from["dataSeconds"]?.GetValue<double>() ?? 0);
}
