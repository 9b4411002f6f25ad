namespace Tutti.Ensembling;

/// <summary>Ways to blend that a recipe may name.</summary>
public enum BlendChoice
{
    /// <summary>The mean of the members' probabilities.</summary>
    Mean,

    /// <summary>Their geometric mean, scaled to sum 1.</summary>
    Geometric,

    /// <summary>The mean of their ranks, scaled to sum 1.</summary>
    Rank,

    /// <summary>Weights by greedy selection with replacement.</summary>
    HillClimb,

    /// <summary>The weights, none below 0, of least log-loss.</summary>
    Stack,

    /// <summary>Logistic regression on the logarithms.</summary>
    Logistic,

    /// <summary>The best member alone.</summary>
    Best,

    /// <summary>Whichever is surely better than the mean on rows it did not learn from, else the mean.</summary>
    Auto,
}

/// <summary>What a blend is to be.</summary>
/// <param name="Choice">How.</param>
/// <param name="Metric">By what members and weights are chosen.</param>
/// <param name="PerClass">A weight for each member and class.</param>
/// <param name="AtMost">The most members; null: all.</param>
/// <param name="Within">How much worse than with all members a smaller number may be; null: within noise.</param>
/// <param name="Rounds">Of hill climbing.</param>
/// <param name="Temperature">Fit a temperature.</param>
/// <param name="Scaled">Fit thresholds.</param>
public sealed record BlendPlan(BlendChoice Choice, BlendMetric Metric = BlendMetric.LogLoss, bool PerClass = false, int? AtMost = null, double? Within = null, int Rounds = HillClimb.UsualRounds, bool Temperature = false, bool Scaled = false)
{
    static readonly BlendChoice[] candidates = [BlendChoice.Geometric, BlendChoice.Rank, BlendChoice.Best, BlendChoice.HillClimb, BlendChoice.Stack, BlendChoice.Logistic];

    /// <summary>What a choice stands for.</summary>
    internal BlendMethod Method(BlendChoice choice) => choice switch
    {
        BlendChoice.Mean => BlendMethod.Plain(BlendKind.Mean),
        BlendChoice.Geometric => BlendMethod.Plain(BlendKind.Geometric),
        BlendChoice.Rank => BlendMethod.Plain(BlendKind.Rank),
        BlendChoice.Best => BlendMethod.Best(Metric),
        BlendChoice.HillClimb => PerClass ? BlendMethod.PerClass(BlendMethod.HillClimbing(Metric, Rounds)) : BlendMethod.HillClimbing(Metric, Rounds),
        BlendChoice.Stack => PerClass ? BlendMethod.PerClass(BlendMethod.Stack) : BlendMethod.Stack,
        BlendChoice.Logistic => BlendMethod.Logistic(PerClass),
        _ => throw new ArgumentOutOfRangeException(nameof(choice), choice, "expected one method"),
    };

    /// <summary>What is to be judged: the method, or all that <see cref="BlendChoice.Auto"/> may choose beside the mean.</summary>
    internal BlendMethod[] Candidates => Choice == BlendChoice.Auto ? [.. candidates.Select(Method)] : [Method(Choice)];
}
