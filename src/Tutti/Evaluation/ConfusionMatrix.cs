using System.Globalization;
using System.Text;

namespace Tutti.Evaluation;

/// <summary>How many rows of each true class (first index) were predicted as each class (second index); sums of weights if rows are weighted.</summary>
public sealed class ConfusionMatrix
{
    readonly double[] counts;

    /// <param name="truth">True class of each row, 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="predicted">Predicted class of each row.</param>
    /// <param name="classes">K.</param>
    /// <param name="weights">Weight of each row; empty: 1 each.</param>
    /// <exception cref="ArgumentException">No rows, lengths that differ, or a class outside 0 to K-1.</exception>
    public ConfusionMatrix(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classes, ReadOnlySpan<double> weights = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        if (truth.IsEmpty) throw new ArgumentException("no rows to score", nameof(truth));
        if (predicted.Length != truth.Length) throw new ArgumentException($"{predicted.Length} predictions for {truth.Length} labels", nameof(predicted));
        if (!weights.IsEmpty && weights.Length != truth.Length)
            throw new ArgumentException($"{weights.Length} weights for {truth.Length} labels", nameof(weights));
        Classes = classes;
        counts = new double[classes * classes];
        for (var i = 0; i < truth.Length; i++)
        {
            if ((uint)truth[i] >= (uint)classes) throw new ArgumentException($"label {truth[i]} of row {i} is none of {classes} classes", nameof(truth));
            if ((uint)predicted[i] >= (uint)classes)
                throw new ArgumentException($"prediction {predicted[i]} of row {i} is none of {classes} classes", nameof(predicted));
            counts[truth[i] * classes + predicted[i]] += weights.IsEmpty ? 1 : weights[i];
        }
        Totals = ClassTotals.Of(counts, classes);
    }

    /// <summary>Of counts that are there already, K*K row by row; kept, not copied.</summary>
    internal ConfusionMatrix(double[] counts, int classes)
    {
        (this.counts, Classes) = (counts, classes);
        Totals = ClassTotals.Of(counts, classes);
    }

    /// <summary>K.</summary>
    public int Classes { get; }
    public double this[int truth, int predicted] => counts[truth * Classes + predicted];

    /// <summary>The share of a true class's rows that were predicted as a class: a row of these sums to 1, or is 0 where the class never occurs.</summary>
    public double ShareOfTrue(int truth, int predicted) => Share(this[truth, predicted], TrueTotals[truth]);

    /// <summary>The share of the rows predicted as a class that truly are of one: a column of these sums to 1, or is 0 where the class is never predicted.</summary>
    public double ShareOfPredicted(int truth, int predicted) => Share(this[truth, predicted], PredictedTotals[predicted]);

    static double Share(double part, double all) => all == 0 ? 0 : part / all;

    /// <summary>Rows of each true class.</summary>
    public double[] TrueTotals => Totals.Truth;

    /// <summary>Rows predicted as each class.</summary>
    public double[] PredictedTotals => Totals.Predicted;
    public double Total => Totals.All;

    /// <summary>Rows predicted right.</summary>
    public double Correct => Totals.Correct;

    /// <summary>All that the usual scores need.</summary>
    internal ClassTotals Totals { get; }

    /// <summary>A table: a line per true class, a column per predicted class, numbers aligned to the right.</summary>
    /// <param name="names">K class names.</param>
    public string ToText(IReadOnlyList<string> names)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(names.Count, Classes);
        const string Corner = "true \\ predicted";
        string Cell(int t, int p) => this[t, p].ToString("0.##", CultureInfo.InvariantCulture);
        var first = Math.Max(Corner.Length, names.Max(name => name.Length));
        var widths = names.Select((name, p) => Math.Max(name.Length, Enumerable.Range(0, Classes).Max(t => Cell(t, p).Length))).ToArray();
        var text = new StringBuilder(Corner.PadRight(first));
        for (var p = 0; p < Classes; p++) text.Append("  ").Append(names[p].PadLeft(widths[p]));
        text.Append('\n');
        for (var t = 0; t < Classes; t++)
        {
            text.Append(names[t].PadRight(first));
            for (var p = 0; p < Classes; p++) text.Append("  ").Append(Cell(t, p).PadLeft(widths[p]));
            text.Append('\n');
        }
        return text.ToString();
    }
}
