using Tutti.Evaluation;

namespace Tutti.Ensembling;

/// <summary>What a blend gained on rows that its weights were not learnt from; differences are positive where the blend is better.</summary>
/// <param name="Method">The blend.</param>
/// <param name="Probabilities">n*K, every row by weights of the other folds.</param>
/// <param name="Score">Of those, by the metric.</param>
/// <param name="OverBest">How much better by the metric than the best single member, which is chosen on the other folds too.</param>
/// <param name="OverMean">How much better than the plain mean.</param>
public sealed record BlendGain(BlendMethod Method, double[] Probabilities, double Score, PairedResult OverBest, PairedResult OverMean)
{
    /// <summary>The interval says that it beats the plain mean.</summary>
    public bool BeatsMean => OverMean.Difference.Low > 0;
}

/// <summary>
/// Blends judged honestly: weights that were chosen on the rows they are scored on always seem to gain. Here every row is predicted with weights learnt on the other
/// folds' rows, by members that did not see the row either.
/// </summary>
public static class NestedBlend
{
    /// <summary>n*K probabilities of a blend: of each fold's rows by what was fitted to all others.</summary>
    /// <param name="method">The blend.</param>
    /// <param name="members">n*K out-of-fold probabilities of each.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    /// <param name="folds">n fold numbers, at least two different ones.</param>
    /// <exception cref="ArgumentException">One fold only, or lengths that do not fit.</exception>
    public static double[] OutOfFold(BlendMethod method, IReadOnlyList<double[]> members, int[] labels, int classes, int[] folds)
    {
        var parts = folds.Distinct().Order().ToArray();
        if (folds.Length != labels.Length || parts.Length < 2) throw new ArgumentException($"got {folds.Length} rows in {parts.Length} folds for {labels.Length} labels, expected at least two folds of as many rows");
        var result = new double[labels.Length * classes];
        foreach (var fold in parts)
        {
            int[] held = [.. Enumerable.Range(0, folds.Length).Where(row => folds[row] == fold)], others = [.. Enumerable.Range(0, folds.Length).Where(row => folds[row] != fold)];
            var fitted = method.Fit([.. members.Select(member => Rows(member, others, classes))], [.. others.Select(row => labels[row])], classes);
            var blended = fitted.Apply([.. members.Select(member => Rows(member, held, classes))]);
            for (var i = 0; i < held.Length; i++) blended.AsSpan(i * classes, classes).CopyTo(result.AsSpan(held[i] * classes));
        }
        return result;
    }

    /// <summary>Judges methods beside the best single member and the plain mean, on the same rows.</summary>
    /// <param name="methods">What to judge.</param>
    /// <param name="members">n*K out-of-fold probabilities of each.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    /// <param name="folds">n fold numbers.</param>
    /// <param name="metric">What a score is, and the best member is chosen by.</param>
    /// <param name="seed">Of the intervals' resamples.</param>
    public static IReadOnlyList<BlendGain> Judge(IReadOnlyList<BlendMethod> methods, IReadOnlyList<double[]> members, int[] labels, int classes, int[] folds, BlendMetric metric = BlendMetric.LogLoss, ulong seed = 0)
    {
        var best = OutOfFold(BlendMethod.Best(metric), members, labels, classes, folds);
        var mean = OutOfFold(BlendMethod.Plain(BlendKind.Mean), members, labels, classes, folds);
        return [.. methods.Select(method =>
        {
            var probabilities = OutOfFold(method, members, labels, classes, folds);
            return new BlendGain(method, probabilities, metric.Of(probabilities, labels, classes), metric.Gain(probabilities, best, labels, classes, seed), metric.Gain(probabilities, mean, labels, classes, seed));
        })];
    }

    internal static double[] Rows(double[] member, int[] rows, int classes)
    {
        var chosen = new double[rows.Length * classes];
        for (var i = 0; i < rows.Length; i++) Array.Copy(member, rows[i] * classes, chosen, i * classes, classes);
        return chosen;
    }
}
