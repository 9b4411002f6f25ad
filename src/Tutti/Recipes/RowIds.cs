using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>What rows are called: a column's cells, or the rows counted from 0.</summary>
static class RowIds
{
    /// <summary>Repeated hashes that are looked up: more say nothing new.</summary>
    const int MostRepeats = 1 << 16;

    /// <summary>The ids of a table, or of a part of a file whose first row is row <paramref name="first"/> of it.</summary>
    /// <exception cref="DataException">An id is empty or there twice.</exception>
    public static IReadOnlyList<string> Of(Table part, string? column, long first = 0) => column is not null ? part.Ids(column)
        : [.. Enumerable.Range(0, part.Count).Select(row => (first + row).ToString(CultureInfo.InvariantCulture))];

    /// <summary>
    /// Checks the ids of a file that is read in parts, in constant memory: hashes of the ids are sorted on disk, eight bytes a row, and only
    /// where two are equal the texts are compared.
    /// </summary>
    /// <param name="parts">Reads the file from its start.</param>
    /// <param name="column">The column of ids.</param>
    /// <param name="hash">64 bits of an id's text.</param>
    /// <exception cref="DataException">An id is empty or there twice.</exception>
    /// <exception cref="ConfigException">Temporary files cannot be written.</exception>
    public static void Check(Func<IEnumerable<Table>> parts, string column, Func<string, ulong>? hash = null)
    {
        hash ??= Hash;
        var repeated = Repeated(parts().SelectMany(part => part.Ids(column)).Select(hash));
        if (repeated.Count == 0) return;
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);   // two texts may share a hash: only equal texts are at fault
        foreach (var part in parts())
            foreach (var (row, id) in part.Ids(column).Index().Where(pair => repeated.Contains(hash(pair.Item))))
                if (!lines.TryAdd(id, part.LineOf(row)))
                    throw new DataException(part.File, $"the id '{id}' is there twice, first in line {lines[id]}; ids must differ.", part.LineOf(row), column);
    }

    static HashSet<ulong> Repeated(IEnumerable<ulong> hashes)
    {
        using var spool = new KeySpool<ulong>();
        foreach (var hash in hashes) spool.Add(hash);
        var repeated = new HashSet<ulong>();
        ulong? before = null;
        foreach (var hash in spool.Sorted())
        {
            if (hash == before) repeated.Add(hash);
            if (repeated.Count == MostRepeats) break;
            before = hash;
        }
        return repeated;
    }

    static ulong Hash(string id)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(id), digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }
}
