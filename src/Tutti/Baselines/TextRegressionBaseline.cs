namespace Tutti.Baselines;

/// <summary>The baseline that a text model has to beat at numbers: TF-IDF of words and ridge regression, with scikit-learn's defaults.</summary>
public static class TextRegressionBaseline
{
    /// <summary>The number of every row by a model of the rows of all other folds.</summary>
    /// <param name="texts">n</param>
    /// <param name="targets">A number for each; NaN: nothing is learnt from it.</param>
    /// <param name="folds">The fold that holds each row out; -1 is held out by none: always learnt from, its result is 0.</param>
    public static double[] OutOfFold(IReadOnlyList<string> texts, IReadOnlyList<double> targets, IReadOnlyList<int> folds)
    {
        if (targets.Count != texts.Count || folds.Count != texts.Count) throw new ArgumentException($"got {texts.Count} texts, {targets.Count} numbers and {folds.Count} folds");
        var counts = WordCounts.Of(texts).Counts;
        var result = new double[texts.Count];
        foreach (var fold in folds.Where(fold => fold >= 0).Distinct().Order())
        {
            int[] others = [.. Enumerable.Range(0, texts.Count).Where(row => folds[row] != fold && !double.IsNaN(targets[row]))];
            var x = TfIdf.Of(counts, others);
            var model = RidgeRegression.Fit(x, others, [.. targets]);
            for (var row = 0; row < result.Length; row++)
                if (folds[row] == fold) result[row] = model.Predict(x, row);
        }
        return result;
    }
}
