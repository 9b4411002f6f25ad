namespace Tutti.Labels;

/// <summary>How likely the numbers given as labels are right, beside a model's predictions for rows that it was not trained on; 1 at best.</summary>
public static class RegressionQuality
{
    /// <summary>Makes the median of absolute deviations of normal noise its standard deviation.</summary>
    const double Normal = 1.4826;

    /// <summary>A <see cref="Relative"/> score below this is an issue: a residual of more than three times the usual one, which of normal noise one in 370 labels has.</summary>
    public static double Doubtful { get; } = Math.Exp(-3);

    /// <summary>exp(-|label - prediction|).</summary>
    public static double[] Residual(IReadOnlyList<double> labels, IReadOnlyList<double> predictions) => Scored(labels, predictions, 1);

    /// <summary>The same with residuals in units of their own usual size, so that the scores do not depend on the unit of the labels.</summary>
    public static double[] Relative(IReadOnlyList<double> labels, IReadOnlyList<double> predictions)
    {
        Check(labels, predictions);
        if (labels.Count == 0) return [];
        double[] sizes = [.. labels.Zip(predictions, (label, prediction) => Math.Abs(label - prediction)).Order()];
        var median = (sizes[(sizes.Length - 1) / 2] + sizes[sizes.Length / 2]) / 2;
        var scale = median > 0 ? median * Normal : sizes.Average();
        return Scored(labels, predictions, scale > 0 ? scale : 1);
    }

    static double[] Scored(IReadOnlyList<double> labels, IReadOnlyList<double> predictions, double scale)
    {
        Check(labels, predictions);
        return [.. labels.Zip(predictions, (label, prediction) => Math.Exp(-Math.Abs(label - prediction) / scale))];
    }

    static void Check(IReadOnlyList<double> labels, IReadOnlyList<double> predictions)
    {
        if (labels.Count != predictions.Count) throw new ArgumentException($"{labels.Count} labels for {predictions.Count} predictions", nameof(labels));
        for (var row = 0; row < labels.Count; row++)
            if (!double.IsFinite(labels[row]) || !double.IsFinite(predictions[row])) throw new ArgumentException($"row {row}: label {labels[row]}, prediction {predictions[row]}; expected finite numbers");
    }
}
