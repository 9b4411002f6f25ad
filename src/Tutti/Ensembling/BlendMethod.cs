namespace Tutti.Ensembling;

/// <summary>A blend that is ready to be applied to members in the order it was fitted on.</summary>
/// <param name="Weights">A share for each member, or nothing where the method has none that could be told.</param>
/// <param name="Apply">n*K probabilities of each member to those of the blend.</param>
public sealed record FittedBlend(IReadOnlyList<double> Weights, Func<IReadOnlyList<double[]>, double[]> Apply);

/// <summary>A way to blend: learns what it has to learn from rows with labels.</summary>
/// <param name="Name">As recipes and tables call it.</param>
/// <param name="Fit">From n*K probabilities of each member, n labels and K.</param>
public sealed record BlendMethod(string Name, Func<IReadOnlyList<double[]>, int[], int, FittedBlend> Fit)
{
    /// <summary>The one member that scores best.</summary>
    public static BlendMethod Best(BlendMetric metric) => new("best", (members, labels, classes) =>
    {
        var best = HillClimb.Of(members, labels, classes, metric, rounds: 0).Trace[0].Member;
        return new([.. members.Select((_, m) => m == best ? 1.0 : 0)], all => all[best]);
    });

    /// <summary>A plain average; learns nothing.</summary>
    public static BlendMethod Plain(BlendKind kind) => new(kind.ToString().ToLowerInvariant(), (members, _, classes) => Weighted(kind, [.. members.Select(_ => 1.0 / members.Count)], classes));

    /// <summary>Weights of <see cref="Ensembling.HillClimb"/> up to its best selection, for the mean.</summary>
    public static BlendMethod HillClimbing(BlendMetric metric, int rounds = Ensembling.HillClimb.UsualRounds) => new("hill-climb", (members, labels, classes) =>
    {
        var climb = HillClimb.Of(members, labels, classes, metric, rounds);
        return Weighted(BlendKind.Mean, climb.Weights(members.Count, climb.BestPrefix(metric)), classes);
    });

    /// <summary>Weights of <see cref="NonNegativeStack"/> for the mean.</summary>
    public static BlendMethod Stack { get; } = new("stack", (members, labels, classes) => Weighted(BlendKind.Mean, NonNegativeStack.Weights(members, labels, classes), classes));

    /// <summary><see cref="LogisticStack"/>.</summary>
    /// <param name="perClass">A weight for each member and class.</param>
    public static BlendMethod Logistic(bool perClass = false) => new(perClass ? "logistic-per-class" : "logistic", (members, labels, classes) =>
    {
        var stack = LogisticStack.Fit(members, labels, classes, perClass);
        return new(stack.Weights, stack.Apply);
    });

    static FittedBlend Weighted(BlendKind kind, double[] weights, int classes) => new(weights, members => Blend.Average(kind, [.. members], weights, classes));
}
