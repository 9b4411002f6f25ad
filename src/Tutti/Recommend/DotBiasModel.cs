using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>A trained <see cref="Models.Collab.EmbeddingDotBias"/>, on arrays. The first row of every table stands for what is not known.</summary>
/// <param name="users">(U + 1, k).</param>
/// <param name="items">(I + 1, k).</param>
/// <param name="userBiases">U + 1.</param>
/// <param name="itemBiases">I + 1.</param>
/// <param name="range">The ends of the sigmoid.</param>
public sealed class DotBiasModel(float[] users, float[] items, float[] userBiases, float[] itemBiases, (double Low, double High)? range) : RatingModel
{
    readonly int width = users.Length / userBiases.Length;
    readonly Lazy<RatingFactors> factors = new(() => new(users.Length / userBiases.Length, users[(users.Length / userBiases.Length)..], items[(items.Length / itemBiases.Length)..], userBiases[1..], itemBiases[1..], 0, range));

    public override int UserCount => userBiases.Length - 1;
    public override int ItemCount => itemBiases.Length - 1;
    public override RatingFactors Factors => factors.Value;

    /// <summary>What is kept of one: the tables with the row of what is not known, under fastai's names; and one made of it.</summary>
    internal static RatingWeights Keep(DotBiasModel model) => model.Kept();
    internal static DotBiasModel From(RatingWeights kept) => new(kept["u_weight.weight"], kept["i_weight.weight"], kept["u_bias.weight"], kept["i_bias.weight"], kept.Range);

    RatingWeights Kept() => RatingWeights.Of(range, ("u_weight.weight", users, width), ("i_weight.weight", items, width), ("u_bias.weight", userBiases, 1), ("i_bias.weight", itemBiases, 1));

    public override float Predict(int user, int item)
    {
        var (u, i) = (user + 1, item + 1);
        var sum = TensorPrimitives.Dot<float>(users.AsSpan(u * width, width), items.AsSpan(i * width, width)) + userBiases[u] + itemBiases[i];
        return range is var (low, high) ? (float)(low + ((high - low) / (1 + Math.Exp(-sum)))) : sum;
    }
}
