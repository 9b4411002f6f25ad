using System.Numerics.Tensors;

namespace Tutti.Labels;

/// <summary>How a row's probabilities say that it is like what a model was trained on.</summary>
public enum ProbabilityOutlier
{
    /// <summary>1 less the entropy as a share of the largest possible one.</summary>
    Entropy,

    /// <summary>The largest probability.</summary>
    LeastConfidence,

    /// <summary>1 less the mean of (q (1 - q)) ^ 0.1 over the 100 largest q, the softmax of the probabilities (Liu, Lochman and Zach, CVPR 2023).</summary>
    GeneralizedEntropy,
}

/// <summary>
/// How usual rows are by the mean distance to their nearest neighbours (Kuan and Mueller 2022): exp(-t * mean / scale), 1 at best. The scale is the
/// median of the rows that were fitted.
/// </summary>
public sealed class OutlierScores
{
    const double LeastScale = 100 * 2.220446049250313e-16;

    /// <summary>How many nearest rows usually count.</summary>
    internal const int Neighbours = 10;

    readonly double[] features;
    readonly int dimension, neighbours;
    readonly RowDistance distance;
    readonly double t;

    /// <summary>Fits on rows, and scores these: each by its nearest other rows.</summary>
    /// <param name="features">n*dimension numbers, such as embeddings; kept.</param>
    /// <param name="dimension">Numbers of a row.</param>
    /// <param name="neighbours">How many nearest rows count.</param>
    /// <param name="distance">Null for the usual one: <see cref="NearestRows.Usual"/>.</param>
    /// <param name="t">A larger one spreads the scores more.</param>
    public OutlierScores(double[] features, int dimension, int neighbours = Neighbours, RowDistance? distance = null, double t = 1)
    {
        ArgumentNullException.ThrowIfNull(features);
        (this.features, this.dimension, this.neighbours, this.distance, this.t) = (features, dimension, neighbours, distance ?? NearestRows.Usual(dimension), t);
        Nearest = NearestRows.Of(features, dimension, neighbours, this.distance);
        if (Nearest.Rows.Length < 2) throw new ArgumentException($"{Nearest.Rows.Length} rows; expected at least two", nameof(features));
        double[] means = [.. Nearest.Distances.Select(row => row.Average())];
        Scale = ScaleOf(means);
        Fitted = [.. means.Select(ScoreOf)];
    }

    /// <summary>The scale of rows with these mean distances.</summary>
    internal static double ScaleOf(IReadOnlyCollection<double> means) => Math.Max(Median(means), LeastScale);

    /// <summary>The usual score of a row with this mean distance.</summary>
    internal static double Of(double mean, double scale, double t = 1) => Math.Exp(-t * mean / scale);

    internal static double Median(IReadOnlyCollection<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The neighbours of the fitted rows.</summary>
    public NearestRows Nearest { get; }

    public double Scale { get; }

    /// <summary>Scores of the fitted rows.</summary>
    public double[] Fitted { get; }

    /// <summary>Scores of other rows by their nearest fitted ones. A fitted row asked for again finds itself, and scores higher than in <see cref="Fitted"/>.</summary>
    public double[] Score(double[] others) => [.. NearestRows.Of(features, dimension, neighbours, distance, others).Distances.Select(row => ScoreOf(row.Average()))];

    /// <summary>Scores from probabilities alone.</summary>
    /// <param name="probabilities">n*k numbers.</param>
    /// <param name="k">The number of classes.</param>
    /// <param name="method">The score.</param>
    /// <param name="thresholds">Of each class, to take away first (see <see cref="ConfidentJoint.Thresholds"/>), or null.</param>
    public static double[] OfProbabilities(double[] probabilities, int k, ProbabilityOutlier method, double[]? thresholds = null)
    {
        var scores = new double[probabilities.Length / k];
        var buffer = new double[k];
        for (var row = 0; row < scores.Length; row++)
        {
            var p = probabilities.AsSpan(row * k, k).ToArray();
            if (thresholds is not null) QualityScores.Adjust(p, thresholds);
            scores[row] = method switch
            {
                ProbabilityOutlier.Entropy => 1 - QualityScores.NormalizedEntropy(p, buffer),
                ProbabilityOutlier.LeastConfidence => TensorPrimitives.Max<double>(p),
                _ => Generalized(p),
            };
        }
        return scores;
    }

    double ScoreOf(double mean) => Of(mean, Scale, t);

    static double Generalized(double[] p)
    {
        const int Most = 100;
        const double Gamma = 0.1;
        TensorPrimitives.SoftMax<double>(p, p);
        return 1 - (p.OrderDescending().Take(Most).Sum(q => Math.Pow(q * (1 - q), Gamma)) / Most);
    }
}
