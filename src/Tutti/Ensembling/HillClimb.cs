using System.Numerics.Tensors;

namespace Tutti.Ensembling;

/// <summary>One selection of a hill climb.</summary>
/// <param name="Member">Who was added.</param>
/// <param name="Score">Of the mean of all selections so far.</param>
public readonly record struct Selection(int Member, double Score);

/// <summary>
/// Greedy forward selection with replacement (Caruana et al. 2004, "Ensemble selection from libraries of models"): begins with the best member, and adds
/// in each round the member whose addition gives the best mean; a member's weight is how often it was chosen. The lowest index wins ties.
/// </summary>
/// <param name="Trace">The selections in their order.</param>
public sealed record HillClimb(IReadOnlyList<Selection> Trace)
{
    /// <summary>Rounds after the first selection.</summary>
    public const int UsualRounds = 20;

    /// <param name="members">n*K probabilities of each, same rows and classes.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    /// <param name="metric">What counts as better.</param>
    /// <param name="rounds">Selections after the first.</param>
    /// <exception cref="ArgumentException">No members or no rows.</exception>
    public static HillClimb Of(IReadOnlyList<double[]> members, int[] labels, int classes, BlendMetric metric = BlendMetric.LogLoss, int rounds = UsualRounds)
    {
        if (members.Count == 0 || labels.Length == 0) throw new ArgumentException($"got {members.Count} members of {labels.Length} rows, expected some of both");
        var (sum, trace, scores) = (new double[labels.Length * classes], new List<Selection>(), new double[members.Count]);
        for (var round = 0; round <= rounds; round++)
        {
            Parallel.For(0, members.Count, m =>
            {
                var mean = new double[sum.Length];
                TensorPrimitives.Add<double>(sum, members[m], mean);
                TensorPrimitives.Divide<double>(mean, round + 1, mean);
                scores[m] = metric.Of(mean, labels, classes);
            });
            var best = 0;
            for (var m = 1; m < scores.Length; m++)
                if (metric.Better(scores[m], scores[best])) best = m;
            TensorPrimitives.Add<double>(sum, members[best], sum);
            trace.Add(new(best, scores[best]));
        }
        return new(trace);
    }

    /// <summary>Weights of all selections, summing to 1.</summary>
    /// <param name="members">How many there are.</param>
    /// <param name="selections">Counts the first so many only; null for all.</param>
    public double[] Weights(int members, int? selections = null)
    {
        var (weights, used) = (new double[members], selections ?? Trace.Count);
        foreach (var selection in Trace.Take(used)) weights[selection.Member] += 1;
        for (var m = 0; m < members; m++) weights[m] /= used;
        return weights;
    }

    /// <summary>Selections up to the first that has the best score.</summary>
    public int BestPrefix(BlendMetric metric)
    {
        var best = 0;
        for (var i = 1; i < Trace.Count; i++)
            if (metric.Better(Trace[i].Score, Trace[best].Score)) best = i;
        return best + 1;
    }
}
