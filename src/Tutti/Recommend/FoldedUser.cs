using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>
/// A user whom a model has not seen, taken in by what they rated: one least-squares solve for their factors and bias, the items staying as they are. Nothing is trained.
/// </summary>
public sealed class FoldedUser
{
    /// <summary>Of every factor of a user, in the unit of ratings (or of what a sigmoid makes ratings of).</summary>
    public const double UsualPenalty = 0.5;

    /// <summary>A bias is shared by all of a user's ratings and needs less to hold it.</summary>
    const double BiasShare = 0.1;

    readonly RatingFactors factors;

    /// <param name="factors">Of a trained model.</param>
    /// <param name="items">What the user rated.</param>
    /// <param name="ratings">One each.</param>
    /// <param name="penalty">Keeps factors small, as a user with few ratings has few that are known.</param>
    public FoldedUser(RatingFactors factors, IReadOnlyList<int> items, IReadOnlyList<float> ratings, double penalty = UsualPenalty)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(penalty);
        this.factors = factors;
        var k = factors.Width;
        // The factors' unit is the model's own: the penalty is of what a factor does to a rating.
        var scale = Math.Max(1e-12, TensorPrimitives.SumOfSquares<float>(factors.Items) / Math.Max(1, factors.ItemBiases.Length * k));
        double[] penalties = [.. Enumerable.Range(0, k + 1).Select(i => i < k ? penalty * scale * k : penalty * BiasShare)];
        var solved = LeastSquares.Fit(k + 1, items.Zip(ratings, (item, rating) =>
        {
            var row = new double[k + 1];
            for (var f = 0; f < k; f++) row[f] = factors.OfItem(item)[f];
            row[k] = 1;
            return (row, factors.Sum(rating) - factors.Offset - factors.ItemBiases[item]);
        }), penalties);
        (Vector, Bias) = ([.. solved.Take(k).Select(value => (float)value)], (float)solved[k]);
    }

    public float[] Vector { get; }
    public float Bias { get; }

    /// <summary>The rating that the user is expected to give.</summary>
    public float Predict(int item) => (float)factors.Rating(factors.Offset + Bias + factors.ItemBiases[item] + TensorPrimitives.Dot<float>(Vector, factors.OfItem(item)));
}
