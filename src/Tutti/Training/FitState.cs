namespace Tutti.Training;

/// <summary>What a fit counts as it goes, and which evaluation is the best so far.</summary>
sealed class FitState(long updates)
{
    EvaluationResult? best;
    int without;                                              // evaluations since the best
    long examples, tokens;
    double seconds;

    public long Updates => updates;

    /// <summary>Updates done.</summary>
    public long Update { get; private set; }

    public bool Stop { get; private set; }

    public void Count(int moreExamples, int moreTokens, double moreSeconds)
    {
        Update++;
        examples += moreExamples;
        tokens += moreTokens;
        seconds += moreSeconds;
    }

    /// <summary>Marks the result as best when it is, and stops after <paramref name="patience"/> evaluations without one (0: never).</summary>
    public EvaluationResult Judge(EvaluationResult result, BestBy by, int patience)
    {
        if (best is null || Value(result, by) > Value(best, by))
        {
            without = 0;
            return best = result with { Best = true };
        }
        Stop = patience > 0 && ++without >= patience;
        return result;
    }

    public FitResult Result(long peak) => new(best!, Update, Stop && Update < updates, examples, tokens, seconds, peak);

    // Larger is better; a loss that is not a number is the worst.
    static double Value(EvaluationResult result, BestBy by) => by switch
    {
        BestBy.Accuracy => result.Accuracy,
        BestBy.MacroF1 => result.MacroF1,
        _ => double.IsNaN(result.Loss) ? double.NegativeInfinity : -result.Loss,
    };
}
