namespace Tutti.Recommend;

/// <summary>Small systems of equations whose matrix is symmetric and has positive eigenvalues.</summary>
static class LeastSquares
{
    /// <summary>Solves A x = b by Cholesky's factors.</summary>
    /// <param name="a">n x n, of which the lower half is read and overwritten.</param>
    /// <param name="b">n, overwritten by x.</param>
    /// <exception cref="ArgumentException">An eigenvalue is not positive.</exception>
    public static void Solve(double[,] a, double[] b)
    {
        var n = b.Length;
        for (var i = 0; i < n; i++)
            for (var j = 0; j <= i; j++)
            {
                var sum = a[i, j];
                for (var k = 0; k < j; k++) sum -= a[i, k] * a[j, k];
                if (i == j && !(sum > 0)) throw new ArgumentException($"row {i} of the matrix depends on those before", nameof(a));
                a[i, j] = i == j ? Math.Sqrt(sum) : sum / a[j, j];
            }
        for (var i = 0; i < n; i++)
        {
            for (var k = 0; k < i; k++) b[i] -= a[i, k] * b[k];
            b[i] /= a[i, i];
        }
        for (var i = n - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < n; k++) b[i] -= a[k, i] * b[k];
            b[i] /= a[i, i];
        }
    }

    /// <summary>The weights w that make the sum of (x w - y)^2 plus penalty * |w - towards|^2 smallest.</summary>
    /// <param name="rows">x, with the answer y of each row.</param>
    /// <param name="penalties">One per weight, above 0.</param>
    /// <param name="towards">What weights are drawn to; null: 0.</param>
    public static double[] Fit(int weights, IEnumerable<(double[] X, double Y)> rows, double[] penalties, double[]? towards = null)
    {
        var (a, b) = (new double[weights, weights], new double[weights]);
        for (var i = 0; i < weights; i++) (a[i, i], b[i]) = (penalties[i], penalties[i] * (towards?[i] ?? 0));
        foreach (var (x, y) in rows)
            for (var i = 0; i < weights; i++)
            {
                b[i] += x[i] * y;
                for (var j = 0; j <= i; j++) a[i, j] += x[i] * x[j];
            }
        Solve(a, b);
        return b;
    }
}
