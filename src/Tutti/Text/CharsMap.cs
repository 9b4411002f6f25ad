using System.Buffers.Binary;

namespace Tutti.Text;

/// <summary>
/// The normalisation rules inside a SentencePiece model ("precompiled_charsmap"): a double-array trie (darts-clone) from byte strings to places in a block of
/// zero-ended replacements. Every step is checked against the table's size, so that a damaged table gives other rules but no fault.
/// </summary>
sealed class CharsMap
{
    readonly uint[] units;
    readonly byte[] replacements;
    // ASCII bytes that stand for themselves unless a byte above 0x7F follows.
    readonly bool[] plain = new bool[128];

    /// <exception cref="DataException">The sizes contradict each other.</exception>
    public CharsMap(byte[] table, string file)
    {
        Bytes = table;
        var size = table.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(table) : uint.MaxValue;
        if (size > table.Length - sizeof(uint) || size % sizeof(uint) != 0 || size < sizeof(uint))
            throw new DataException(file, $"the table of normalisation rules has {table.Length} bytes, its trie {size}; expected the trie inside, of whole 4-byte units");
        units = new uint[size / sizeof(uint)];
        for (var i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(sizeof(uint) * (i + 1)));
        replacements = table[(int)(sizeof(uint) + size)..];
        Span<byte> pair = stackalloc byte[2];
        for (var b = 0; b < plain.Length; b++)
        {
            pair[0] = (byte)b;
            plain[b] = Longest(pair[..1], out _) == 0;
            for (var next = 0; next < 128 && plain[b]; next++)
            {
                pair[1] = (byte)next;
                plain[b] = Longest(pair, out _) == 0;
            }
        }
    }

    /// <summary>The table as the model has it.</summary>
    public byte[] Bytes { get; }

    /// <summary>Whether no rule concerns this ASCII byte where ASCII or nothing follows.</summary>
    public bool IsPlain(byte ascii) => plain[ascii];

    /// <summary>How many bytes the longest rule at the start of a text takes, 0 for none.</summary>
    public int Longest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement) => Find(text, first: false, out replacement);

    /// <summary>As <see cref="Longest"/>, but the shortest rule: what Hugging Face's "Precompiled" takes.</summary>
    public int Shortest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement) => Find(text, first: true, out replacement);

    int Find(ReadOnlySpan<byte> text, bool first, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        var (taken, value) = (0, 0u);
        var at = Offset(units[0]);
        for (var i = 0; i < text.Length; i++)
        {
            at ^= text[i];
            if (at >= units.Length) break;
            var unit = units[at];
            if ((unit & (1u << 31 | 0xFF)) != text[i]) break;
            at ^= Offset(unit);
            if ((unit >> 8 & 1) == 0) continue;
            if (at >= units.Length) break;
            (taken, value) = (i + 1, units[at] & int.MaxValue);
            if (first) break;
        }
        if (taken == 0 || value > replacements.Length) return 0;
        var rest = replacements.AsSpan((int)value);
        var end = rest.IndexOf((byte)0);
        replacement = end < 0 ? rest : rest[..end];
        return taken;
    }

    static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1u << 9) >> 6);
}
