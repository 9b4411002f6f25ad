using System.Buffers.Binary;
using System.Text;

namespace Tutti.Torch.Pickles;

/// <summary>The bytes of a pickle, read from front to back. Every read is checked against their end.</summary>
/// <param name="data">The first byte.</param>
/// <param name="length">How many there are.</param>
/// <param name="file">The file, for errors.</param>
/// <param name="within">What holds the pickle within the file, such as an entry's name; empty for the file itself.</param>
sealed unsafe class PickleBytes(byte* data, long length, string file, string within)
{
    static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    public long Position { get; set; }
    public long Left => length - Position;

    /// <summary>An error at the operation that began there.</summary>
    public DataException Bad(string text, long at) => new(file, $"{(within.Length > 0 ? within + ", " : "")}byte {at}: {text}");

    public byte Byte() => Take(1)[0];

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > Left) throw Bad($"{(ulong)count} bytes should follow, {Left} do; the file is cut short or damaged", Position);
        if (count > int.MaxValue) throw Bad($"one value claims {count} bytes", Position);
        var span = new ReadOnlySpan<byte>(data + Position, (int)count);
        Position += count;
        return span;
    }

    /// <summary>An unsigned little-endian number of so many bytes.</summary>
    public ulong Number(int bytes)
    {
        Span<byte> wide = stackalloc byte[8];
        wide.Clear();
        Take(bytes).CopyTo(wide);
        return BinaryPrimitives.ReadUInt64LittleEndian(wide);
    }

    /// <summary>Bytes with their number before them, as so many bytes.</summary>
    public ReadOnlySpan<byte> Counted(int bytes)
    {
        var count = Number(bytes);
        return Take(count > long.MaxValue ? -1 : (long)count);
    }

    /// <summary>Up to the next line feed, which is passed over.</summary>
    public ReadOnlySpan<byte> Line()
    {
        const int MaxLine = 1 << 16;
        var rest = new ReadOnlySpan<byte>(data + Position, (int)Math.Min(Left, MaxLine));
        var end = rest.IndexOf((byte)'\n');
        if (end < 0) throw Bad("a line does not end", Position);
        Position += end + 1;
        return rest[..end];
    }

    public string Text(ReadOnlySpan<byte> utf8, long at)
    {
        try
        {
            return strict.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw Bad($"a text is not UTF-8: {e.Message}", at);
        }
    }
}
