namespace Tutti.Labels;

/// <summary>Rounding of a matrix's rows to whole numbers that keep each row's rounded sum.</summary>
static class Rounding
{
    /// <summary>
    /// Each number to the nearest whole one (halves to even); what the sum then lacks is added, or what it has too much taken, one by one where
    /// rounding was furthest off. Of equals, the last column is raised first and the first lowered first.
    /// </summary>
    public static int[,] KeepingRowSums(double[,] matrix)
    {
        var (rows, columns) = (matrix.GetLength(0), matrix.GetLength(1));
        var whole = new int[rows, columns];
        var (values, remainders, order) = (new double[columns], new double[columns], new int[columns]);
        for (var i = 0; i < rows; i++)
        {
            var (sum, wholeSum) = (0.0, 0);
            for (var j = 0; j < columns; j++)
            {
                values[j] = Math.Round(matrix[i, j], MidpointRounding.ToEven);
                (remainders[j], order[j]) = (matrix[i, j] - values[j], j);
                whole[i, j] = (int)values[j];
                sum += matrix[i, j];
                wholeSum += whole[i, j];
            }
            var missing = (int)Math.Round(sum, MidpointRounding.ToEven) - wholeSum;
            if (missing == 0) continue;
            Array.Sort(order, (a, b) => remainders[a].CompareTo(remainders[b]) is var sign && sign != 0 ? sign : a.CompareTo(b));
            for (var step = 0; step < Math.Abs(missing); step++) whole[i, missing > 0 ? order[columns - 1 - (step % columns)] : order[step % columns]] += Math.Sign(missing);
        }
        return whole;
    }
}
