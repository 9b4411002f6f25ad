namespace Tutti.Bench;

/// <summary>A linear layer on some rows: forward y = x W^T, backward dX = dY W and dW = dY^T X, each of the same number of multiply-adds.</summary>
/// <param name="Rows">Tokens, or sequences in a model's head.</param>
/// <param name="Inputs">Columns of x.</param>
/// <param name="Outputs">Columns of y.</param>
readonly record struct LinearShape(long Rows, long Inputs, long Outputs)
{
    /// <summary>Floating-point operations of one of its three products; a multiply-add counts as two.</summary>
    public double Flops => 2.0 * Rows * Inputs * Outputs;
}

/// <summary>The matrix products of a BERT's forward and backward pass, counted from the shapes; nothing is counted that only pads.</summary>
/// <param name="size">The model.</param>
/// <param name="labels">Classes.</param>
sealed class Products(BertSize size, int labels = 2)
{
    /// <summary>The linear layers of one micro-batch, and how many there are of each shape.</summary>
    /// <param name="lengths">Tokens of each sequence.</param>
    public IEnumerable<(LinearShape Shape, int Count)> Linear(IReadOnlyCollection<int> lengths)
    {
        long tokens = lengths.Sum();
        yield return (new(tokens, size.Hidden, size.Hidden), 4 * size.Layers);                                 // query, key, value, output
        yield return (new(tokens, size.Hidden, size.Intermediate), size.Layers);
        yield return (new(tokens, size.Intermediate, size.Hidden), size.Layers);
        yield return (new(lengths.Count, size.Hidden, size.Hidden), 1);                                        // the pooler
        yield return (new(lengths.Count, size.Hidden, labels), 1);                                             // the classifier
    }

    /// <summary>Operations of one micro-batch's forward pass: linear layers, and attention's two products (scores, and their sum of values) over the real lengths.</summary>
    public double Forward(IReadOnlyCollection<int> lengths) =>
        Linear(lengths).Sum(layer => layer.Count * layer.Shape.Flops) + lengths.Sum(length => 2 * 2.0 * length * length * size.Hidden * size.Layers);

    /// <summary>As <see cref="Forward"/>, of the backward pass: each product has a derivative by either factor.</summary>
    public double Backward(IReadOnlyCollection<int> lengths) => 2 * Forward(lengths);
}
