using System.Security.Cryptography;
using System.Text;

namespace Tutti.Tables;

/// <summary>
/// Which rows have the same text: two are the same when they differ only in case and white space (any run of it counts as one blank, none at the ends).
/// An empty text is the same as no other.
/// </summary>
public static class TextKeys
{
    /// <summary>A digest of each row's text, or of both of a pair; null where the row has none.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="text">Makes a row's text; <paramref name="pair"/> the second one where texts come in pairs.</param>
    /// <param name="pair">May be null.</param>
    public static UInt128?[] Of(Table table, TextTemplate text, TextTemplate? pair = null) =>
        [.. Enumerable.Range(0, table.Count).AsParallel().AsOrdered().Select(row => Of(text.Render(table, row), pair?.Render(table, row)))];

    /// <summary>The same of one text or pair. A digest instead of the folded text: no second copy of a data set is held.</summary>
    public static UInt128? Of(string text, string? pair = null)
    {
        if (text.Length == 0 && pair is null or "") return null;
        var folded = new StringBuilder(text.Length);
        Add(text);
        if (pair is not null)
        {
            folded.Append('\0');                              // which no cell holds
            Add(pair);
        }
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(folded.ToString())));

        void Add(string part)
        {
            foreach (var word in part.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)) folded.Append(word.ToLowerInvariant()).Append(' ');
        }
    }
}
