using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>The directions in which rows of numbers differ most (Pearson 1901), by repeated multiplication with their covariance. The same rows give the same axes, the first number of note of each being positive.</summary>
public sealed class PrincipalAxes
{
    const int Rounds = 300;

    readonly double[] mean;

    PrincipalAxes(double[] mean, double[][] axes, double[] shares) => (this.mean, Axes, Shares) = (mean, axes, shares);

    /// <summary>Unit vectors, the one with the most variance first.</summary>
    public IReadOnlyList<double[]> Axes { get; }

    /// <summary>Of every axis, its share of all variance.</summary>
    public IReadOnlyList<double> Shares { get; }

    /// <param name="rows">One row after the other.</param>
    /// <param name="width">Of a row.</param>
    /// <param name="count">Axes; at most as many as the width.</param>
    public static PrincipalAxes Of(float[] rows, int width, int count)
    {
        var (n, covariance, mean) = (rows.Length / width, new double[width][], new double[width]);
        for (var row = 0; row < n; row++)
            for (var c = 0; c < width; c++) mean[c] += rows[(row * width) + c] / (double)n;
        for (var c = 0; c < width; c++) covariance[c] = new double[width];
        for (var row = 0; row < n; row++)
            for (var c = 0; c < width; c++)
                for (var d = 0; d <= c; d++) covariance[c][d] += (rows[(row * width) + c] - mean[c]) * (rows[(row * width) + d] - mean[d]) / n;
        for (var c = 0; c < width; c++)
            for (var d = c + 1; d < width; d++) covariance[c][d] = covariance[d][c];
        var stream = RandomStream.Of(0, "principal axes");
        var axes = Enumerable.Range(0, Math.Min(count, width)).Select(axis => Enumerable.Range(0, width).Select(c => stream.Normal((axis * width) + c)).ToArray()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            axes = Array.ConvertAll(axes, axis => Array.ConvertAll(covariance, line => TensorPrimitives.Dot<double>(line, axis)));
            Orthonormal(axes);
        }
        var total = Enumerable.Range(0, width).Sum(c => covariance[c][c]);
        var variances = Array.ConvertAll(axes, axis => TensorPrimitives.Dot<double>(axis, Array.ConvertAll(covariance, line => TensorPrimitives.Dot<double>(line, axis))));
        return new(mean, axes, Array.ConvertAll(variances, variance => total > 0 ? variance / total : 0));
    }

    /// <summary>Where a row lies along an axis.</summary>
    public double Along(ReadOnlySpan<float> row, int axis)
    {
        var sum = 0.0;
        for (var c = 0; c < row.Length; c++) sum += (row[c] - mean[c]) * Axes[axis][c];
        return sum;
    }

    static void Orthonormal(double[][] axes)
    {
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = axes[i];
            for (var j = 0; j < i; j++)
            {
                var along = TensorPrimitives.Dot<double>(axis, axes[j]);
                for (var c = 0; c < axis.Length; c++) axis[c] -= along * axes[j][c];
            }
            var size = TensorPrimitives.Norm<double>(axis);
            var largest = axis[TensorPrimitives.IndexOfMaxMagnitude<double>(axis)];
            // Without variance left an axis is nothing.
            for (var c = 0; c < axis.Length; c++) axis[c] = size > 1e-30 ? axis[c] / size * Math.Sign(largest) : 0;
        }
    }
}
