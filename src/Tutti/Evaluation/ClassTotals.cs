namespace Tutti.Evaluation;

/// <summary>Per class how many rows are right, truly of it and predicted as it: all that accuracy, recall, F and Matthews' correlation need of a confusion matrix.</summary>
sealed record ClassTotals(double[] Right, double[] Truth, double[] Predicted, double All)
{
    /// <summary>Of the counts of a confusion matrix, K*K row by row.</summary>
    public static ClassTotals Of(double[] counts, int classes)
    {
        var (right, truth, predicted, all) = (new double[classes], new double[classes], new double[classes], 0.0);
        for (var t = 0; t < classes; t++)
            for (var p = 0; p < classes; p++)
            {
                var count = counts[(t * classes) + p];
                if (t == p) right[t] = count;
                truth[t] += count;
                predicted[p] += count;
                all += count;
            }
        return new(right, truth, predicted, all);
    }

    /// <summary>Rows predicted right.</summary>
    public double Correct => Right.Sum();

    public double Accuracy => Correct / All;

    /// <summary>As <see cref="Metrics.BalancedAccuracy"/>.</summary>
    public double BalancedAccuracy(bool adjusted = false)
    {
        var present = Enumerable.Range(0, Truth.Length).Where(k => Truth[k] > 0).ToArray();
        var mean = present.Average(k => Right[k] / Truth[k]);
        var chance = 1.0 / present.Length;
        return adjusted ? (mean - chance) / (1 - chance) : mean;
    }

    public FScores FScores(double beta = 1, double zeroDivision = 0) => new(Right, Predicted, Truth, beta, zeroDivision);

    /// <summary>As <see cref="Metrics.F1MacroOfPresent"/>.</summary>
    public double F1MacroOfPresent => FScores().Mean(k => Truth[k] > 0 || Predicted[k] > 0 ? 1 : 0).F;

    /// <summary>As <see cref="Metrics.MatthewsCorrelation"/>.</summary>
    public double MatthewsCorrelation
    {
        get
        {
            var (both, predicted, truth, all) = (0.0, 0.0, 0.0, All * All);
            for (var k = 0; k < Truth.Length; k++)
            {
                both += Truth[k] * Predicted[k];
                predicted += Predicted[k] * Predicted[k];
                truth += Truth[k] * Truth[k];
            }
            var spread = (all - predicted) * (all - truth);
            return spread == 0 ? 0 : (Correct * All - both) / Math.Sqrt(spread);
        }
    }
}
