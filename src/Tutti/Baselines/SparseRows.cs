namespace Tutti.Baselines;

/// <summary>A matrix with few values in each row: row i holds the values and their columns from Starts[i] to Starts[i+1], columns rising.</summary>
/// <param name="Columns">Width of the matrix.</param>
/// <param name="Starts">(rows+1)</param>
/// <param name="Indices">Column of each value.</param>
/// <param name="Values">As many.</param>
sealed record SparseRows(int Columns, int[] Starts, int[] Indices, double[] Values)
{
    public int Rows => Starts.Length - 1;

    /// <summary>The same values column by column: "rows" are columns and the other way round.</summary>
    public SparseRows Transposed()
    {
        var starts = new int[Columns + 1];
        foreach (var column in Indices) starts[column + 1]++;
        for (var c = 0; c < Columns; c++) starts[c + 1] += starts[c];
        var (next, indices, values) = (starts[..^1], new int[Indices.Length], new double[Values.Length]);
        for (var row = 0; row < Rows; row++)
            for (var at = Starts[row]; at < Starts[row + 1]; at++)
            {
                var place = next[Indices[at]]++;
                (indices[place], values[place]) = (row, Values[at]);
            }
        return new(Rows, starts, indices, values);
    }
}
