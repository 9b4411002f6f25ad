namespace Tutti.Baselines;

/// <summary>
/// Term frequency times inverse document frequency, rows scaled to length 1, with scikit-learn's TfidfVectorizer defaults: idf = ln((1 + n) / (1 + df)) + 1 over
/// the training texts; a word that none of them has counts nothing.
/// </summary>
static class TfIdf
{
    /// <param name="counts">Words of all texts.</param>
    /// <param name="training">The texts that document frequencies are taken from.</param>
    /// <returns>A row for every text, those outside of <paramref name="training"/> too.</returns>
    public static SparseRows Of(SparseRows counts, IReadOnlyCollection<int> training)
    {
        var frequency = new int[counts.Columns];
        foreach (var row in training)
            for (var at = counts.Starts[row]; at < counts.Starts[row + 1]; at++) frequency[counts.Indices[at]]++;
        var idf = Array.ConvertAll(frequency, df => df == 0 ? 0 : Math.Log((1.0 + training.Count) / (1 + df)) + 1);
        var values = new double[counts.Values.Length];
        Parallel.For(0, counts.Rows, row =>
        {
            var squares = 0.0;
            for (var at = counts.Starts[row]; at < counts.Starts[row + 1]; at++)
            {
                values[at] = counts.Values[at] * idf[counts.Indices[at]];
                squares += values[at] * values[at];
            }
            if (squares == 0) return;
            var factor = 1 / Math.Sqrt(squares);
            for (var at = counts.Starts[row]; at < counts.Starts[row + 1]; at++) values[at] *= factor;
        });
        return counts with { Values = values };
    }
}
