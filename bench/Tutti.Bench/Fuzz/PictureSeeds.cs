using System.Buffers.Binary;
using System.Text;
using Tutti.Vision;

namespace Tutti.Bench.Fuzz;

/// <summary>Pictures of every format that is read, and changes that get past their checksums.</summary>
static class PictureSeeds
{
    /// <summary>A changed header may claim any size; with this limit none takes long or much.</summary>
    static readonly PictureReading[] readings =
    [
        new() { MaxPixels = MaxPixels },
        PictureReading.AsPillow with { MaxPixels = MaxPixels },
        new() { MaxPixels = MaxPixels, Enough = (6, 4), Transparency = Transparency.OnWhite },
    ];

    const long MaxPixels = 1 << 20;

    /// <summary>Bytes of pixels of the largest picture that is read, three ways and turned.</summary>
    public const long Own = 3 * MaxPixels * 8;

    /// <summary>How far the whole process may grow: what decoders take is not counted by anybody.</summary>
    public const long Resident = 400L << 20;

    public static FuzzSeed[] All()
    {
        var folder = Path.Combine(Peer.Root(), "tests", "Tutti.Tests", "Fixtures", "08_vision", "pillow");
        var files = Directory.GetFiles(folder).Where(file => Path.GetExtension(file) is not (".json" or ".py")).Order(StringComparer.Ordinal).ToArray();
        if (files.Length == 0) throw new DataException(folder, "there are no pictures to change");
        return [.. files.Select(file => new FuzzSeed(Path.GetFileName(file), File.ReadAllBytes(file), Path.GetExtension(file) == ".png" ? Png : Any))];
    }

    public static void Read(string folder)
    {
        foreach (var file in Directory.GetFiles(folder))
        {
            var failed = (DataException?)null;
            foreach (var reading in readings)
                try
                {
                    PictureFile.Info(file, reading);
                    PictureFile.Read(file, reading);
                }
                catch (DataException e)
                {
                    failed = e;
                }
            if (failed is not null) throw failed;
        }
    }

    static byte[] Any(byte[] file, byte[] other, Dice dice) => Mutator.Change(file, other, dice);

    // Mostly with checksums made true again: else nothing behind the first check would be met.
    static byte[] Png(byte[] file, byte[] other, Dice dice)
    {
        if (dice.OneIn(4)) return Mutator.Change(file, other, dice);
        var parts = Parts(file);
        var which = dice.Below(parts.Count);
        var (name, data) = parts[which];
        switch (dice.Below(8))
        {
            case 0: parts.RemoveAt(which); break;
            case 1: parts.Insert(dice.Below(parts.Count), parts[which]); break;
            case 2: parts[which] = (dice.Of(parts).Name, data); break;
            case 3 when name == "IHDR": parts[which] = (name, Header(data, dice)); break;
            default: parts[which] = (name, data.Length == 0 ? [dice.Byte()] : Mutator.Change(data, other, dice)); break;
        }
        using var stream = new MemoryStream();
        stream.Write(file, 0, 8);
        foreach (var (part, bytes) in parts) PngFile.WriteChunk(stream, part, bytes);
        return stream.ToArray();
    }

    static byte[] Header(byte[] data, Dice dice)
    {
        var header = data.ToArray();
        if (dice.OneIn(2)) BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * dice.Below(2)), dice.Of([0, 1, 1000, 1 << 20, int.MaxValue, -1]));
        else header[8 + dice.Below(5)] = dice.Of<byte>([0, 1, 2, 3, 4, 6, 8, 16, 255]);
        return header;
    }

    static List<(string Name, byte[] Data)> Parts(byte[] file)
    {
        List<(string, byte[])> parts = [];
        for (var at = 8; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            parts.Add((Encoding.Latin1.GetString(file, at + 4, 4), file[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }
        return parts;
    }
}
