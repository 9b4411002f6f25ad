using System.Numerics.Tensors;

namespace Tutti.Baselines;

/// <summary>
/// Least squares with an L2 penalty on the weights, not on the intercept, as scikit-learn's Ridge (alpha = 1). Minimises sum of squared errors + |w|^2.
/// </summary>
sealed class RidgeRegression
{
    const double Tolerance = 1e-6;
    const int Iterations = 500;

    readonly double[] weights;                                // (columns+1): the last is the intercept

    RidgeRegression(double[] weights) => this.weights = weights;

    /// <param name="x">All rows.</param>
    /// <param name="training">Those to fit to.</param>
    /// <param name="targets">A number for each row of <paramref name="x"/>; only those of <paramref name="training"/> are read.</param>
    public static RidgeRegression Fit(SparseRows x, IReadOnlyList<int> training, double[] targets)
    {
        var weights = new double[x.Columns + 1];
        weights[^1] = training.Average(row => targets[row]);
        Lbfgs.Minimise((point, gradient) =>
        {
            // Half of what is minimised, so that the gradient has no factor.
            var value = 0.0;
            Array.Clear(gradient);
            foreach (var row in training)
            {
                var error = Score(x, row, point) - targets[row];
                value += error * error / 2;
                gradient[^1] += error;
                for (var at = x.Starts[row]; at < x.Starts[row + 1]; at++) gradient[x.Indices[at]] += error * x.Values[at];
            }
            var w = point.AsSpan(0, x.Columns);
            var g = gradient.AsSpan(0, x.Columns);
            TensorPrimitives.Add<double>(g, w, g);
            return value + (TensorPrimitives.SumOfSquares<double>(w) / 2);
        }, weights, Tolerance, Iterations);
        return new(weights);
    }

    public double Predict(SparseRows x, int row) => Score(x, row, weights);

    static double Score(SparseRows x, int row, double[] weights)
    {
        var score = weights[^1];
        for (var at = x.Starts[row]; at < x.Starts[row + 1]; at++) score += weights[x.Indices[at]] * x.Values[at];
        return score;
    }
}
