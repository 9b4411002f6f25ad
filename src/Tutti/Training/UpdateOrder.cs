namespace Tutti.Training;

/// <summary>Which examples form which update of every epoch: a pure function of the epoch, so that a fit which goes on finds the same.</summary>
public abstract class UpdateOrder
{
    /// <summary>Updates of an epoch, the same number in every one.</summary>
    public abstract int PerEpoch { get; }

    /// <summary>The updates of an epoch, counted from 1.</summary>
    public abstract IReadOnlyList<Example[]> Epoch(int epoch);

    /// <summary>The example with the most tokens that an update may have.</summary>
    public abstract Example Longest { get; }

    /// <summary>Above 0 examples are pieces of so many streams, named by <see cref="Example.Row"/>, and a recurrent model carries its states from each update to the next of the epoch.</summary>
    public virtual int Streams => 0;
}

/// <summary>Rows in an order of their own in every epoch, see <see cref="Batches.Epoch"/>.</summary>
/// <param name="examples">The rows.</param>
/// <param name="batch">Examples per update; the last of an epoch may have fewer.</param>
/// <param name="seed">Of the orders.</param>
public sealed class ShuffledRows(IReadOnlyList<Example> examples, int batch, long seed) : UpdateOrder
{
    public override int PerEpoch => (examples.Count + batch - 1) / batch;
    public override IReadOnlyList<Example[]> Epoch(int epoch) => Batches.Epoch(examples, batch, seed, epoch);
    public override Example Longest => examples.MaxBy(example => example.Length)!;
}
