using Tutti.Predictions;

namespace Tutti.Labels;

/// <summary>How much each member's score counts.</summary>
public enum MemberWeights
{
    Uniform,

    /// <summary>In proportion to its accuracy on the given labels.</summary>
    Accuracy,

    /// <summary>By exp(-t * log-loss), with the t whose weighted mean of probabilities has the lowest log-loss.</summary>
    LogLossSearch,
}

/// <summary>Label quality by several models (members, seeds) of the same rows and classes.</summary>
public static class MemberEnsemble
{
    static readonly double[] searched = [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 200];
    const double Least = 1e-6;

    /// <summary>The weighted mean of each member's scores.</summary>
    /// <param name="members">n*k probabilities each.</param>
    /// <param name="labels">Given labels.</param>
    /// <param name="k">The number of classes.</param>
    /// <param name="weights">One for each member, see <see cref="Weights"/>.</param>
    /// <param name="method">The score.</param>
    /// <param name="adjusted">As in <see cref="LabelAudit{T}.Quality"/>.</param>
    public static double[] Quality(IReadOnlyList<double[]> members, int[] labels, int k, IReadOnlyList<double> weights, LabelQuality method = LabelQuality.SelfConfidence, bool adjusted = false)
    {
        if (weights.Count != members.Count) throw new ArgumentException($"{weights.Count} weights for {members.Count} members", nameof(weights));
        var scores = new double[labels.Length];
        for (var m = 0; m < members.Count; m++)
        {
            var own = LabelAudit.Of(ProbabilityRows.Of(members[m], k), labels).Quality(method, adjusted);
            for (var row = 0; row < scores.Length; row++) scores[row] += weights[m] * own[row];
        }
        return scores;
    }

    /// <summary>The members' weights, summing to 1.</summary>
    public static double[] Weights(IReadOnlyList<double[]> members, int[] labels, int k, MemberWeights kind) => kind switch
    {
        MemberWeights.Uniform => Share([.. members.Select(_ => 1.0)]),
        MemberWeights.Accuracy => Share([.. members.Select(member => (double)Enumerable.Range(0, labels.Length).Count(row => Vote(member, row, k) == labels[row]))]),
        _ => Search(members, labels, k),
    };

    /// <summary>How many members say that a row is of each class.</summary>
    public static int[] Votes(IReadOnlyList<double[]> members, int row, int k)
    {
        var votes = new int[k];
        foreach (var member in members) votes[Vote(member, row, k)]++;
        return votes;
    }

    static int Vote(double[] member, int row, int k) => PredictionSet.ArgMax(member.AsSpan(row * k, k));

    static double[] Search(IReadOnlyList<double[]> members, int[] labels, int k)
    {
        double[] losses = [.. members.Select(member => LogLoss(Clipped(member, k), labels, k))];
        var (best, lowest) = (Array.Empty<double>(), double.PositiveInfinity);
        foreach (var t in searched)
        {
            // The least loss is taken away so that no weight is lost to underflow; shares stay the same.
            var weights = Share([.. losses.Select(loss => Math.Exp(-t * (loss - losses.Min())))]);
            var mean = new double[labels.Length * k];
            for (var m = 0; m < members.Count; m++)
                for (var i = 0; i < mean.Length; i++) mean[i] += weights[m] * members[m][i];
            var loss = LogLoss(mean, labels, k);
            if (loss < lowest) (best, lowest) = (weights, loss);
        }
        return best.Length > 0 ? best : Share([.. members.Select(_ => 1.0)]);
    }

    static double[] Clipped(double[] values, int k)
    {
        double[] clipped = [.. values.Select(p => Math.Max(p, Least))];
        for (var row = 0; row < clipped.Length; row += k)
        {
            var sum = 0.0;
            for (var i = row; i < row + k; i++) sum += clipped[i];
            for (var i = row; i < row + k; i++) clipped[i] /= sum;
        }
        return clipped;
    }

    static double LogLoss(double[] values, int[] labels, int k)
    {
        var (least, loss) = (double.BitIncrement(1) - 1, 0.0);
        for (var row = 0; row < labels.Length; row++) loss -= Math.Log(Math.Clamp(values[(row * k) + labels[row]], least, 1 - least));
        return loss / labels.Length;
    }

    static double[] Share(double[] weights) => weights.Sum() is > 0 and var sum ? [.. weights.Select(weight => weight / sum)] : [.. weights.Select(_ => 1.0 / weights.Length)];
}
