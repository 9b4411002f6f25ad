using System.Numerics.Tensors;

namespace Tutti.Ensembling;

/// <summary>
/// Stacking by logistic regression (Wolpert 1992): logits are sums over the members of a weight times the logarithms of their probabilities, plus an intercept per
/// class. A weight for each member or, where asked, for each member and class. An L2 penalty draws the weights towards the geometric mean of all.
/// </summary>
public sealed class LogisticStack
{
    const double Smallest = 1e-15, Penalty = 1, Tolerance = 1e-6;
    const int Iterations = 300;

    readonly double[] parameters;                             // weights (members, K or 1), then K intercepts
    readonly int members, classes;
    readonly bool perClass;

    LogisticStack(double[] parameters, int members, int classes, bool perClass) => (this.parameters, this.members, this.classes, this.perClass) = (parameters, members, classes, perClass);

    /// <summary>The weights by member, a mean over the classes where each has its own.</summary>
    public double[] Weights => [.. Enumerable.Range(0, members).Select(m => perClass ? parameters.AsSpan(m * classes, classes).ToArray().Average() : parameters[m])];

    /// <summary>The same as a blend: a geometric one with these weights, and intercepts.</summary>
    public FittedBlend Fitted => new(BlendKind.Geometric, classes, Weights)
    {
        ClassWeights = perClass ? [.. Enumerable.Range(0, members).Select(m => parameters[(m * classes)..((m + 1) * classes)])] : null,
        Intercepts = parameters[^classes..],
    };

    /// <param name="members">n*K probabilities of each, same rows and classes.</param>
    /// <param name="labels">n class indices.</param>
    /// <param name="classes">K.</param>
    /// <param name="perClass">A weight for each member and class.</param>
    /// <exception cref="ArgumentException">No members or no rows.</exception>
    public static LogisticStack Fit(IReadOnlyList<double[]> members, int[] labels, int classes, bool perClass = false)
    {
        if (members.Count == 0 || labels.Length == 0) throw new ArgumentException($"got {members.Count} members of {labels.Length} rows, expected some of both");
        var logs = Logs(members);
        var weights = members.Count * (perClass ? classes : 1);
        var start = new double[weights + classes];
        var even = 1.0 / members.Count;                       // the geometric mean
        start.AsSpan(0, weights).Fill(even);
        Lbfgs.Minimise((point, gradient) =>
        {
            var stack = new LogisticStack(point, members.Count, classes, perClass);
            Array.Clear(gradient);
            var (loss, scores) = (0.0, new double[classes]);
            for (var row = 0; row < labels.Length; row++)
            {
                stack.Scores(logs, row, scores);
                var high = TensorPrimitives.Max<double>(scores);
                var own = scores[labels[row]];
                var total = 0.0;
                for (var k = 0; k < classes; k++) total += scores[k] = Math.Exp(scores[k] - high);
                loss += high + Math.Log(total) - own;
                for (var k = 0; k < classes; k++)
                {
                    var residual = (scores[k] / total) - (k == labels[row] ? 1 : 0);
                    gradient[weights + k] += residual;
                    for (var m = 0; m < logs.Length; m++) gradient[perClass ? (m * classes) + k : m] += residual * logs[m][(row * classes) + k];
                }
            }
            for (var i = 0; i < weights; i++)
            {
                loss += Penalty * (point[i] - even) * (point[i] - even) / 2;
                gradient[i] += Penalty * (point[i] - even);
            }
            return loss;
        }, start, Tolerance * labels.Length, Iterations);
        return new(start, members.Count, classes, perClass);
    }

    /// <summary>n*K probabilities of members in the order they were fitted in.</summary>
    public double[] Apply(IReadOnlyList<double[]> members)
    {
        var (logs, result) = (Logs(members), new double[members[0].Length]);
        for (var row = 0; row < result.Length / classes; row++)
        {
            var to = result.AsSpan(row * classes, classes);
            Scores(logs, row, to);
            TensorPrimitives.SoftMax<double>(to, to);
        }
        return result;
    }

    void Scores(double[][] logs, int row, Span<double> scores)
    {
        parameters.AsSpan(parameters.Length - classes).CopyTo(scores);
        for (var m = 0; m < logs.Length; m++)
            for (var k = 0; k < classes; k++) scores[k] += parameters[perClass ? (m * classes) + k : m] * logs[m][(row * classes) + k];
    }

    static double[][] Logs(IReadOnlyList<double[]> members) => [.. members.Select(member => Array.ConvertAll(member, p => Math.Log(Math.Clamp(p, Smallest, 1))))];
}
