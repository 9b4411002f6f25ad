namespace Tutti.Training;

/// <summary>One encoded text (or pair) with its class.</summary>
/// <param name="Ids">Token ids with special tokens, cut to the model's length.</param>
/// <param name="Types">Which text of a pair each token belongs to, or null when all are 0.</param>
/// <param name="Label">The class's index, -1 when unknown.</param>
/// <param name="Row">The row of the table, which names the example across epochs and cuts.</param>
public sealed record Example(int[] Ids, byte[]? Types, int Label, int Row);
