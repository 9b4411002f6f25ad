using System.Text.Json.Nodes;

namespace Tutti.Training;

/// <summary>How far a fit is, what it has counted, and which evaluation is the best so far. Its JSON is what a resume point keeps of it.</summary>
sealed class FitState(long updates)
{
    EvaluationResult? best;
    int without;                                              // evaluations since the best
    long examples, tokens, peak;
    double seconds, dataSeconds;

    public long Updates => updates;

    /// <summary>Updates done.</summary>
    public long Update { get; private set; }

    /// <summary>The update after which the held-out rows were evaluated last; 0: never.</summary>
    public long Evaluated { get; private set; }

    public bool Stop { get; private set; }

    public void Count(int moreExamples, int moreTokens, double moreSeconds, double moreDataSeconds)
    {
        Update++;
        examples += moreExamples;
        tokens += moreTokens;
        seconds += moreSeconds;
        dataSeconds += moreDataSeconds;
    }

    public void SeePeak(long bytes) => peak = Math.Max(peak, bytes);

    /// <summary>Marks the result as best when it is, and stops after <paramref name="patience"/> evaluations without one (0: never).</summary>
    public EvaluationResult Judge(EvaluationResult result, BestBy by, int patience)
    {
        Evaluated = result.Update;
        if (best is null || Value(result, by) > Value(best, by))
        {
            without = 0;
            return best = result with { Best = true };
        }
        Stop = patience > 0 && ++without >= patience;
        return result;
    }

    public FitResult Result() => new(best!, Update, Stop && Update < updates, examples, tokens, seconds, dataSeconds, peak);

    public JsonObject ToJson() => new()
    {
        ["update"] = Update,
        ["evaluated"] = Evaluated,
        ["stop"] = Stop,
        ["without"] = without,
        ["examples"] = examples,
        ["tokens"] = tokens,
        ["seconds"] = seconds,
        ["dataSeconds"] = dataSeconds,
        ["peak"] = peak,
        ["best"] = best is null ? null : new JsonObject
        {
            ["update"] = best.Update,
            ["epoch"] = best.Epoch,
            ["seconds"] = best.Seconds,
            ["loss"] = Bits(best.Loss),
            ["accuracy"] = Bits(best.Accuracy),
            ["macroF1"] = Bits(best.MacroF1),
            ["targets"] = new JsonArray([.. best.Targets.Select(score => (JsonNode)new JsonArray(score.Name, score.Measure, Bits(score.Value)))]),
        },
    };

    public void Restore(JsonNode from)
    {
        Update = from["update"]!.GetValue<long>();
        Evaluated = from["evaluated"]!.GetValue<long>();
        Stop = from["stop"]!.GetValue<bool>();
        without = from["without"]!.GetValue<int>();
        examples = from["examples"]!.GetValue<long>();
        tokens = from["tokens"]!.GetValue<long>();
        seconds = from["seconds"]!.GetValue<double>();
        dataSeconds = from["dataSeconds"]?.GetValue<double>() ?? 0;
        peak = from["peak"]!.GetValue<long>();
        best = from["best"] is not { } b ? null : new(b["update"]!.GetValue<long>(), b["epoch"]!.GetValue<int>(), Number(b["loss"]!), Number(b["accuracy"]!), Number(b["macroF1"]!), true, b["seconds"]!.GetValue<double>())
        {
            Targets = [.. (b["targets"]?.AsArray() ?? []).Select(score => new TargetScore(score![0]!.GetValue<string>(), score[1]!.GetValue<string>(), Number(score[2]!)))],
        };
    }

    // As bits: a loss may be infinite or not a number, which JSON cannot say.
    static long Bits(double value) => BitConverter.DoubleToInt64Bits(value);
    static double Number(JsonNode bits) => BitConverter.Int64BitsToDouble(bits.GetValue<long>());

    // Larger is better; a loss that is not a number is the worst.
    static double Value(EvaluationResult result, BestBy by) => by switch
    {
        BestBy.Accuracy => result.Accuracy,
        BestBy.MacroF1 => result.MacroF1,
        BestBy.Last => result.Update,
        _ => double.IsNaN(result.Loss) ? double.NegativeInfinity : -result.Loss,
    };
}
