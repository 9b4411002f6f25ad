using System.Numerics.Tensors;

namespace Tutti;

/// <summary>Minimises a smooth function by limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5).</summary>
static class Lbfgs
{
    const int Pairs = 10, LongestSearch = 40;
    const double Decrease = 1e-4, Curvature = 0.9;

    /// <summary>The value at a point; writes the gradient there.</summary>
    public delegate double Function(double[] point, double[] gradient);

    /// <param name="function">What to minimise.</param>
    /// <param name="start">Where to begin; becomes the result.</param>
    /// <param name="tolerance">Done when no element of the gradient is larger.</param>
    /// <param name="iterations">The most steps.</param>
    /// <returns>The value reached.</returns>
    public static double Minimise(Function function, double[] start, double tolerance, int iterations)
    {
        var (x, gradient) = (start, new double[start.Length]);
        var value = function(x, gradient);
        var history = new Queue<(double[] Step, double[] Change, double Product)>();
        var (next, nextGradient, direction) = (new double[x.Length], new double[x.Length], new double[x.Length]);
        for (var i = 0; i < iterations && Largest(gradient) > tolerance; i++)
        {
            Descend(history, gradient, direction);
            var slope = TensorPrimitives.Dot<double>(gradient, direction);
            var first = history.Count == 0 ? Math.Min(1, 1 / TensorPrimitives.Norm<double>(gradient)) : 1;
            if (Search(function, x, value, slope, direction, first, next, nextGradient) is not { } reached) break;
            var (step, change) = (new double[x.Length], new double[x.Length]);
            TensorPrimitives.Subtract<double>(next, x, step);
            TensorPrimitives.Subtract<double>(nextGradient, gradient, change);
            var product = TensorPrimitives.Dot<double>(step, change);
            if (product > 0)
            {
                if (history.Count == Pairs) history.Dequeue();
                history.Enqueue((step, change, product));
            }
            next.CopyTo(x, 0);
            nextGradient.CopyTo(gradient, 0);
            value = reached;
        }
        return value;
    }

    static double Largest(double[] values) => values.Length == 0 ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude<double>(values));

    // The two-loop recursion.
    static void Descend(Queue<(double[] Step, double[] Change, double Product)> history, double[] gradient, double[] direction)
    {
        TensorPrimitives.Negate<double>(gradient, direction);
        var shares = new Stack<double>();
        foreach (var (step, change, product) in history.Reverse())
        {
            var share = TensorPrimitives.Dot<double>(step, direction) / product;
            TensorPrimitives.MultiplyAdd<double>(change, -share, direction, direction);
            shares.Push(share);
        }
        if (history.Count > 0)
        {
            var (_, change, product) = history.Last();
            TensorPrimitives.Multiply<double>(direction, product / TensorPrimitives.SumOfSquares<double>(change), direction);
        }
        foreach (var (step, change, product) in history)
            TensorPrimitives.MultiplyAdd<double>(step, shares.Pop() - (TensorPrimitives.Dot<double>(change, direction) / product), direction, direction);
    }

    // A step that fulfils the weak Wolfe conditions, by bisection (Lewis and Overton 2013); null where rounding leaves none.
    static double? Search(Function function, double[] x, double value, double slope, double[] direction, double first, double[] next, double[] nextGradient)
    {
        var (low, high, length) = (0.0, double.PositiveInfinity, first);
        for (var i = 0; i < LongestSearch; i++)
        {
            TensorPrimitives.MultiplyAdd<double>(direction, length, x, next);
            var reached = function(next, nextGradient);
            if (!(reached <= value + (Decrease * length * slope))) high = length;
            else if (TensorPrimitives.Dot<double>(nextGradient, direction) < Curvature * slope) low = length;
            else return reached;
            length = double.IsInfinity(high) ? 2 * low : (low + high) / 2;
        }
        return null;
    }
}
