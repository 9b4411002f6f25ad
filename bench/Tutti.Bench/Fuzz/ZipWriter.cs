using System.Buffers.Binary;
using System.Text;

namespace Tutti.Bench.Fuzz;

/// <summary>One entry of a zip archive to write, with what its headers shall say where that is not the truth.</summary>
/// <param name="Method">0: stored.</param>
/// <param name="LocalName">In its own header, where it differs from the directory's.</param>
/// <param name="LocalMethod">Likewise.</param>
/// <param name="LocalBytes">Likewise.</param>
/// <param name="ClaimedBytes">In both places.</param>
sealed record ZipItem(string Name, byte[] Data, int Method = 0, string? LocalName = null, int? LocalMethod = null, uint? LocalBytes = null, uint? ClaimedBytes = null, int Flags = 0);

/// <summary>Writes zip archives of stored entries as torch does: the data of each begin at a multiple of 64. It lies when told to.</summary>
static class ZipWriter
{
    /// <param name="items">In their order.</param>
    /// <param name="wide">With 64-bit sizes in the directory and a 64-bit directory's end.</param>
    /// <param name="count">Entries that the directory claims; null for the truth.</param>
    public static byte[] Write(IReadOnlyList<ZipItem> items, bool wide = false, int? count = null)
    {
        var file = new MemoryStream();
        var places = new List<long>();
        foreach (var item in items)
        {
            places.Add(file.Position);
            Local(file, item);
        }
        var directory = file.Position;
        for (var i = 0; i < items.Count; i++) Central(file, items[i], places[i], wide);
        End(file, directory, count ?? items.Count, wide);
        return file.ToArray();
    }

    static void Local(MemoryStream file, ZipItem item)
    {
        var name = Encoding.UTF8.GetBytes(item.LocalName ?? item.Name);
        var padding = (int)(64 - ((file.Position + 30 + name.Length + 4) % 64)) % 64;
        var size = item.LocalBytes ?? item.ClaimedBytes ?? (uint)item.Data.Length;
        Numbers(file, (4, 0x04034b50), (2, 20), (2, (uint)item.Flags), (2, (uint)(item.LocalMethod ?? item.Method)), (4, 0), (4, 0), (4, size), (4, size), (2, (uint)name.Length), (2, (uint)padding + 4));
        file.Write(name);
        Numbers(file, (2, 0x4246), (2, (uint)padding));
        file.Write(new byte[padding]);
        file.Write(item.Data);
    }

    static void Central(MemoryStream file, ZipItem item, long place, bool wide)
    {
        var name = Encoding.UTF8.GetBytes(item.Name);
        var size = wide ? uint.MaxValue : item.ClaimedBytes ?? (uint)item.Data.Length;
        Numbers(file, (4, 0x02014b50), (2, 20), (2, 20), (2, (uint)item.Flags), (2, (uint)item.Method), (4, 0), (4, 0), (4, size), (4, size), (2, (uint)name.Length), (2, wide ? 28u : 0), (2, 0), (2, 0), (2, 0), (4, 0), (4, wide ? uint.MaxValue : (uint)place));
        file.Write(name);
        if (wide) Numbers(file, (2, 1), (2, 24), (8, (long)item.Data.Length), (8, (long)item.Data.Length), (8, place));
    }

    static void End(MemoryStream file, long directory, int count, bool wide)
    {
        var (size, end) = (file.Position - directory, file.Position);
        if (wide)
        {
            Numbers(file, (4, 0x06064b50), (8, 44), (2, 45), (2, 45), (4, 0), (4, 0), (8, (long)count), (8, (long)count), (8, size), (8, directory));
            Numbers(file, (4, 0x07064b50), (4, 0), (8, end), (4, 1));
        }
        Numbers(file, (4, 0x06054b50), (2, 0), (2, 0), (2, wide ? ushort.MaxValue : (uint)count), (2, wide ? ushort.MaxValue : (uint)count), (4, wide ? uint.MaxValue : (uint)size), (4, wide ? uint.MaxValue : (uint)directory), (2, 0));
    }

    static void Numbers(MemoryStream file, params (int Bytes, long Value)[] numbers)
    {
        Span<byte> room = stackalloc byte[8];
        foreach (var (bytes, value) in numbers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(room, value);
            file.Write(room[..bytes]);
        }
    }
}
