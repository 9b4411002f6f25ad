using Tutti.Models;
using Tutti.Tables;
using Tutti.Text;

namespace Tutti.Training;

/// <summary>Texts of a table as the examples of one model: encoded with its tokenizer, with classes and row ids.</summary>
public sealed class TextData
{
    /// <param name="Examples">In row order.</param>
    /// <param name="Ids">The id of each row.</param>
    /// <param name="Classes">Class names in the order of the logits.</param>
    /// <param name="Truncated">Rows that were longer than the model reads.</param>
    /// <param name="LostTokens">Tokens that were cut off, all rows together.</param>
    /// <param name="AllTokens">Tokens before cutting.</param>
    public sealed record Encoded(IReadOnlyList<Example> Examples, IReadOnlyList<string> Ids, IReadOnlyList<string> Classes, int Truncated, long LostTokens, long AllTokens)
    {
        /// <summary>The examples of some rows.</summary>
        public Example[] Rows(IEnumerable<int> rows) => [.. rows.Select(row => Examples[row])];
    }

    TextData() { }

    /// <summary>Encodes every row on all processors.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="text">The text of a row.</param>
    /// <param name="pair">The second text, or null.</param>
    /// <param name="labels">The class of each row (-1 unknown), or null for none.</param>
    /// <param name="ids">The id of each row.</param>
    /// <param name="classes">Class names.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxLength">Tokens per row, special tokens included.</param>
    public static Encoded From(Table table, TextTemplate text, TextTemplate? pair, int[]? labels, IReadOnlyList<string> ids, IReadOnlyList<string> classes, Tokenizer tokenizer, int maxLength)
    {
        var tokens = tokenizer.EncodeAll(Texts(table, text), maxLength, pair is null ? null : Texts(table, pair));
        var examples = new Example[table.Count];
        for (var row = 0; row < examples.Length; row++) examples[row] = new(tokens[row].Ids, tokens[row].TypeIds, labels?[row] ?? -1, row);
        return new(examples, ids, classes, tokens.Count(t => t.FullLength > t.Ids.Length), tokens.Sum(t => (long)t.FullLength - t.Ids.Length), tokens.Sum(t => (long)t.FullLength));
    }

    /// <summary>The rendered text of every row.</summary>
    public static string[] Texts(Table table, TextTemplate template) => [.. Enumerable.Range(0, table.Count).Select(row => template.Render(table, row))];

    /// <summary>Examples as one ragged micro-batch.</summary>
    public static TokenBatch Batch(IReadOnlyList<Example> examples)
    {
        var ids = new int[examples.Sum(example => example.Ids.Length)];
        var types = examples.Any(example => example.Types is not null) ? new byte[ids.Length] : null;
        var at = 0;
        foreach (var example in examples)
        {
            example.Ids.CopyTo(ids, at);
            example.Types?.CopyTo(types!, at);
            at += example.Ids.Length;
        }
        return new(ids, types, [.. examples.Select(example => example.Ids.Length)], [.. examples.Select(example => (long)example.Row)]);
    }
}
