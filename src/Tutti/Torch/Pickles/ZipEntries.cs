using System.Buffers.Binary;
using System.Text;

namespace Tutti.Torch.Pickles;

/// <summary>Where the bytes of a zip entry lie in the file.</summary>
readonly record struct ZipEntry(string Name, long Header, long Begin, long Bytes);

/// <summary>
/// The entries of a zip archive as torch writes it: stored, never compressed, so that each is a part of the file as it stands. What the
/// directory says must be what the entries' own headers say, and no two may share bytes.
/// </summary>
sealed class ZipEntries
{
    const int EndSize = 22, End64Size = 56, LocatorSize = 20, CentralSize = 46, LocalSize = 30;
    const uint Narrow = uint.MaxValue;                        // a 32-bit field that says: look into the 64-bit one

    readonly MappedFile file;
    readonly Dictionary<string, ZipEntry> entries = new(StringComparer.Ordinal);

    /// <exception cref="DataException">Compressed, contradictory or cut entries.</exception>
    public ZipEntries(MappedFile file)
    {
        this.file = file;
        var (count, begin, size) = Directory();
        var at = begin;
        for (var i = 0L; i < count; i++) at = Central(at, begin + size, begin);
        if (at != begin + size) throw Bad($"the zip directory has {begin + size - at} bytes more than its {count} entries");
        var reached = 0L;
        foreach (var entry in entries.Values.OrderBy(entry => entry.Header))
        {
            if (entry.Header < reached) throw Bad($"the zip entry '{entry.Name}' shares bytes with another");
            reached = entry.Begin + entry.Bytes;
        }
    }

    public IEnumerable<ZipEntry> All => entries.Values;

    public ZipEntry? Find(string name) => entries.TryGetValue(name, out var entry) ? entry : null;

