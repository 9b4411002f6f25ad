using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>What rows are called: a column's cells, or the rows counted from 0.</summary>
static class RowIds
{
    /// <summary>The ids of a table, or of a part of a file whose first row is row <paramref name="first"/> of it.</summary>
    /// <exception cref="DataException">An id is empty or there twice.</exception>
    public static IReadOnlyList<string> Of(Table part, string? column, long first = 0) => column is not null ? part.Ids(column)
        : [.. Enumerable.Range(0, part.Count).Select(row => (first + row).ToString(CultureInfo.InvariantCulture))];

    /// <summary>Checks the ids of a file that is read in parts. Eight bytes a row are held, so that no file is too large.</summary>
    /// <param name="parts">Reads the file from its start.</param>
    /// <param name="column">The column of ids, or null where rows are counted.</param>
    /// <exception cref="DataException">An id is empty or there twice.</exception>
    public static void Check(Func<IEnumerable<Table>> parts, string column)
    {
        var hashes = new List<ulong>();
        foreach (var part in parts()) hashes.AddRange(part.Ids(column).Select(Hash));
        hashes.Sort();
        var repeated = new HashSet<ulong>();
        for (var i = 1; i < hashes.Count; i++)
            if (hashes[i] == hashes[i - 1]) repeated.Add(hashes[i]);
        if (repeated.Count == 0) return;
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);   // two texts may share a hash: only equal texts are at fault
        foreach (var part in parts())
            foreach (var (row, id) in part.Ids(column).Index().Where(pair => repeated.Contains(Hash(pair.Item))))
                if (!lines.TryAdd(id, part.LineOf(row)))
                    throw new DataException(part.File, $"the id '{id}' is there twice, first in line {lines[id]}; ids must differ.", part.LineOf(row), column);
    }

    static ulong Hash(string id) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
}
