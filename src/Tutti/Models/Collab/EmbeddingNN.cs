using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Collab;

/// <summary>
/// fastai's EmbeddingNN: the factors of a user and an item side by side, then for every hidden layer a linear one, ReLU and batch norm, a linear layer to one number, and the sigmoid to the range
/// of ratings. Row 0 of both tables stands for what is not known. Weights are called as there (without the empty bn_cont).
/// </summary>
public sealed class EmbeddingNN : IDisposable
{
    readonly Embedding users, items;
    readonly (Linear Linear, BatchNorm Norm)[] hidden;
    readonly Linear last;
    readonly Params p;

    /// <param name="p">The place of the weights, which it owns.</param>
    /// <param name="users">Rows of the table of users, and the width of each.</param>
    /// <param name="items">The same of items.</param>
    /// <param name="layers">Widths of the hidden layers.</param>
    /// <param name="range">Ends of the sigmoid; null for none.</param>
    public EmbeddingNN(Params p, (int Rows, int Width) users, (int Rows, int Width) items, IReadOnlyList<int> layers, (double Low, double High)? range)
    {
        (this.p, Range, Layers) = (p, range, layers);
        this.users = new(p / "embeds" / 0, users.Rows, users.Width);
        this.items = new(p / "embeds" / 1, items.Rows, items.Width);
        var width = users.Width + items.Width;
        hidden = new (Linear, BatchNorm)[layers.Count];
        for (var i = 0; i < hidden.Length; i++)
        {
            // torch's Linear begins evenly within one over the root of its inputs.
            hidden[i] = (new(p / "layers" / i / 0, width, layers[i], hasBias: false, init: Init.Uniform(1 / Math.Sqrt(width))), new(p / "layers" / i / 2, layers[i]));
            width = layers[i];
        }
        last = new(p / "layers" / hidden.Length / 0, width, 1, init: Init.Uniform(1 / Math.Sqrt(width)));
    }

    public (double Low, double High)? Range { get; }
    public IReadOnlyList<int> Layers { get; }

    /// <summary>A fresh one, with tables as those of <see cref="EmbeddingDotBias.Fresh"/>.</summary>
    public static EmbeddingNN Fresh(long seed, (int Rows, int Width) users, (int Rows, int Width) items, IReadOnlyList<int> layers, (double Low, double High)? range, Device? device = null) =>
        new(new Params(seed, name => name switch
        {
            "embeds.0.weight" => EmbeddingDotBias.Truncated(RandomStream.Of(seed, "init " + name), users),
            "embeds.1.weight" => EmbeddingDotBias.Truncated(RandomStream.Of(seed, "init " + name), items),
            _ => null,
        }, device), users, items, layers, range);

    /// <summary>fastai's rule for the width of a table of so many rows: 1.6 times their number to the power of 0.56, at most 600.</summary>
    public static int WidthOf(int rows) => Math.Min(600, (int)Math.Round(1.6 * Math.Pow(rows, 0.56)));

    /// <summary>The weights by their names, running means of batch norm included.</summary>
    public IReadOnlyList<Parameter> Weights => p.Items;

    /// <summary>Those that are trained.</summary>
    public IReadOnlyList<Parameter> Trained => p.Trained;

    /// <summary>Whether batch norm uses the means of the rows at hand.</summary>
    public bool Training
    {
        get => p.Run.Training;
        set => p.Run.Training = value;
    }

    /// <summary>Ratings of pairs.</summary>
    /// <param name="user">(n) int64.</param>
    /// <param name="item">(n) int64.</param>
    public Tensor Forward(Tensor user, Tensor item)
    {
        var x = Tensor.Cat([users.Forward(user), items.Forward(item)], 1);
        foreach (var (linear, norm) in hidden) x = norm.Forward(linear.Forward(x).Relu());
        return SigmoidRange.Of(last.Forward(x).Reshape(-1), Range);
    }

    /// <summary>An update is done: running means take in what the last pass saw.</summary>
    public void Settle()
    {
        foreach (var (_, norm) in hidden) norm.Settle();
    }

    public void Dispose() => p.Dispose();
}
