namespace Tutti.Baselines;

/// <summary>
/// The baseline that a text model has to beat: TF-IDF of words and logistic regression, fitted in seconds, with scikit-learn's TfidfVectorizer and
/// LogisticRegression defaults.
/// </summary>
public static class TextBaseline
{
    /// <summary>Class probabilities of texts by a model of other texts.</summary>
    /// <param name="training">Texts to learn from.</param>
    /// <param name="labels">A class, 0 to K-1, for each of them; a class that none has gets probability 0.</param>
    /// <param name="classes">K.</param>
    /// <param name="texts">Texts to predict.</param>
    /// <returns>(texts*K), row by row.</returns>
    public static double[] Predict(IReadOnlyList<string> training, IReadOnlyList<int> labels, int classes, IReadOnlyList<string> texts)
    {
        var counts = WordCounts.Of([.. training, .. texts]).Counts;
        return Predict(counts, [.. Enumerable.Range(0, training.Count)], [.. labels, .. new int[texts.Count]], classes, [.. Enumerable.Range(training.Count, texts.Count)], divide: true);
    }

    /// <summary>Class probabilities of every row by a model of the rows of all other folds.</summary>
    /// <param name="texts">n</param>
    /// <param name="labels">A class, 0 to K-1, for each; below 0 nothing is learnt from it.</param>
    /// <param name="classes">K.</param>
    /// <param name="folds">The fold that holds each row out; -1 is held out by none: always learnt from, its probabilities are 0.</param>
    /// <returns>(n*K), row by row.</returns>
    public static double[] OutOfFold(IReadOnlyList<string> texts, IReadOnlyList<int> labels, int classes, IReadOnlyList<int> folds)
    {
        if (labels.Count != texts.Count || folds.Count != texts.Count) throw new ArgumentException($"got {texts.Count} texts, {labels.Count} labels and {folds.Count} folds");
        var counts = WordCounts.Of(texts).Counts;
        var result = new double[texts.Count * classes];
        int[] all = [.. folds.Where(fold => fold >= 0).Distinct().Order()];
        // The folds are divided among the cores; where there are many more cores than folds, the rows of each too.
        var divide = Environment.ProcessorCount >= 2 * all.Length;
        var classOf = labels as int[] ?? [.. labels];
        Parallel.ForEach(all, fold =>
        {
            int[] held = [.. Enumerable.Range(0, texts.Count).Where(row => folds[row] == fold)], others = [.. Enumerable.Range(0, texts.Count).Where(row => folds[row] != fold && labels[row] >= 0)];
            var probabilities = Predict(counts, others, classOf, classes, held, divide);
            for (var i = 0; i < held.Length; i++) probabilities.AsSpan(i * classes, classes).CopyTo(result.AsSpan(held[i] * classes));
        });
        return result;
    }

    static double[] Predict(SparseRows counts, int[] training, int[] labels, int classes, int[] rows, bool divide)
    {
        if (training.Length == 0) throw new ArgumentException("there are no texts to learn from");
        // Classes that no training row has are left out of the fit, as scikit-learn's model does not know them.
        int[] known = [.. training.Select(row => labels[row]).Distinct().Order()];
        if (known[0] < 0 || known[^1] >= classes) throw new ArgumentException($"labels go from {known[0]} to {known[^1]}, expected 0 to {classes - 1}");
        var result = new double[rows.Length * classes];
        if (known.Length == 1)
        {
            for (var i = 0; i < rows.Length; i++) result[(i * classes) + known[0]] = 1;
            return result;
        }
        var x = TfIdf.Of(counts, training);
        var model = LogisticRegression.Fit(x, training, [.. labels.Select(label => Array.IndexOf(known, label))], known.Length, divide);
        var probabilities = model.Probabilities(x, rows);
        for (var i = 0; i < rows.Length; i++)
            for (var k = 0; k < known.Length; k++) result[(i * classes) + known[k]] = probabilities[(i * known.Length) + k];
        return result;
    }
}
