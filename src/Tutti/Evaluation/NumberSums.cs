namespace Tutti.Evaluation;

/// <summary>What the scores of predicted numbers are made of, of all rows or of a resample: sums of true (t) and predicted (p) numbers, each less a number that makes them small.</summary>
/// <param name="Rows">Their number.</param>
/// <param name="Miss">Of t - p.</param>
/// <param name="Absolute">Of |t - p|.</param>
/// <param name="Squared">Of (t - p) squared.</param>
/// <param name="Spearman">The rank correlation, which is no sum.</param>
readonly record struct NumberSums(double Rows, double Miss, double Absolute, double Squared, double T, double TT, double P, double PP, double TP, double Spearman)
{
    /// <summary>Sums of a row, in the order of the constructor.</summary>
    public const int Cells = 8;

    /// <summary>The place of the mean absolute error among the scores.</summary>
    public const int MeanAbsoluteError = 1;

    static readonly string[] usual = ["RMSE", "MAE", "R2", "Spearman"];

    /// <summary>Names of the scores in the order of <see cref="Values"/>.</summary>
    public static IReadOnlyList<string> Names(MetricChoice metrics) => metrics == MetricChoice.All ? [.. usual, "MSE", "explained variance", "Pearson"] : usual;

    public double[] Values(MetricChoice metrics)
    {
        var error = Squared / Rows;
        var (varianceT, varianceP) = (Variance(T, TT), Variance(P, PP));
        double[] scores = [Math.Sqrt(error), Absolute / Rows, Regression.Explained(error, varianceT), Spearman];
        return metrics == MetricChoice.All ? [.. scores, error, Regression.Explained(Variance(Miss, Squared), varianceT),
            Math.Clamp(((TP / Rows) - (T / Rows * (P / Rows))) / (Math.Sqrt(varianceT) * Math.Sqrt(varianceP)), -1, 1)] : scores;
    }

    // What rounding leaves of equal numbers is no variance.
    double Variance(double sum, double squares) => squares / Rows is var mean && mean - (sum / Rows * (sum / Rows)) is var value && value > 1e-14 * mean ? value : 0;
}
