namespace Tutti.Torch;

// What models of ratings need of the engine (native/dotbias.cpp).
public sealed partial class Tensor
{
    static readonly Op dotBias = new("tutti::dot_bias_");

    /// <summary>The updates of an epoch of a dot product with biases: for every batch the gradient of the mean squared error, then a sweep of AdamW over all rows.</summary>
    /// <param name="weights">Users (U,k), items (I,k), biases of users (U,1) and of items (I,1); float32 on the CPU, as their moments.</param>
    /// <param name="m">First moments.</param>
    /// <param name="v">Second moments.</param>
    /// <param name="users">Of every rating (int64), in the order in which they are learnt.</param>
    /// <param name="items">The same of items.</param>
    /// <param name="ratings">Float32.</param>
    /// <param name="batch">Ratings of an update; the last has what is left.</param>
    /// <param name="steps">(updates, 4) float64: what decay leaves of a weight, then size, grow and beta1 as <see cref="AdamWStep"/> has them.</param>
    /// <param name="range">The ends of the sigmoid; null: the sums themselves are ratings.</param>
    /// <returns>The sum of squared errors, each before its update.</returns>
    internal static double DotBias(Tensor[] weights, Tensor[] m, Tensor[] v, Tensor users, Tensor items, Tensor ratings, int batch, Tensor steps, double beta2, double eps, (double Low, double High)? range) =>
        dotBias.Number(weights, m, v, users, items, ratings, batch, steps, beta2, eps, range?.Low ?? 0, range?.High ?? 0);
}