    // How many entries, where their directory begins, and its bytes.
    (long Count, long Begin, long Size) Directory()
    {
        var tail = (int)Math.Min(file.Length, EndSize + ushort.MaxValue);
        var bytes = file.Span(file.Length - tail, tail);
        for (var i = bytes.Length - EndSize; i >= 0; i--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[i..]) != 0x06054b50 || i + EndSize + U16(bytes, i + 20) != bytes.Length) continue;
            var at = file.Length - tail + i;
            if (U16(bytes, i + 4) is not (0 or ushort.MaxValue) || U16(bytes, i + 6) is not (0 or ushort.MaxValue)) throw Bad("the zip archive is one of several parts");
            var (count, size, begin) = ((long)U16(bytes, i + 10), (long)U32(bytes, i + 12), (long)U32(bytes, i + 16));
            var end = at;
            if (count == ushort.MaxValue || size == Narrow || begin == Narrow) (count, begin, size, end) = Directory64(at);
            if (begin < 0 || size < 0 || begin > end - size || count < 0 || count > size / CentralSize)
                throw Bad($"the zip directory claims {count} entries in {size} bytes from byte {begin}, which the file does not have");
            return (count, begin, size);
        }
        throw Bad("the zip archive has no directory at its end; the file is cut short");
    }

    (long Count, long Begin, long Size, long End) Directory64(long end)
    {
        if (end < LocatorSize + End64Size || U32(file.Span(end - LocatorSize, 4), 0) != 0x07064b50) throw Bad("the zip archive lacks its 64-bit directory");
        var at = BinaryPrimitives.ReadInt64LittleEndian(file.Span(end - LocatorSize + 8, 8));
        if (at < 0 || at > end - LocatorSize - End64Size || U32(file.Span(at, 4), 0) != 0x06064b50) throw Bad("the zip archive's 64-bit directory is not where it should be");
        var record = file.Span(at, End64Size);
        return (I64(record, 32), I64(record, 48), I64(record, 40), at);
    }

    // Reads the entry at that place of the directory; returns the next one's.
    long Central(long at, long end, long directory)
    {
        if (at > end - CentralSize) throw Bad("the zip directory is cut short");
        var head = file.Span(at, CentralSize);
        if (U32(head, 0) != 0x02014b50) throw Bad($"the zip directory is damaged at byte {at}");
        var (nameLength, extraLength) = (U16(head, 28), U16(head, 30));
        var next = at + CentralSize + nameLength + extraLength + U16(head, 32);
        if (next > end) throw Bad("the zip directory is cut short");
        var rawName = file.Span(at + CentralSize, nameLength);
        var name = Encoding.UTF8.GetString(rawName);
        if (U16(head, 10) != 0) throw Bad($"the zip entry '{name}' is compressed; torch stores weights as they are, only the code of TorchScript programs is not");
        if ((U16(head, 8) & 1) != 0) throw Bad($"the zip entry '{name}' is encrypted");
        long packed = U32(head, 20), bytes = U32(head, 24), header = U32(head, 42);
        if (bytes == Narrow || packed == Narrow || header == Narrow) Wide(file.Span(at + CentralSize + nameLength, extraLength), name, ref bytes, ref packed, ref header);
        if (packed != bytes) throw Bad($"the zip entry '{name}' has {packed} bytes stored for {bytes}");
        var begin = Local(name, rawName, header, bytes, directory);
        if (!entries.TryAdd(name, new(name, header, begin, bytes))) throw Bad($"the zip entry '{name}' is there twice");
        return next;
    }

    // The 64-bit numbers of an entry, in the order of those fields that are full.
    void Wide(ReadOnlySpan<byte> extra, string name, ref long bytes, ref long packed, ref long header)
    {
        while (extra.Length >= 4)
        {
            var (id, length) = (U16(extra, 0), U16(extra, 2));
            if (length > extra.Length - 4) break;
            var field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (id != 1) continue;
            Next(ref bytes, ref field);
            Next(ref packed, ref field);
            Next(ref header, ref field);
            return;
        }
        throw Bad($"the zip entry '{name}' lacks its 64-bit sizes");

        void Next(ref long value, ref ReadOnlySpan<byte> field)
        {
            if (value != Narrow) return;
            if (field.Length < 8) throw Bad($"the zip entry '{name}' lacks its 64-bit sizes");
            value = I64(field, 0);
            field = field[8..];
        }
    }

    // The entry's own header must say the same; returns where its bytes begin.
    long Local(string name, ReadOnlySpan<byte> rawName, long at, long bytes, long directory)
    {
        if (at < 0 || at > directory - LocalSize) throw Bad($"the zip entry '{name}' is said to be at byte {at}, outside the file");
        var head = file.Span(at, LocalSize);
        if (U32(head, 0) != 0x04034b50) throw Bad($"the zip entry '{name}' is not at byte {at}, where the directory says");
        var begin = at + LocalSize + U16(head, 26) + U16(head, 28);
        if (bytes < 0 || begin > directory || bytes > directory - begin) throw Bad($"the zip entry '{name}' claims {bytes} bytes from byte {begin}, the file has {Math.Max(0, directory - begin)} there");
        if (U16(head, 8) != 0) throw Bad($"the zip entry '{name}' is compressed in its own header, stored in the directory");
        if (!file.Span(at + LocalSize, U16(head, 26)).SequenceEqual(rawName)) throw Bad($"the zip entry '{name}' has another name in its own header");
        // A writer that streams puts the sizes behind the bytes and leaves them open here; 64-bit ones stand elsewhere.
        var (packed, size) = (U32(head, 18), U32(head, 22));
        var open = (U16(head, 6) & 8) != 0 && packed == 0 && size == 0;
        if (!open && (packed != Narrow && packed != bytes || size != Narrow && size != bytes)) throw Bad($"the zip entry '{name}' has {size} bytes in its own header, {bytes} in the directory");
        return begin;
    }

    static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
    static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
    static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    DataException Bad(string text) => new(file.Path, text);
}
