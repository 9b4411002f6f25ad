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

    /// <param name="x">The block's input, of any shape.</param>
    /// <param name="body">Computes the output from the input, the weights of this place, and constants.</param>
    public Tensor Run(Tensor x, Func<Tensor, Tensor> body) => place.Run is { Checkpointing: true, Training: true }
        ? Recompute.Run(x, weights ??= place.Weights(), body)
        : Scope.Run(() => body(x));
}
