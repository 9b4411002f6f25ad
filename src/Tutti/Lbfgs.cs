using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

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
    /// <param name="curvature">About how much the function bends along each element, where that differs much; null: alike along all. It decides how soon the minimum is found, not where it lies.</param>
    /// <returns>The value reached.</returns>
    public static double Minimise(Function function, double[] start, double tolerance, int iterations, double[]? curvature = null)
    {
        var (x, gradient) = (start, new double[start.Length]);
        var value = function(x, gradient);
        var history = new Queue<(double[] Step, double[] Change, double Product)>();
        var (next, nextGradient, direction) = (new double[x.Length], new double[x.Length], new double[x.Length]);
        for (var i = 0; i < iterations && Largest(gradient) > tolerance; i++)
        {
            Descend(history, gradient, direction, curvature);
            var slope = Dot(gradient, direction);
            var first = history.Count == 0 && curvature is null ? Math.Min(1, 1 / TensorPrimitives.Norm<double>(gradient)) : 1;
            if (Search(function, x, value, slope, direction, first, next, nextGradient) is not { } reached) break;
            var (step, change) = (new double[x.Length], new double[x.Length]);
            Add(x, -1, next, step);
            Add(gradient, -1, nextGradient, change);
            var product = Dot(step, change);
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
    static void Descend(Queue<(double[] Step, double[] Change, double Product)> history, double[] gradient, double[] direction, double[]? curvature)
    {
        TensorPrimitives.Negate<double>(gradient, direction);
        var shares = new Stack<double>();
        foreach (var (step, change, product) in history.Reverse())
        {
            var share = Dot(step, direction) / product;
            Add(change, -share, direction, direction);
            shares.Push(share);
        }
        if (history.Count > 0)
        {
            var (_, change, product) = history.Last();
            TensorPrimitives.Multiply<double>(direction, product / Bent(change, curvature), direction);
        }
        if (curvature is not null) TensorPrimitives.Divide<double>(direction, curvature, direction);
        foreach (var (step, change, product) in history)
            Add(step, shares.Pop() - (Dot(change, direction) / product), direction, direction);
    }

    // Loops of our own: the library's vector operations are compiled in two stages and are slow for the first second of a process, in which a baseline is done.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static double Dot(double[] a, double[] b)
    {
        var (sum, width, i) = (Vector<double>.Zero, Vector<double>.Count, 0);
        for (; i <= a.Length - width; i += width) sum += new Vector<double>(a, i) * new Vector<double>(b, i);
        var total = Vector.Sum(sum);
        for (; i < a.Length; i++) total += a[i] * b[i];
        return total;
    }

    /// <summary>to = y + factor * x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Add(double[] x, double factor, double[] y, double[] to)
    {
        var (times, width, i) = (new Vector<double>(factor), Vector<double>.Count, 0);
        for (; i <= x.Length - width; i += width) ((times * new Vector<double>(x, i)) + new Vector<double>(y, i)).CopyTo(to, i);
        for (; i < x.Length; i++) to[i] = (factor * x[i]) + y[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static double Bent(double[] change, double[]? curvature)
    {
        if (curvature is null) return Dot(change, change);
        var sum = 0.0;
        for (var i = 0; i < change.Length; i++) sum += change[i] * change[i] / curvature[i];
        return sum;
    }

    // A step that fulfils the weak Wolfe conditions, by bisection (Lewis and Overton 2013); null where rounding leaves none.
    static double? Search(Function function, double[] x, double value, double slope, double[] direction, double first, double[] next, double[] nextGradient)
    {
        var (low, high, length) = (0.0, double.PositiveInfinity, first);
        for (var i = 0; i < LongestSearch; i++)
        {
            Add(direction, length, x, next);
            var reached = function(next, nextGradient);
            if (!(reached <= value + (Decrease * length * slope))) high = length;
            else if (Dot(nextGradient, direction) < Curvature * slope) low = length;
            else return reached;
            length = double.IsInfinity(high) ? 2 * low : (low + high) / 2;
        }
        return null;
    }
}
