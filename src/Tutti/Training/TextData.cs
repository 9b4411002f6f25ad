using Tutti.Models;
using Tutti.Tables;
using Tutti.Text;

namespace Tutti.Training;

/// <summary>Texts of a table as the examples of one model: encoded with its tokenizer, and what that cost.</summary>
/// <param name="Examples">In row order.</param>
/// <param name="Truncated">Rows that were longer than the model reads.</param>
/// <param name="LostTokens">Tokens that were cut off, all rows together.</param>
/// <param name="AllTokens">Tokens before cutting.</param>
public sealed record TextData(IReadOnlyList<Example> Examples, int Truncated, long LostTokens, long AllTokens)
{
    /// <summary>Encodes every row on all processors, or takes it from a cache.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="text">The text of a row.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxLength">Tokens per row, special tokens included.</param>
    /// <param name="labels">The class of each row (-1 unknown), or null for none.</param>
    /// <param name="pair">The second text, or null.</param>
    /// <param name="cache">Where rows that were encoded before are found; null: nowhere.</param>
    public static TextData From(Table table, TextTemplate text, Tokenizer tokenizer, int maxLength, int[]? labels = null, TextTemplate? pair = null, TokenCache? cache = null)
    {
        var tokens = (cache ?? new(null)).EncodeAll(tokenizer, Texts(table, text), maxLength, pair is null ? null : Texts(table, pair));
        var examples = tokens.Select((t, row) => new Example(t.Ids, t.TypeIds, labels?[row] ?? -1, row)).ToArray();
        return new(examples, tokens.Count(t => t.Truncated), tokens.Sum(t => (long)t.FullLength - t.Ids.Length), tokens.Sum(t => (long)t.FullLength));
    }

    /// <summary>The examples of some rows.</summary>
    public Example[] Rows(IEnumerable<int> rows) => [.. rows.Select(row => Examples[row])];

    /// <summary>The rendered text of every row.</summary>
    public static string[] Texts(Table table, TextTemplate template) => [.. Enumerable.Range(0, table.Count).Select(row => template.Render(table, row))];

    /// <summary>Examples as one ragged micro-batch.</summary>
    public static TokenBatch Batch(IReadOnlyList<Example> examples)
    {
        var ids = new int[examples.Sum(example => example.Ids.Length)];
        var types = examples.Any(example => example.Types is not null) ? new byte[ids.Length] : null;
        var at = 0;
        List<int>? asked = examples.Any(example => example.Asked is not null) ? [] : null;
        foreach (var example in examples)
        {
            asked?.AddRange(example.Asked!.Select(place => at + place));
            example.Ids.CopyTo(ids, at);
            example.Types?.CopyTo(types!, at);
            at += example.Ids.Length;
        }
        return new(ids, types, [.. examples.Select(example => example.Ids.Length)], [.. examples.Select(example => (long)example.Row)]) { Asked = asked?.ToArray() };
    }
}
