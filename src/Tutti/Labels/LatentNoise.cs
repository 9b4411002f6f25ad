namespace Tutti.Labels;

/// <summary>How the share of each true class is estimated from the counts.</summary>
public enum ClassShares
{
    /// <summary>Shares of the given labels times the ratio of the two noise matrices' diagonals.</summary>
    Counted,

    /// <summary>The linear equations of the noise matrix.</summary>
    Equations,

    /// <summary>Column sums of the counts.</summary>
    Marginal,

    /// <summary>The inverse noise matrix times the shares of the given labels.</summary>
    MarginalOfLabels,
}

/// <summary>What a confident joint says of classes that nobody sees: their shares, and how labels go wrong.</summary>
/// <param name="Shares">p(true class).</param>
/// <param name="Noise">p(given label | true class): rows are labels; columns sum to 1.</param>
/// <param name="Inverse">p(true class | given label): rows are classes; columns sum to 1.</param>
public sealed record LatentNoise(double[] Shares, double[,] Noise, double[,] Inverse)
{
    const double Tiny = 1e-100, LeastShare = 1e-6, MostNoise = 0.9999;

    /// <param name="counts">A confident joint, calibrated or not.</param>
    /// <param name="labelCounts">Rows given each label.</param>
    /// <param name="method">How the shares are estimated.</param>
    /// <param name="converge">Whether the three are then made to agree with each other.</param>
    public static LatentNoise Of(int[,] counts, int[] labelCounts, ClassShares method = ClassShares.Counted, bool converge = false)
    {
        var k = labelCounts.Length;
        var n = (double)labelCounts.Sum();
        double[] given = [.. labelCounts.Select(count => count / n)];
        var (rowSums, columnSums) = (new double[k], new double[k]);
        for (var i = 0; i < k; i++)
            for (var j = 0; j < k; j++)
            {
                rowSums[i] += counts[i, j];
                columnSums[j] += counts[i, j];
            }
        var (noise, inverse) = (new double[k, k], new double[k, k]);
        for (var i = 0; i < k; i++)
            for (var j = 0; j < k; j++) (noise[i, j], inverse[j, i]) = (counts[i, j] / Math.Max(columnSums[j], Tiny), counts[i, j] / Math.Max(rowSums[i], Tiny));
        var total = columnSums.Sum();
        double[] shares = method switch
        {
            ClassShares.Counted => [.. Enumerable.Range(0, k).Select(i => inverse[i, i] / Math.Max(noise[i, i], Tiny) * given[i])],
            ClassShares.Equations => Solve(noise, given),
            ClassShares.Marginal => [.. columnSums.Select(sum => sum / Math.Max(total, Tiny))],
            _ => Times(inverse, given),
        };
        var estimate = new LatentNoise(Clip(shares, LeastShare), Clip(noise), Clip(inverse));
        return converge ? estimate.Converged(given) : estimate;
    }

    // Three rounds of: noise matrix and shares give the inverse, the inverse gives the shares, five times; these give the noise matrix.
    LatentNoise Converged(double[] given)
    {
        var (k, shares, noise, inverse) = (given.Length, Shares, Noise, Inverse);
        for (var round = 0; round < 3; round++)
        {
            for (var step = 0; step < 5; step++)
            {
                inverse = new double[k, k];
                for (var label = 0; label < k; label++)
                {
                    var sum = 0.0;
                    for (var truth = 0; truth < k; truth++) sum += noise[label, truth] * shares[truth];
                    for (var truth = 0; truth < k; truth++) inverse[truth, label] = noise[label, truth] * shares[truth] / Math.Max(sum, Tiny);
                }
                shares = Clip(Times(inverse, given), 0);
            }
            noise = new double[k, k];
            for (var truth = 0; truth < k; truth++)
            {
                var sum = 0.0;
                for (var label = 0; label < k; label++) sum += inverse[truth, label] * given[label];
                for (var label = 0; label < k; label++) noise[label, truth] = inverse[truth, label] * given[label] / Math.Max(sum, Tiny);
            }
        }
        return new(Clip(shares, LeastShare), Clip(noise), Clip(inverse));
    }

    static double[] Clip(double[] shares, double least)
    {
        double[] clipped = [.. shares.Select(share => Math.Clamp(share, least, 1))];
        var sum = clipped.Sum();
        return [.. clipped.Select(share => share / sum)];
    }

    // Noise rates to 0 .. 0.9999, the diagonal as it is, columns to a sum of 1.
    static double[,] Clip(double[,] noise)
    {
        var k = noise.GetLength(0);
        var clipped = new double[k, k];
        for (var column = 0; column < k; column++)
        {
            var sum = 0.0;
            for (var row = 0; row < k; row++) sum += clipped[row, column] = row == column ? noise[row, column] : Math.Clamp(noise[row, column], 0, MostNoise);
            for (var row = 0; row < k; row++) clipped[row, column] /= Math.Max(sum, Tiny);
        }
        return clipped;
    }

    static double[] Times(double[,] matrix, double[] vector) =>
        [.. Enumerable.Range(0, vector.Length).Select(i => vector.Select((value, j) => matrix[i, j] * value).Sum())];

    // Gaussian elimination with the largest pivot.
    static double[] Solve(double[,] matrix, double[] right)
    {
        var k = right.Length;
        var (a, x) = ((double[,])matrix.Clone(), (double[])right.Clone());
        for (var column = 0; column < k; column++)
        {
            var pivot = Enumerable.Range(column, k - column).MaxBy(row => Math.Abs(a[row, column]));
            if (a[pivot, column] == 0) throw new ArgumentException("the noise matrix has no inverse; estimate the shares another way", nameof(matrix));
            for (var j = 0; j < k; j++) (a[column, j], a[pivot, j]) = (a[pivot, j], a[column, j]);
            (x[column], x[pivot]) = (x[pivot], x[column]);
            for (var row = column + 1; row < k; row++)
            {
                var factor = a[row, column] / a[column, column];
                for (var j = column; j < k; j++) a[row, j] -= factor * a[column, j];
                x[row] -= factor * x[column];
            }
        }
        for (var row = k - 1; row >= 0; row--)
        {
            for (var j = row + 1; j < k; j++) x[row] -= a[row, j] * x[j];
            x[row] /= a[row, row];
        }
        return x;
    }
}
