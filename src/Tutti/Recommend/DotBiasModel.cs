using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>A trained <see cref="Models.Collab.EmbeddingDotBias"/>, on arrays. The first row of every table stands for what is not known.</summary>
/// <param name="users">(U + 1, k).</param>
/// <param name="items">(I + 1, k).</param>
/// <param name="userBiases">U + 1.</param>
/// <param name="itemBiases">I + 1.</param>
/// <param name="range">The ends of the sigmoid.</param>
public sealed class DotBiasModel(float[] users, float[] items, float[] userBiases, float[] itemBiases, (double Low, double High)? range) : ArrayModel
{
    internal const string KindName = "dot-bias";

    readonly int width = users.Length / userBiases.Length;
    readonly Lazy<RatingFactors> factors = new(() => new(users.Length / userBiases.Length, users[(users.Length / userBiases.Length)..], items[(items.Length / itemBiases.Length)..], userBiases[1..], itemBiases[1..], 0, range));

    public override string Kind => KindName;
    public override int UserCount => userBiases.Length - 1;
    public override int ItemCount => itemBiases.Length - 1;
    public override RatingFactors Factors => factors.Value;

    public override float Predict(int user, int item)
    {
        var (u, i) = (user + 1, item + 1);
        var sum = TensorPrimitives.Dot<float>(users.AsSpan(u * width, width), items.AsSpan(i * width, width)) + userBiases[u] + itemBiases[i];
        return range is var (low, high) ? (float)(low + ((high - low) / (1 + Math.Exp(-sum)))) : sum;
    }

    /// <summary>The tables with the row of what is not known, under fastai's names.</summary>
    internal override void Write(ModelArrays to)
    {
        to.Add("u_weight.weight", users, userBiases.Length, width);
        to.Add("i_weight.weight", items, itemBiases.Length, width);
        to.Add("u_bias.weight", userBiases, userBiases.Length, 1);
        to.Add("i_bias.weight", itemBiases, itemBiases.Length, 1);
        to.AddRange(range);
    }

    internal static DotBiasModel Read(ModelArrays from) => new(from.Floats("u_weight.weight"), from.Floats("i_weight.weight"), from.Floats("u_bias.weight"), from.Floats("i_bias.weight"), from.Range());
}
