using System.Buffers.Binary;
using System.Text;

namespace Tutti.Bench.Fuzz;

/// <summary>Changes bytes of a file without knowing what they mean.</summary>
static class Mutator
{
    static readonly long[] lies = [0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 32767, 65535, 65536, int.MaxValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue, long.MaxValue / 4];

    /// <summary>Operations of pickles, with what they need to be read on.</summary>
    static readonly string[] operations =
    [
        "(", ".", "0", "1", "2", "N", "\x88", "\x89", "]", "}", ")", "a", "e", "s", "u", "t", "l", "d", "b", "R", "Q", "o", "\x81", "\x85", "\x86", "\x87", "\x8f", "\x90", "\x91", "\x93", "\x94",
        "q\0", "h\0", "h\x01", "r\xff\xff\xff\x7f", "j\0\0\0\0", "K\xff", "M\xff\xff", "J\xff\xff\xff\x7f", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "G\x7f\xf0\0\0\0\0\0\0", "X\xff\xff\xff\x7f", "\x8b\xff\xff\xff\x7f",
        "X\x04\0\0\0data", "C\x04" + "data", "I1\n", "L1L\n", "F1\n", "g0\n", "p0\n", "\x95\x08\0\0\0\0\0\0\0", "cos\nsystem\n", "cbuiltins\neval\n", "ctorch\nFloatStorage\n", "ctorch\nfloat32\n",
        "ccollections\nOrderedDict\n)R", "ctorch._utils\n_rebuild_tensor_v2\n", "c__builtin__\nset\n", "i__main__\nx\n", "P0\n", "\x82\x01", "\x80\x02", "\x96\x08\0\0\0\0\0\0\0",
    ];

    /// <summary>A changed copy.</summary>
    /// <param name="file">What is changed; never empty.</param>
    /// <param name="other">Another file, parts of which are put in.</param>
    /// <param name="pickle">Also swaps and puts in operations of pickles.</param>
    public static byte[] Change(byte[] file, byte[] other, Dice dice, bool pickle = false)
    {
        var bytes = file.ToList();
        for (var changes = 1 + dice.Below(4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = dice.Below(bytes.Count);
            switch (dice.Below(pickle ? 11 : 8))
            {
                case 0: bytes[at] ^= (byte)(1 << dice.Below(8)); break;
                case 1: bytes[at] = dice.Byte(); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + dice.Below(40))); break;
                case 4: bytes.InsertRange(at, Part(other, dice)); break;
                case 5: bytes.InsertRange(at, Part([.. bytes], dice)); break;
                case 6 or 7: Lie(bytes, at, dice); break;
                case 8: bytes.InsertRange(at, Encoding.Latin1.GetBytes(dice.Of(operations))); break;
                case 9: Overwrite(bytes, at, Encoding.Latin1.GetBytes(dice.Of(operations))); break;
                default: bytes.InsertRange(at, Enumerable.Repeat(Encoding.Latin1.GetBytes(dice.Of(operations)), 1 << dice.Below(12)).SelectMany(one => one).ToArray()); break;
            }
        }
        return [.. bytes];
    }

    static byte[] Part(byte[] from, Dice dice)
    {
        var at = dice.Below(from.Length);
        return from[at..Math.Min(from.Length, at + 1 + dice.Below(200))];
    }

    // A number where a length or an offset might stand.
    static void Lie(List<byte> bytes, int at, Dice dice)
    {
        var room = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(room, dice.Of(lies));
        Overwrite(bytes, dice.OneIn(2) ? at & ~3 : at, room[..dice.Of([1, 2, 4, 8])]);
    }

    static void Overwrite(List<byte> bytes, int at, byte[] by)
    {
        for (var i = 0; i < by.Length && at + i < bytes.Count; i++) bytes[at + i] = by[i];
    }
}
