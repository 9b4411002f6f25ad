using System.Buffers.Binary;
using System.IO.Compression;

namespace Tutti.Tests.Reports;

/// <summary>The pixels of a PNG file of 8 bits a channel without interlacing (RFC 2083), to be looked at by tests.</summary>
sealed class PngPicture
{
    readonly byte[] pixels;
    readonly int channels;

    public PngPicture(byte[] file)
    {
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10], file[..8]);
        using var packed = new MemoryStream();
        for (var at = 8; at < file.Length;)
        {
            var (length, kind, data) = (BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at)), System.Text.Encoding.ASCII.GetString(file, at + 4, 4), at + 8);
            if (kind == "IHDR")
            {
                (Width, Height) = (BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(data)), BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(data + 4)));
                Assert.Equal((8, 0), (file[data + 8], file[data + 12]));
                channels = file[data + 9] switch { 2 => 3, 6 => 4, var other => throw new InvalidDataException($"colour type {other}") };
            }
            if (kind == "IDAT") packed.Write(file, data, length);
            at = data + length + 4;
        }
        packed.Position = 0;
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        pixels = new byte[Width * Height * channels];
        var (line, before) = (new byte[Width * channels], new byte[Width * channels]);
        for (var y = 0; y < Height; y++)
        {
            var filter = unpacked.ReadByte();
            unpacked.ReadExactly(line);
            for (var i = 0; i < line.Length; i++)
            {
                int left = i < channels ? 0 : line[i - channels], above = before[i], corner = i < channels ? 0 : before[i - channels];
                line[i] += (byte)(filter switch { 0 => 0, 1 => left, 2 => above, 3 => (left + above) / 2, 4 => Paeth(left, above, corner), _ => throw new InvalidDataException($"filter {filter}") });
            }
            line.CopyTo(pixels, y * line.Length);
            (line, before) = (before, line);
        }
    }

    public int Width { get; }
    public int Height { get; }

    public (int Red, int Green, int Blue) this[int x, int y] => (pixels[((y * Width) + x) * channels], pixels[(((y * Width) + x) * channels) + 1], pixels[(((y * Width) + x) * channels) + 2]);

    public IEnumerable<(int Red, int Green, int Blue)> All => from y in Enumerable.Range(0, Height) from x in Enumerable.Range(0, Width) select this[x, y];

    static int Paeth(int left, int above, int corner)
    {
        var (a, b, c) = (Math.Abs(above - corner), Math.Abs(left - corner), Math.Abs(left + above - (2 * corner)));
        return a <= b && a <= c ? left : b <= c ? above : corner;
    }
}
