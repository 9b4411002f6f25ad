using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Tutti.Vision;

/// <summary>Writes PNG: 8 bits a channel, no transparency.</summary>
public static class PngFile
{
    static readonly uint[] table = [.. Enumerable.Range(0, 256).Select(i => Enumerable.Range(0, 8).Aggregate((uint)i, (c, _) => (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1))];

    /// <summary>Replaces a file by the picture.</summary>
    public static void Write(string path, Picture picture) => AtomicFile.Write(path, stream => Write(stream, picture));

    /// <summary>Writes the picture to a stream.</summary>
    public static void Write(Stream stream, Picture picture)
    {
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), picture.Height);
        (header[8], header[9]) = (8, 2);                      // bits, red green blue
        WriteChunk(stream, "IHDR", header);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            for (var y = 0; y < picture.Height; y++) WriteRow(zlib, picture, y);
        WriteChunk(stream, "IDAT", packed.ToArray());
        WriteChunk(stream, "IEND", []);
    }

    // Filter 2: the difference to the row above, which packs photos better than the bytes themselves.
    static void WriteRow(ZLibStream zlib, Picture picture, int y)
    {
        var row = picture.Row(y).ToArray();
        if (y > 0)
        {
            var above = picture.Row(y - 1);
            for (var i = 0; i < row.Length; i++) row[i] = unchecked((byte)(row[i] - above[i]));
        }
        zlib.WriteByte(y > 0 ? (byte)2 : (byte)0);
        zlib.Write(row);
    }

    /// <summary>One part of a PNG: length, name, data, checksum.</summary>
    internal static void WriteChunk(Stream stream, string name, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        byte[] named = [.. Encoding.ASCII.GetBytes(name), .. data];
        stream.Write(named);
        var sum = uint.MaxValue;
        foreach (var value in named) sum = table[(sum ^ value) & 255] ^ (sum >> 8);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~sum);
        stream.Write(number);
    }
}
