using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>A named, trainable weight.</summary>
/// <param name="Name">The checkpoint's name.</param>
/// <param name="Stored">
/// The tensor itself, for its shape, its gradient, and whether it takes one. Rows of a table may wait there for what an optimizer has put off: numbers
/// are read from <see cref="Value"/>.
/// </param>
/// <param name="Decay">False for biases and norms, which weight decay leaves alone.</param>
/// <param name="ByRows">A table that is read by rows only, and whose gradient comes by rows.</param>
public sealed record Parameter(string Name, Tensor Stored, bool Decay, bool ByRows = false)
{
    /// <summary>The weight with all that was put off done, to read or to write.</summary>
    public Tensor Value
    {
        get
        {
            CatchUp?.Invoke(null);
            return Stored;
        }
    }

    /// <summary>Takes no gradient and stays as it is: no optimizer has state for it.</summary>
    public bool Frozen { get; private set; }

    /// <summary>Freezes the weight for good.</summary>
    public void Freeze()
    {
        Frozen = true;
        Stored.SetGrad(null);
        Stored.RequireGrad(false);
    }

    public void Deconstruct(out string name, out Tensor value, out bool decay) => (name, value, decay) = (Name, Value, Decay);

    /// <summary>
    /// Set by an optimizer that leaves rows alone until somebody reads them: does what it has put off for the rows of these ids (null: for all). Who sets
    /// it takes it back when nothing more will come.
    /// </summary>
    internal Action<Tensor?>? CatchUp { get; set; }

    /// <summary>Rows of a table by ids, as all updates have left them.</summary>
    /// <param name="ids">Any shape, int64.</param>
    /// <param name="padding">The row that gets no gradient; -1 for none.</param>
    internal Tensor Rows(Tensor ids, int padding)
    {
        CatchUp?.Invoke(ids);
        return ByRows ? Stored.EmbeddingByRows(ids, padding) : Stored.Embedding(ids, padding);
    }
}
