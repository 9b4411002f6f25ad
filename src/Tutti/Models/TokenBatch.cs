namespace Tutti.Models;

/// <summary>A micro-batch of texts as plain arrays: one flat run of token ids, never a padded rectangle.</summary>
/// <param name="Ids">(T) token ids, sequence after sequence.</param>
/// <param name="Types">(T) token types (which text of a pair), or null when all are 0.</param>
/// <param name="Lengths">(n) tokens of each sequence.</param>
/// <param name="Examples">(n) the number that names each sequence across epochs and cuts; dropout masks depend on it.</param>
public sealed record TokenBatch(int[] Ids, byte[]? Types, int[] Lengths, long[] Examples) : InputBatch(Examples)
{
    public int Tokens => Ids.Length;

    /// <summary>The tokens that a head of every token is asked for, as places in <see cref="Ids"/>; null for all.</summary>
    public int[]? Asked { get; init; }
}
