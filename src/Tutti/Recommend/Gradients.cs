using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Recommend;

/// <summary>Epochs through autograd and AdamW.</summary>
static class Gradients
{
    /// <param name="optimizer">Of the model's weights.</param>
    /// <param name="forward">Ratings (n) of users and items (n).</param>
    /// <param name="settle">What follows every update.</param>
    /// <param name="device">Where the weights are.</param>
    /// <returns>The sum of squared errors, each before its update.</returns>
    public static double Epoch(AdamW optimizer, Func<Tensor, Tensor, Tensor> forward, Action settle, Device device, long[] users, long[] items, float[] ratings, int batch, (double Rate, double Momentum)[] steps)
    {
        var squares = 0.0;
        for (var (from, step) = (0, 0); from < ratings.Length; (from, step) = (from + batch, step + 1))
        {
            using var scope = new Scope();
            var n = Math.Min(batch, ratings.Length - from);
            Tensor Rows<T>(T[] values) where T : unmanaged => Tensor.From<T>(values.AsSpan(from, n), [n], device);
            var loss = Losses.SquaredError(forward(Rows(users), Rows(items)), Rows(ratings));
            (loss / n).Backward();
            squares += loss.Item();
            optimizer.Beta1 = steps[step].Momentum;
            optimizer.Step(steps[step].Rate, 0);
            optimizer.ZeroGradients();
            settle();
        }
        return squares;
    }
}
