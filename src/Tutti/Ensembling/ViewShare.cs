using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>
/// How much the mean over several views of a row counts beside its plain prediction: the share of least log-loss, from 0 to 1. Every row is scored with a share fitted to the other
/// folds' rows; where that gains nothing the share is 0.
/// </summary>
/// <param name="Weight">Fitted to all rows: for rows to come.</param>
/// <param name="ByFold">The share that each fold's rows are scored with, fitted to the others; with a single fold, to the same rows.</param>
/// <param name="Predictions">The plain predictions with their share of the views'.</param>
/// <param name="LogLoss">Log-loss of the plain predictions less that of these: above 0 is a gain.</param>
/// <param name="Accuracy">Accuracy of these less that of the plain predictions.</param>
public sealed record ViewShare(double Weight, IReadOnlyDictionary<int, double> ByFold, PredictionSet Predictions, PairedResult LogLoss, PairedResult Accuracy)
{
    const double Smallest = 1e-15, Exact = 1e-6;

    /// <summary>The rows were scored with shares that they had no part in.</summary>
    public bool Nested => ByFold.Count > 1;

    /// <param name="plain">Out-of-fold predictions of rows with labels and folds.</param>
    /// <param name="views">The means over views of the same rows, in the same order.</param>
    public static ViewShare Fit(PredictionSet plain, PredictionSet views)
    {
        if (!plain.Ids.SequenceEqual(views.Ids) || !plain.Classes.SequenceEqual(views.Classes)) throw new ArgumentException("plain predictions and those over views are of other rows or classes", nameof(views));
        var (labels, k) = (plain.Labels ?? throw new ArgumentException("there are no labels to fit to", nameof(plain)), plain.K);
        var folds = plain.Folds ?? new int[plain.Count];
        double Share(Func<int, bool> of) => Best([.. Enumerable.Range(0, plain.Count).Where(row => labels[row] >= 0 && of(row)).Select(row => (plain.Row(row)[labels[row]], views.Row(row)[labels[row]]))]);
        var (all, byFold) = ByFolds(folds, Share);
        var mixed = Mixed(plain, views, row => byFold[folds[row]]);
        if (Gain(plain, mixed).Difference.Value > 0) return Of(all, byFold, mixed);
        return Of(0, None(byFold), plain);

        ViewShare Of(double weight, Dictionary<int, double> shares, PredictionSet set) => new(weight, shares, set, Gain(plain, set), PairedTest.Bootstrap(Right(set), Right(plain)));
    }

    /// <summary>The share that some rows give, fitted to all rows, and for each fold to those of the others.</summary>
    internal static (double All, Dictionary<int, double> ByFold) ByFolds(int[] folds, Func<Func<int, bool>, double> share)
    {
        var (all, parts) = (share(_ => true), folds.Distinct().Order().ToArray());
        return (all, parts.ToDictionary(fold => fold, fold => parts.Length == 1 ? all : share(row => folds[row] != fold)));
    }

    /// <summary>No share in any fold.</summary>
    internal static Dictionary<int, double> None(Dictionary<int, double> byFold) => byFold.Keys.ToDictionary(fold => fold, _ => 0.0);

    /// <summary>The plain predictions with a share of the views'.</summary>
    public static PredictionSet Mixed(PredictionSet plain, PredictionSet views, Func<int, double> share)
    {
        var values = new double[plain.Probabilities.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var weight = share(i / plain.K);
            values[i] = weight == 0 ? plain.Probabilities[i] : ((1 - weight) * plain.Probabilities[i]) + (weight * views.Probabilities[i]);
        }
        return new(plain.Ids, plain.Classes, values, plain.Labels, plain.Folds);
    }

    /// <summary>The share of least log-loss of the probabilities that the labels have; the loss is convex in it, so its slope changes sign once.</summary>
    internal static double Best(IReadOnlyList<(double Plain, double Views)> rows) => Best(share => rows.Sum(row => Slope(row.Plain, row.Views, share)));

    /// <summary>How fast -log of a probability grows with the share of the views.</summary>
    internal static double Slope(double plain, double views, double share) => -(views - plain) / Math.Max(((1 - share) * plain) + (share * views), Smallest);

    /// <summary>Where a convex loss is least, whose slope at a share is given.</summary>
    internal static double Best(Func<double, double> slope)
    {
        if (slope(0) >= 0) return 0;
        if (slope(1) <= 0) return 1;
        var (low, high) = (0.0, 1.0);
        while (high - low > Exact)
        {
            var middle = (low + high) / 2;
            if (slope(middle) > 0) high = middle;
            else low = middle;
        }
        return (low + high) / 2;
    }

    static PairedResult Gain(PredictionSet plain, PredictionSet mixed) => PairedTest.Bootstrap(Losses(plain), Losses(mixed));

    static double[] Losses(PredictionSet set) => [.. Labelled(set).Select(row => -Math.Log(Math.Max(set.Row(row)[set.Labels![row]], Smallest)))];

    static double[] Right(PredictionSet set) => [.. Labelled(set).Select(row => set.Predicted(row) == set.Labels![row] ? 1.0 : 0)];

    static IEnumerable<int> Labelled(PredictionSet set) => Enumerable.Range(0, set.Count).Where(row => set.Labels![row] >= 0);
}
