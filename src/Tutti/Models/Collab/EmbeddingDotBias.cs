using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Collab;

/// <summary>
/// fastai's EmbeddingDotBias: the product of a user's and an item's factors, with a bias of each, squeezed into the range of ratings by a sigmoid. Row 0 of every table stands for a user or an
/// item that is not known, as fastai's #na# does. Weights are called as there.
/// </summary>
public sealed class EmbeddingDotBias : IDisposable
{
    /// <summary>The names of the four tables, in the order of <see cref="Tables"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["u_weight.weight", "i_weight.weight", "u_bias.weight", "i_bias.weight"];

    readonly Embedding users, items, userBiases, itemBiases;
    readonly Params p;

    /// <param name="p">The place of the weights, which it owns.</param>
    /// <param name="users">Rows of the tables of users, with the one for unknown ones.</param>
    /// <param name="items">The same of items.</param>
    /// <param name="factors">k.</param>
    /// <param name="range">Ends of the sigmoid; null for none.</param>
    public EmbeddingDotBias(Params p, int users, int items, int factors, (double Low, double High)? range)
    {
        (this.p, Range) = (p, range);
        this.users = new(p / "u_weight", users, factors);
        this.items = new(p / "i_weight", items, factors);
        userBiases = new(p / "u_bias", users, 1);
        itemBiases = new(p / "i_bias", items, 1);
    }

    public (double Low, double High)? Range { get; }

    /// <summary>A fresh one; as in fastai all weights are normal, cut at two deviations by what is left of a division, with a deviation of 0.01.</summary>
    public static EmbeddingDotBias Fresh(long seed, int users, int items, int factors, (double Low, double High)? range, Device? device = null)
    {
        var sizes = new[] { (users, factors), (items, factors), (users, 1), (items, 1) };
        return new(new Params(seed, name => Truncated(RandomStream.Of(seed, "init " + name), sizes[Names.Index().First(pair => pair.Item == name).Index]), device), users, items, factors, range);
    }

    /// <summary>The weights by their names.</summary>
    public IReadOnlyList<Parameter> Weights => p.Items;

    /// <summary>Users (U,k), items (I,k), and their biases (U,1) and (I,1), as all updates have left them.</summary>
    public Tensor[] Tables => [.. p.Items.Select(item => item.Value)];

    /// <summary>Ratings of pairs.</summary>
    /// <param name="user">(n) int64.</param>
    /// <param name="item">(n) int64.</param>
    public Tensor Forward(Tensor user, Tensor item)
    {
        var product = (users.Forward(user) * items.Forward(item)).Sum(1, keep: true);   // (n,1)
        return SigmoidRange.Of((product + userBiases.Forward(user) + itemBiases.Forward(item)).Reshape(-1), Range);
    }

    public void Dispose() => p.Dispose();

    internal static Tensor Truncated(RandomStream stream, (int Rows, int Columns) size)
    {
        var values = new float[size.Rows * size.Columns];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(0.01 * (stream.Normal(i) % 2));
        return Tensor.From<float>(values, [size.Rows, size.Columns]);
    }
}
