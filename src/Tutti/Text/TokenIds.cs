namespace Tutti.Text;

/// <summary>One text (or pair of texts) as a model reads it.</summary>
/// <param name="Ids">Token ids, special tokens included.</param>
/// <param name="TypeIds">0 for the first text, 1 for the second, one per id; null where all are 0.</param>
/// <param name="FullLength">How many ids there would be without truncation; greater than Ids.Length exactly where tokens were cut.</param>
public readonly record struct TokenIds(int[] Ids, byte[]? TypeIds, int FullLength)
{
    public bool Truncated => FullLength > Ids.Length;
}
