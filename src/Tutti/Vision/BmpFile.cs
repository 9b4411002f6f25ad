using System.Buffers.Binary;
using System.Numerics;

namespace Tutti.Vision;

/// <summary>
/// Reads BMP, by code of its own: libvips would pass it to ImageMagick, which is too much code for files of strangers. Read are 1, 4, 8, 16, 24 and 32 bits a
/// pixel, by palette or by masks, from the bottom or the top; what is packed by run lengths is refused. Alpha is dropped, as Pillow drops it.
/// </summary>
static class BmpFile
{
    const int FileHeader = 14;

    /// <param name="Header">Bytes of the second header, which names its version.</param>
    /// <param name="Pixels">Where the rows begin.</param>
    /// <param name="Masks">Of red, green and blue in a pixel of 16 or 32 bits.</param>
    sealed record Layout(int Header, int Width, int Height, bool TopDown, int Bits, int Pixels, uint[] Masks, int Colours)
    {
        public int Stride => checked((int)((((long)Width * Bits) + 31) / 32 * 4));
    }

    public static PictureInfo Info(byte[] bytes, string name, PictureReading reading)
    {
        var layout = Parse(bytes, name, reading);
        return new(PictureFormat.Bmp, layout.Width, layout.Height, 1, 3, 8);
    }

    public static Picture Decode(byte[] bytes, string name, PictureReading reading)
    {
        var layout = Parse(bytes, name, reading);
        if (layout.Pixels < FileHeader + layout.Header || layout.Pixels + ((long)layout.Stride * layout.Height) > bytes.Length)
            throw Broken(name, FormattableString.Invariant($"its rows need {(long)layout.Stride * layout.Height} bytes from byte {layout.Pixels}, the file has {bytes.Length}"));
        var palette = layout.Bits <= 8 ? Palette(bytes, name, layout) : [];
        var to = new byte[checked(3 * layout.Width * layout.Height)];
        for (var y = 0; y < layout.Height; y++)
        {
            var row = bytes.AsSpan(layout.Pixels + (layout.Stride * (layout.TopDown ? y : layout.Height - 1 - y)), layout.Stride);
            var target = to.AsSpan(3 * layout.Width * y, 3 * layout.Width);
            switch (layout.Bits)
            {
                case 16 or 32: Masked(row, target, layout); break;
                case 24: Reversed(row, target); break;
                default: Indexed(row, target, layout.Bits, palette); break;
            }
        }
        return new(layout.Width, layout.Height, to);
    }

    static Layout Parse(byte[] bytes, string name, PictureReading reading)
    {
        if (bytes.Length < FileHeader + 12) throw Broken(name, "it ends within its header");
        var header = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(FileHeader));
        if (header is not (12 or 40 or 52 or 56 or 64 or 108 or 124)) throw Broken(name, FormattableString.Invariant($"its second header has {header} bytes, expected 12, 40, 52, 56, 64, 108 or 124"));
        if (bytes.Length < FileHeader + header) throw Broken(name, "it ends within its header");
        var second = bytes.AsSpan(FileHeader, header);
        var pixels = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(10));
        if (pixels < 0) throw Broken(name, "its rows begin nowhere");
        var old = header == 12;
        var width = old ? BinaryPrimitives.ReadUInt16LittleEndian(second[4..]) : BinaryPrimitives.ReadInt32LittleEndian(second[4..]);
        var height = old ? BinaryPrimitives.ReadUInt16LittleEndian(second[6..]) : BinaryPrimitives.ReadInt32LittleEndian(second[8..]);
        if (height == int.MinValue) throw Broken(name, "its height is no number of rows");
        PictureFile.CheckSize(name, width, Math.Abs(height), reading);
        var bits = BinaryPrimitives.ReadUInt16LittleEndian(second[(old ? 10 : 14)..]);
        var packing = old ? 0 : BinaryPrimitives.ReadInt32LittleEndian(second[16..]);
        if (packing is not (0 or 3 or 6) || (packing != 0 && bits is not (16 or 32)))
            throw Broken(name, FormattableString.Invariant($"its rows are packed (method {packing} at {bits} bits); plain rows and colour masks are read: save it again, for example as PNG"));
        if (bits is not (1 or 4 or 8 or 16 or 24 or 32)) throw Broken(name, FormattableString.Invariant($"it has {bits} bits a pixel, expected 1, 4, 8, 16, 24 or 32"));
        var stated = old || bits > 8 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(second[32..]);
        return new(header, width, Math.Abs(height), height < 0, bits, pixels, packing == 0 ? Usual(bits) : Masks(bytes, name), stated > 0 && stated < 1 << bits ? stated : 1 << Math.Min((int)bits, 8));
    }

    static uint[] Usual(int bits) => bits == 16 ? [0x7C00, 0x03E0, 0x001F] : [0xFF0000, 0xFF00, 0xFF];

    // The masks stand at the same place behind a short header and within a long one.
    static uint[] Masks(byte[] bytes, string name)
    {
        if (bytes.Length < FileHeader + 52) throw Broken(name, "it ends within its colour masks");
        var masks = new uint[3];
        for (var i = 0; i < 3; i++)
        {
            masks[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(FileHeader + 40 + (4 * i)));
            var ones = masks[i] >> BitOperations.TrailingZeroCount(masks[i]);
            if (masks[i] == 0 || (ones & (ones + 1)) != 0) throw Broken(name, FormattableString.Invariant($"a colour mask is {masks[i]:X8}, expected one run of bits"));
        }
        return masks;
    }

    static Colour[] Palette(byte[] bytes, string name, Layout layout)
    {
        var (start, each) = (FileHeader + layout.Header, layout.Header == 12 ? 3 : 4);
        if (start + (each * layout.Colours) > bytes.Length) throw Broken(name, "it ends within its palette");
        var palette = new Colour[256];                        // colours that are not stated are black
        for (var i = 0; i < layout.Colours; i++) palette[i] = new(bytes[start + (each * i) + 2], bytes[start + (each * i) + 1], bytes[start + (each * i)]);
        return palette;
    }

    static void Indexed(ReadOnlySpan<byte> row, Span<byte> to, int bits, Colour[] palette)
    {
        for (var x = 0; x < to.Length / 3; x++)
        {
            var bit = x * bits;
            var colour = palette[(row[bit / 8] >> (8 - bits - (bit % 8))) & ((1 << bits) - 1)];
            (to[3 * x], to[(3 * x) + 1], to[(3 * x) + 2]) = (colour.Red, colour.Green, colour.Blue);
        }
    }

    static void Reversed(ReadOnlySpan<byte> row, Span<byte> to)
    {
        for (var i = 0; i < to.Length; i += 3) (to[i], to[i + 1], to[i + 2]) = (row[i + 2], row[i + 1], row[i]);
    }

    static void Masked(ReadOnlySpan<byte> row, Span<byte> to, Layout layout)
    {
        for (var x = 0; x < layout.Width; x++)
        {
            var pixel = layout.Bits == 16 ? BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * x)..]) : BinaryPrimitives.ReadUInt32LittleEndian(row[(4 * x)..]);
            for (var c = 0; c < 3; c++)
            {
                var shift = BitOperations.TrailingZeroCount(layout.Masks[c]);
                to[(3 * x) + c] = (byte)((ulong)((pixel & layout.Masks[c]) >> shift) * 255 / (layout.Masks[c] >> shift));
            }
        }
    }

    static DataException Broken(string name, string what) => new(name, $"the file begins as BMP but cannot be decoded: {what}; replace it, or leave it out (errors: skip)");
}
