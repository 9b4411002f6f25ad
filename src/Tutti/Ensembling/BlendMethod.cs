namespace Tutti.Ensembling;


/// <summary>A way to blend: learns what it has to learn from rows with labels.</summary>
/// <param name="Name">As recipes and tables call it.</param>
/// <param name="Fit">From n*K probabilities of each member, n labels and K.</param>
/// <param name="Learns">Whether labels decide what comes out.</param>
public sealed record BlendMethod(string Name, Func<IReadOnlyList<double[]>, int[], int, FittedBlend> Fit, bool Learns = true)
{
    /// <summary>The one member that scores best.</summary>
    public static BlendMethod Best(BlendMetric metric) => new("best", (members, labels, classes) =>
    {
        var best = HillClimb.Of(members, labels, classes, metric, rounds: 0).Trace[0].Member;
        return new(BlendKind.Mean, classes, [.. members.Select((_, m) => m == best ? 1.0 : 0)]);
    });

    /// <summary>A plain average; learns nothing.</summary>
    /// <param name="kind">The mean, the geometric mean, or the mean of ranks, which are those among the rows it is given to learn from.</param>
    public static BlendMethod Plain(BlendKind kind) => new(kind.ToString().ToLowerInvariant(), (members, _, classes) => new(kind, classes, [.. members.Select(_ => 1.0 / members.Count)])
    {
        Ranks = kind == BlendKind.Rank ? [.. members.Select(member => RankScale.OfClasses(member, classes))] : null,
    }, Learns: false);

    /// <summary>Weights of <see cref="Ensembling.HillClimb"/> up to its best selection, for the mean.</summary>
    public static BlendMethod HillClimbing(BlendMetric metric, int rounds = Ensembling.HillClimb.UsualRounds) => new("hill-climb", (members, labels, classes) =>
    {
        var climb = HillClimb.Of(members, labels, classes, metric, rounds);
        return new(BlendKind.Mean, classes, climb.Weights(members.Count, climb.BestPrefix(metric)));
    });

    /// <summary>Weights of <see cref="NonNegativeStack"/> for the mean.</summary>
    public static BlendMethod Stack { get; } = new("stack", (members, labels, classes) => new(BlendKind.Mean, classes, NonNegativeStack.Weights(members, labels, classes)));

    /// <summary><see cref="LogisticStack"/>.</summary>
    /// <param name="perClass">A weight for each member and class.</param>
    public static BlendMethod Logistic(bool perClass = false) => new(perClass ? "logistic-per-class" : "logistic", (members, labels, classes) => LogisticStack.Fit(members, labels, classes, perClass).Fitted);

    /// <summary>
    /// Weights for each class of its own: the method is fitted to every class against all others; the rows of the result are scaled to sum 1. With two classes
    /// both ask the same question and nothing changes.
    /// </summary>
    /// <param name="method">One that gives weights for the mean.</param>
    public static BlendMethod PerClass(BlendMethod method) => new($"{method.Name}-per-class", (members, labels, classes) =>
    {
        var weights = members.Select(_ => new double[classes]).ToArray();
        Parallel.For(0, classes, k =>
        {
            var fitted = method.Fit([.. members.Select(member => OneAgainstAll(member, classes, k))], [.. labels.Select(label => label == k ? 1 : 0)], 2);
            for (var m = 0; m < weights.Length; m++) weights[m][k] = fitted.Weights[m];
        });
        return new(BlendKind.Mean, classes, [.. weights.Select(member => member.Average())]) { ClassWeights = weights };
    });

    /// <summary>
    /// The method fitted to a few members: added one by one, each time the one whose plain mean with those before scores best, until there are enough or no
    /// other is left that does not harm.
    /// </summary>
    /// <param name="method">What is fitted to them.</param>
    /// <param name="size">How many at most.</param>
    /// <param name="metric">What they are chosen by.</param>
    public static BlendMethod Subset(BlendMethod method, int size, BlendMetric metric) => new($"{method.Name} of at most {size}", (members, labels, classes) =>
    {
        var (chosen, score) = (new List<int>(), double.NaN);
        double Score(int m) => metric.Of(Blend.Average(BlendKind.Mean, [.. chosen.Append(m).Select(one => members[one])], [.. Enumerable.Repeat(1.0 / (chosen.Count + 1), chosen.Count + 1)], classes), labels, classes);
        while (chosen.Count < Math.Min(size, members.Count))
        {
            var (best, gained) = Enumerable.Range(0, members.Count).Where(m => !chosen.Contains(m)).Select(m => (m, Score(m))).Aggregate((a, b) => metric.Better(b.Item2, a.Item2) ? b : a);
            if (chosen.Count > 0 && metric.Better(score, gained)) break;
            chosen.Add(best);
            score = gained;
        }
        chosen.Sort();
        return method.Fit([.. chosen.Select(m => members[m])], labels, classes).Among([.. chosen], members.Count);
    });

    static double[] OneAgainstAll(double[] member, int classes, int k)
    {
        var result = new double[member.Length / classes * 2];
        for (var row = 0; row < result.Length / 2; row++) (result[2 * row], result[(2 * row) + 1]) = (1 - member[(row * classes) + k], member[(row * classes) + k]);
        return result;
    }
}
