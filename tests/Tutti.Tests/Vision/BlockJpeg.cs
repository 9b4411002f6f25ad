namespace Tutti.Tests.Vision;

/// <summary>
/// JPEG files whose 8 x 8 blocks have one grey each, so that what they decode to is known without a decoder (ITU T.81): codes of four bits for the sizes of DC differences, one bit for the end of a
/// block, quantizers of 8, which makes the DC of a block its grey less 128.
/// </summary>
sealed class BlockJpeg
{
    readonly List<byte> bytes = [];
    int held, bits;

    /// <param name="grey">By column and row of blocks.</param>
    /// <param name="sampling">Blocks of brightness beside and above each other for one of each colour, which is grey; null: no colours.</param>
    /// <param name="interval">Units between restart markers, 0: none.</param>
    /// <param name="marker">The number that the n-th restart marker says: n and 7 in a sound file.</param>
    public static byte[] Of(int width, int height, Func<int, int, int> grey, (int Across, int Down)? sampling, int interval = 0, Func<int, int>? marker = null)
    {
        var file = new BlockJpeg();
        var (across, down) = sampling ?? (1, 1);
        var components = sampling is null ? 1 : 3;
        file.Segment(0xDB, [0, .. Enumerable.Repeat((byte)8, 64)]);
        byte[] first = [1, (byte)((across << 4) | down), 0];
        byte[] colours = components == 1 ? [] : [2, 0x11, 0, 3, 0x11, 0];
        file.Segment(0xC0, [8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, (byte)components, .. first, .. colours]);
        file.Segment(0xC4, [0x00, 0, 0, 0, 12, .. new byte[12], .. Enumerable.Range(0, 12).Select(size => (byte)size)]);
        file.Segment(0xC4, [0x10, 1, .. new byte[15], 0]);
        if (interval > 0) file.Segment(0xDD, [(byte)(interval >> 8), (byte)interval]);
        byte[] scanned = components == 1 ? [1, 0] : [1, 0, 2, 0, 3, 0];
        file.Segment(0xDA, [(byte)components, .. scanned, 0, 63, 0]);
        var (columns, rows) = ((width + (8 * across) - 1) / (8 * across), (height + (8 * down) - 1) / (8 * down));
        var last = 0;
        for (var unit = 0; unit < columns * rows; unit++)
        {
            if (interval > 0 && unit > 0 && unit % interval == 0)
            {
                file.Flush();
                var number = (unit / interval) - 1;
                file.bytes.AddRange([0xFF, (byte)(0xD0 + (marker?.Invoke(number) ?? number & 7))]);
                last = 0;
            }
            for (var y = 0; y < down; y++)
                for (var x = 0; x < across; x++)
                {
                    var value = grey((unit % columns * across) + x, (unit / columns * down) + y) - 128;
                    file.Block(value - last);
                    last = value;
                }
            for (var colour = 1; colour < components; colour++) file.Block(0);
        }
        file.Flush();
        return [0xFF, 0xD8, .. file.bytes, 0xFF, 0xD9];
    }

    void Segment(byte name, byte[] data) => bytes.AddRange([0xFF, name, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data]);

    void Block(int difference)
    {
        var size = 0;
        while (Math.Abs(difference) >> size > 0) size++;
        Put(size, 4);
        Put(difference > 0 ? difference : difference + (1 << size) - 1, size);
        Put(0, 1);
    }

    void Put(int value, int count)
    {
        for (var i = count - 1; i >= 0; i--)
        {
            (held, bits) = ((held << 1) | ((value >> i) & 1), bits + 1);
            if (bits < 8) continue;
            bytes.Add((byte)held);
            if (held == 0xFF) bytes.Add(0);
            (held, bits) = (0, 0);
        }
    }

    void Flush()
    {
        while (bits != 0) Put(1, 1);
    }
}
