using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Tutti.Baselines;

/// <summary>
/// Logistic regression with an L2 penalty on the weights, not on the intercepts, as scikit-learn's LogisticRegression (C = 1, lbfgs): one logit for two
/// classes, softmax for more. Minimises sum of log-losses + |w|^2 / 2.
/// </summary>
sealed class LogisticRegression
{
    const double Tolerance = 5e-5;
    const int Iterations = 200, RowsAtOnce = 512, ColumnsAtOnce = 2048, Small = 20_000;

    readonly double[] weights;                                // (columns+1, logits): the last row are the intercepts
    readonly int logits;

    LogisticRegression(double[] weights, int logits) => (this.weights, this.logits) = (weights, logits);

    /// <summary>Fits; the same bits for any number of cores.</summary>
    /// <param name="x">All rows.</param>
    /// <param name="training">Those to fit to.</param>
    /// <param name="labels">A class for each row of <paramref name="x"/>; only those of <paramref name="training"/> are read.</param>
    /// <param name="classes">K.</param>
    /// <param name="divide">Divides the rows among the cores; not worth it where several fits run at once.</param>
    public static LogisticRegression Fit(SparseRows x, IReadOnlyList<int> training, int[] labels, int classes, bool divide = true)
    {
        var logits = classes == 2 ? 1 : classes;
        var fewer = FewerColumns.Of(Rows(x, training), out var rows);
        var columns = rows.Transposed();
        var targets = training.Select(row => labels[row]).ToArray();
        var weights = new double[(rows.Columns + 1) * logits];
        var residuals = new double[rows.Rows * logits];
        Lbfgs.Minimise(Value, weights, Tolerance, Iterations, Curvature(columns, rows.Rows, logits));
        return new(fewer.Spread(weights, logits), logits);

        double Value(double[] point, double[] gradient)
        {
            var losses = Blocks(rows.Rows, RowsAtOnce, divide ? rows.Values.Length * logits : 0, (begin, end) => Residuals(rows, targets, point, logits, residuals, begin, end));
            var penalties = Blocks(rows.Columns, ColumnsAtOnce, divide ? rows.Values.Length * logits : 0, (begin, end) => Gradient(columns, residuals, point, logits, gradient, begin, end));
            var intercepts = gradient.AsSpan(rows.Columns * logits, logits);
            intercepts.Clear();
            for (var i = 0; i < residuals.Length; i++) intercepts[i % logits] += residuals[i];
            return losses.Sum() + penalties.Sum();
        }
    }

    // A word that stands in many texts bends the loss far more than a rare one, and the intercepts most of all: the second derivatives where all classes are as probable.
    static double[] Curvature(SparseRows columns, int rows, int logits)
    {
        var share = logits == 1 ? 0.25 : (1.0 / logits) * (1 - (1.0 / logits));
        var result = new double[(columns.Rows + 1) * logits];
        for (var column = 0; column <= columns.Rows; column++)
        {
            var squares = 0.0;
            if (column == columns.Rows) squares = rows;
            else for (var at = columns.Starts[column]; at < columns.Starts[column + 1]; at++) squares += columns.Values[at] * columns.Values[at];
            result.AsSpan(column * logits, logits).Fill((column == columns.Rows ? 0 : 1) + (share * squares));
        }
        return result;
    }

    /// <summary>Probabilities (rows*K) of some rows.</summary>
    public double[] Probabilities(SparseRows x, IReadOnlyList<int> rows)
    {
        var classes = logits == 1 ? 2 : logits;
        var result = new double[rows.Count * classes];
        Parallel.For(0, rows.Count, i =>
        {
            var to = result.AsSpan(i * classes, classes);
            if (logits > 1)
            {
                Scores(x, rows[i], weights, to);
                TensorPrimitives.SoftMax<double>(to, to);
                return;
            }
            Span<double> score = stackalloc double[1];
            Scores(x, rows[i], weights, score);
            to[1] = 1 / (1 + Math.Exp(-score[0]));
            to[0] = 1 - to[1];
        });
        return result;
    }

    static SparseRows Rows(SparseRows x, IReadOnlyList<int> chosen)
    {
        var starts = new int[chosen.Count + 1];
        for (var i = 0; i < chosen.Count; i++) starts[i + 1] = starts[i] + x.Starts[chosen[i] + 1] - x.Starts[chosen[i]];
        var (indices, values) = (new int[starts[^1]], new double[starts[^1]]);
        for (var i = 0; i < chosen.Count; i++)
        {
            var (from, length) = (x.Starts[chosen[i]], starts[i + 1] - starts[i]);
            Array.Copy(x.Indices, from, indices, starts[i], length);
            Array.Copy(x.Values, from, values, starts[i], length);
        }
        return new(x.Columns, starts, indices, values);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Scores(SparseRows x, int row, double[] weights, Span<double> scores)
    {
        var (logits, indices, values) = (scores.Length, x.Indices, x.Values);
        weights.AsSpan(x.Columns * logits, logits).CopyTo(scores);
        if (logits == 1)
        {
            var sum = scores[0];
            for (var at = x.Starts[row]; at < x.Starts[row + 1]; at++) sum += values[at] * weights[indices[at]];
            scores[0] = sum;
            return;
        }
        for (var at = x.Starts[row]; at < x.Starts[row + 1]; at++)
        {
            var value = values[at];
            var column = weights.AsSpan(indices[at] * logits, logits);
            for (var k = 0; k < column.Length; k++) scores[k] += value * column[k];
        }
    }

    // The loss of some rows; residuals are the derivatives by their scores.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static double Residuals(SparseRows rows, int[] targets, double[] weights, int logits, double[] residuals, int begin, int end)
    {
        var loss = 0.0;
        for (var row = begin; row < end; row++)
        {
            var scores = residuals.AsSpan(row * logits, logits);
            Scores(rows, row, weights, scores);
            var target = targets[row];
            if (logits == 1)
            {
                var s = scores[0];
                var small = Math.Exp(-Math.Abs(s));
                loss += Math.Max(s, 0) + Math.Log(1 + small) - (target * s);
                scores[0] = ((s < 0 ? small : 1) / (1 + small)) - target;
                continue;
            }
            var (high, own, total) = (TensorPrimitives.Max<double>(scores), scores[target], 0.0);
            foreach (ref var s in scores) total += s = Math.Exp(s - high);
            loss += high + Math.Log(total) - own;
            foreach (ref var s in scores) s /= total;
            scores[target] -= 1;
        }
        return loss;
    }

    // The derivatives by the weights of some columns, and their penalty.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static double Gradient(SparseRows columns, double[] residuals, double[] weights, int logits, double[] gradient, int begin, int end)
    {
        var (penalty, starts, indices, values) = (0.0, columns.Starts, columns.Indices, columns.Values);
        for (var column = begin; column < end; column++)
            for (var k = 0; k < logits; k++)
            {
                var weight = weights[(column * logits) + k];
                var sum = weight;
                for (var at = starts[column]; at < starts[column + 1]; at++) sum += values[at] * residuals[(indices[at] * logits) + k];
                gradient[(column * logits) + k] = sum;
                penalty += weight * weight / 2;
            }
        return penalty;
    }

    // One number per block, always the same blocks.
    static double[] Blocks(int count, int size, int work, Func<int, int, double> block)
    {
        var results = new double[(count + size - 1) / size];
        void One(int i) => results[i] = block(i * size, Math.Min(count, (i + 1) * size));
        if (work < Small) for (var i = 0; i < results.Length; i++) One(i);
        else Parallel.For(0, results.Length, One);
        return results;
    }
}
