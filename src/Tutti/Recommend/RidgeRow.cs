using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>
/// The least squares of one user (or item): minimises sum of weight (target - x w)^2 + sum of penalties w^2. Sums are kept as the normal equations in
/// double, solved by Cholesky; used again after <see cref="Clear"/>.
/// </summary>
sealed class RidgeRow(int size)
{
    readonly double[] matrix = new double[size * size];       // the lower triangle
    readonly double[] right = new double[size];
    readonly double[] row = new double[size];

    public void Clear()
    {
        Array.Clear(matrix);
        Array.Clear(right);
    }

    public void Add(ReadOnlySpan<float> x, double target, double weight = 1)
    {
        TensorPrimitives.ConvertChecked(x, row);
        for (var i = 0; i < size; i++)
        {
            var own = matrix.AsSpan(i * size, i + 1);
            TensorPrimitives.MultiplyAdd<double>(row.AsSpan(0, i + 1), weight * row[i], own, own);
        }
        TensorPrimitives.MultiplyAdd<double>(row, weight * target, right, right);
    }

    /// <summary>Adds to the right side alone: a target that no weight of its own goes with.</summary>
    public void AddRight(ReadOnlySpan<float> x, double scale)
    {
        TensorPrimitives.ConvertChecked(x, row);
        TensorPrimitives.MultiplyAdd<double>(row, scale, right, right);
    }

    /// <summary>Starts from a matrix that many share, such as the sum over all items.</summary>
    public void AddMatrix(ReadOnlySpan<double> shared) => TensorPrimitives.Add(matrix, shared, matrix);

    /// <summary>Adds penalty w^2 for so many weights from that one.</summary>
    public void PenaliseAll(int from, int count, double penalty)
    {
        for (var i = from; i < from + count; i++) matrix[(i * size) + i] += penalty;
    }

    /// <summary>Adds penalty (w_i - centre)^2.</summary>
    public void Penalise(int i, double penalty, double centre)
    {
        matrix[(i * size) + i] += penalty;
        right[i] += penalty * centre;
    }

    /// <summary>The weights; where the equations do not determine one (no rating, no penalty) it is 0. The sums are spent.</summary>
    public float[] Solve()
    {
        var solved = new float[size];
        Factor();
        for (var i = 0; i < size; i++)
        {
            var pivot = matrix[(i * size) + i];
            right[i] = pivot == 0 ? 0 : (right[i] - TensorPrimitives.Dot<double>(matrix.AsSpan(i * size, i), right.AsSpan(0, i))) / pivot;
        }
        for (var i = size - 1; i >= 0; i--)
        {
            var pivot = matrix[(i * size) + i];
            right[i] = pivot == 0 ? 0 : right[i] / pivot;
            TensorPrimitives.MultiplyAdd<double>(matrix.AsSpan(i * size, i), -right[i], right.AsSpan(0, i), right.AsSpan(0, i));
            solved[i] = (float)right[i];
        }
        return solved;
    }

    // Cholesky, row by row; a row that rounding leaves without a pivot is undetermined.
    void Factor()
    {
        for (var i = 0; i < size; i++)
        {
            var own = matrix.AsSpan(i * size, i + 1);
            var whole = own[i];
            for (var j = 0; j < i; j++)
            {
                var pivot = matrix[(j * size) + j];
                own[j] = pivot == 0 ? 0 : (own[j] - TensorPrimitives.Dot<double>(own[..j], matrix.AsSpan(j * size, j))) / pivot;
            }
            var left = whole - TensorPrimitives.SumOfSquares<double>(own[..i]);
            own[i] = left > 1e-12 * whole ? Math.Sqrt(left) : 0;
        }
    }
}
