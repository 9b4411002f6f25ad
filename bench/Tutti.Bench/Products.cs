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

/// <summary>
/// The matrix products of a BERT's forward and backward pass, counted from the shapes; nothing is counted that only pads, nor what the last layer would
/// compute of tokens behind the first, which the head does not read.
/// </summary>
/// <param name="size">The model.</param>
/// <param name="labels">Classes.</param>
sealed class Products(BertSize size, int labels = 2)
{
    /// <summary>The linear layers of one micro-batch, and how many there are of each shape.</summary>
    /// <param name="lengths">Tokens of each sequence.</param>
    public IEnumerable<(LinearShape Shape, int Count)> Linear(IReadOnlyCollection<int> lengths)
    {
        long tokens = lengths.Sum();
        var whole = size.Layers - 1;                                                                           // layers that compute all tokens
        yield return (new(tokens, size.Hidden, size.Hidden), (4 * whole) + 2);                                 // query, key, value, output; the last layer's key and value
        yield return (new(tokens, size.Hidden, size.Intermediate), whole);
        yield return (new(tokens, size.Intermediate, size.Hidden), whole);
        yield return (new(lengths.Count, size.Hidden, size.Hidden), 3);                                        // the last layer's query and output, the pooler
        yield return (new(lengths.Count, size.Hidden, size.Intermediate), 1);
        yield return (new(lengths.Count, size.Intermediate, size.Hidden), 1);
        yield return (new(lengths.Count, size.Hidden, labels), 1);                                             // the classifier
    }

    /// <summary>Operations of one micro-batch's forward pass: linear layers, and attention's two products (scores, and their sum of values) over the real lengths.</summary>
    public double Forward(IReadOnlyCollection<int> lengths) =>
        Linear(lengths).Sum(layer => layer.Count * layer.Shape.Flops) + lengths.Sum(length => 2 * 2.0 * length * ((length * (size.Layers - 1)) + 1) * size.Hidden);

    /// <summary>As <see cref="Forward"/>, of the backward pass: each product has a derivative by either factor.</summary>
    public double Backward(IReadOnlyCollection<int> lengths) => 2 * Forward(lengths);
}
