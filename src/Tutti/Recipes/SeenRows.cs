using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>Hashes of the texts that a run trained on, so that a score is never computed on them unnoticed.</summary>
public static class SeenRows
{
    /// <summary>One line of 16 hexadecimal digits per distinct text.</summary>
    public static void Write(string path, RunData data)
    {
        // With several folds every row is trained on by some cell; a single holdout is not.
        var trained = data.Folds.Count == 1 ? data.Folds.Train(0) : Enumerable.Range(0, data.Train.Count);
        var keys = Keys(data.Train, data.Text, data.Pair, data.Pictures);
        var lines = trained.Select(row => keys[row]).Concat(data.Taught?.Keys(data) ?? []).Distinct().Order();
        AtomicFile.Write(path, string.Concat(lines.Select(key => FormattableString.Invariant($"{key:x16}\n"))));
    }

    /// <summary>The hashes of a run, or none where the file is missing.</summary>
    /// <exception cref="DataException">A line is no hash.</exception>
    public static HashSet<ulong> Read(string path) => !File.Exists(path) ? [] : [.. File.ReadLines(path).Select((line, i) =>
        ulong.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key) ? key
            : throw new DataException(path, $"got '{line}', expected 16 hexadecimal digits; repeat tutti train to write the file again", i + 1))];

    /// <summary>The hashes of rows: of their texts, or of what the files of their pictures hold.</summary>
    public static ulong[] Keys(Table table, TextTemplate text, TextTemplate? pair, bool pictures) => pictures ? PictureTable.Keys(table, text.Columns[0]) : [.. Enumerable.Range(0, table.Count).Select(row => Key(table, row, text, pair))];

    /// <summary>The hash of a row's text, white space and case folded.</summary>
    public static ulong Key(Table table, int row, TextTemplate text, TextTemplate? pair)
    {
        var words = string.Join(' ', $"{text.Render(table, row)} \0 {pair?.Render(table, row)}".Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant();
        return BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(words)));
    }
}
