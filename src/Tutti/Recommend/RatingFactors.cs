namespace Tutti.Recommend;

/// <summary>The rows of numbers by which a model answers: offset + bias of the user + bias of the item + the product of their factors, squeezed into a range where there is one.</summary>
/// <param name="Width">Factors of a user or an item.</param>
/// <param name="Users">Those of every user, one row after the other.</param>
/// <param name="Items">The same of items.</param>
/// <param name="UserBiases">One per user.</param>
/// <param name="ItemBiases">One per item.</param>
/// <param name="Offset">What is added to every answer, such as the mean.</param>
/// <param name="Range">The ends of the sigmoid that the sum goes through; null: the sum is the rating.</param>
public sealed record RatingFactors(int Width, float[] Users, float[] Items, float[] UserBiases, float[] ItemBiases, float Offset = 0, (double Low, double High)? Range = null)
{
    public ReadOnlySpan<float> OfUser(int user) => Users.AsSpan(user * Width, Width);
    public ReadOnlySpan<float> OfItem(int item) => Items.AsSpan(item * Width, Width);

    /// <summary>The rating that a sum stands for.</summary>
    public double Rating(double sum) => Range is var (low, high) ? low + ((high - low) / (1 + Math.Exp(-sum))) : sum;

    /// <summary>The sum that stands for a rating; one at an end of the range, or beyond it, counts as a hundredth of the range inside.</summary>
    public double Sum(double rating)
    {
        if (Range is not var (low, high)) return rating;
        var share = Math.Clamp((rating - low) / (high - low), 0.01, 0.99);
        return Math.Log(share / (1 - share));
    }
}
