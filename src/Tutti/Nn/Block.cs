using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// One block of a deep model, such as an encoder's layer: a scope of its own (what autograd needs stays alive natively, the rest is freed
/// at once), and the unit of activation checkpointing (Chen et al. 2016): with <see cref="RunState.Checkpointing"/> only its input is kept, and
/// backward runs it again. Dropout draws the same masks in both runs because they are functions of the row.
/// </summary>
/// <param name="place">Where all of its weights are.</param>
public sealed class Block(Params place)
{
    Tensor[]? weights;

    /// <summary>Whether a pass that begins now is run again in backward, and so has one input and one output.</summary>
    public bool RunsAgain => place.Run is { Checkpointing: true, Training: true };

    /// <param name="x">The block's input, of any shape.</param>
    /// <param name="body">Computes the output from the input, the weights of this place, the other inputs, and constants.</param>
    /// <param name="others">What else it reads that takes a gradient; alive until backward is done.</param>
    public Tensor Run(Tensor x, Func<Tensor, Tensor> body, params Tensor[] others) => RunsAgain
        ? Recompute.Run(x, [.. weights ??= place.Weights(), .. others], body)
        : Scope.Run(() => body(x));

    /// <summary>Layers with their blocks, at the places 0, 1, 2 ... below one.</summary>
    public static (TLayer Layer, Block Block)[] Stack<TLayer>(Params p, int count, Func<Params, TLayer> layer) =>
        [.. Enumerable.Range(0, count).Select(i => p / i).Select(place => (layer(place), new Block(place)))];

    /// <summary>Layer after layer.</summary>
    /// <param name="layers">From the lowest on.</param>
    /// <param name="x">Their input.</param>
    /// <param name="forward">One layer: itself, its input, and whether it is the last.</param>
    /// <param name="observe">Sees the input and every output; may be null.</param>
    public static Tensor Run<TLayer>((TLayer Layer, Block Block)[] layers, Tensor x, Func<TLayer, Tensor, bool, Tensor> forward, Action<Tensor>? observe)
    {
        observe?.Invoke(x);
        for (var i = 0; i < layers.Length; i++)
        {
            var (layer, last) = (layers[i].Layer, i == layers.Length - 1);
            x = layers[i].Block.Run(x, input => forward(layer, input, last));
            observe?.Invoke(x);
        }
        return x;
    }
}
