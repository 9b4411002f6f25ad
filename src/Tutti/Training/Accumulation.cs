using System.Text.Json.Nodes;

namespace Tutti.Training;

/// <summary>One update in progress: its gradient so far lies in the weights.</summary>
/// <param name="examples">The update's examples, in any order.</param>
/// <param name="divisor">Their true weight.</param>
sealed class Accumulation(IReadOnlyList<Example> examples, double divisor)
{
    readonly Example[] sorted = Batches.Sorted(examples);

    /// <summary>Examples whose gradient has been added.</summary>
    public int Done { get; private set; }

    /// <summary>Their part of the update's mean loss.</summary>
    public double Loss { get; private set; }

    public double Seconds { get; private set; }

    public double Divisor => divisor;
    public int Tokens => sorted.Sum(example => example.Ids.Length);
    public Example[] Examples => sorted;

    /// <summary>The next micro-batch of at most so many tokens, or null when all are done.</summary>
    public Example[]? Next(int tokens) => Done == sorted.Length ? null : Batches.Next(sorted.AsSpan(Done), tokens);

    public void Add(Example[] part, double loss, double seconds)
    {
        Done += part.Length;
        Loss += loss;
        Seconds += seconds;
    }

    /// <summary>Adds the loss of parts that were added without theirs.</summary>
    public void AddLoss(double loss) => Loss += loss;

    public JsonObject ToJson() => new() { ["done"] = Done, ["loss"] = BitConverter.DoubleToInt64Bits(Loss), ["seconds"] = Seconds };

    public void Restore(JsonNode from) => (Done, Loss, Seconds) = (from["done"]!.GetValue<int>(), BitConverter.Int64BitsToDouble(from["loss"]!.GetValue<long>()), from["seconds"]!.GetValue<double>());
}
