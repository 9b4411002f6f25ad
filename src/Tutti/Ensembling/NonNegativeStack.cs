namespace Tutti.Ensembling;

/// <summary>
/// The weights, none below 0 and summing to 1, whose mean of the members has the least log-loss: the mixture proportions of greatest likelihood, found by
/// expectation maximisation (Dempster et al. 1977), which only ever improves them. The problem is convex, so there is one answer.
/// </summary>
public static class NonNegativeStack
{
    const double Smallest = 1e-15, Converged = 1e-9;
    const int Iterations = 5000;

    /// <param name="members">n*K probabilities of each, same rows and classes.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    /// <exception cref="ArgumentException">No members or no rows.</exception>
    public static double[] Weights(IReadOnlyList<double[]> members, int[] labels, int classes)
    {
        if (members.Count == 0 || labels.Length == 0) throw new ArgumentException($"got {members.Count} members of {labels.Length} rows, expected some of both");
        double[][] given = [.. members.Select(member => labels.Select((label, row) => Math.Max(Smallest, member[(row * classes) + label])).ToArray())];
        var weights = Enumerable.Repeat(1.0 / members.Count, members.Count).ToArray();
        for (var i = 0; i < Iterations; i++)
        {
            var next = new double[weights.Length];
            for (var row = 0; row < labels.Length; row++)
            {
                var all = 0.0;
                for (var m = 0; m < weights.Length; m++) all += weights[m] * given[m][row];
                for (var m = 0; m < weights.Length; m++) next[m] += weights[m] * given[m][row] / all;
            }
            var moved = 0.0;
            for (var m = 0; m < weights.Length; m++)
            {
                next[m] /= labels.Length;
                moved = Math.Max(moved, Math.Abs(next[m] - weights[m]));
            }
            weights = next;
            if (moved < Converged) break;
        }
        return weights;
    }
}
