namespace Tutti.Baselines;

/// <summary>
/// The same rows with fewer columns, for a model whose weights carry an L2 penalty. A column with one value, in row i, gets a weight in proportion to that
/// value at the minimum (its derivative is value * residual of row i + weight), so all such columns of a row act as one, as long as all of them together. A
/// column without values gets weight 0. More than half of the words of a collection stand in one text only.
/// </summary>
sealed class FewerColumns
{
    const int None = -1;

    readonly int[] place;                                     // the column that stands for each, or None
    readonly double[] share;                                  // of that one's weight
    readonly int columns;

    FewerColumns(int[] place, double[] share, int columns) => (this.place, this.share, this.columns) = (place, share, columns);

    /// <param name="x">Rows with rising columns.</param>
    /// <param name="rows">The rows with the columns that are left.</param>
    public static FewerColumns Of(SparseRows x, out SparseRows rows)
    {
        var values = new int[x.Columns];
        foreach (var column in x.Indices) values[column]++;
        var (place, share, next) = (new int[x.Columns], new double[x.Columns], 0);
        for (var column = 0; column < x.Columns; column++)
            (place[column], share[column]) = values[column] > 1 ? (next++, 1) : (None, 0);

        var starts = new int[x.Rows + 1];
        var (indices, kept) = (new List<int>(x.Indices.Length), new List<double>(x.Indices.Length));
        for (var row = 0; row < x.Rows; row++)
        {
            var squares = 0.0;
            for (var at = x.Starts[row]; at < x.Starts[row + 1]; at++)
                if (values[x.Indices[at]] == 1) squares += x.Values[at] * x.Values[at];
                else
                {
                    indices.Add(place[x.Indices[at]]);
                    kept.Add(x.Values[at]);
                }
            if (squares > 0)
            {
                var length = Math.Sqrt(squares);
                for (var at = x.Starts[row]; at < x.Starts[row + 1]; at++)
                    if (values[x.Indices[at]] == 1) (place[x.Indices[at]], share[x.Indices[at]]) = (next, x.Values[at] / length);
                indices.Add(next++);
                kept.Add(length);
            }
            starts[row + 1] = indices.Count;
        }
        rows = new(next, starts, [.. indices], [.. kept]);
        return new(place, share, next);
    }

    /// <summary>Weights (columns+1, logits), the last row intercepts, for the columns that were given first.</summary>
    public double[] Spread(double[] weights, int logits)
    {
        var all = new double[(place.Length + 1) * logits];
        for (var column = 0; column < place.Length; column++)
            for (var k = 0; k < logits && place[column] != None; k++) all[(column * logits) + k] = weights[(place[column] * logits) + k] * share[column];
        Array.Copy(weights, columns * logits, all, place.Length * logits, logits);
        return all;
    }
}
