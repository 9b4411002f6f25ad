using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Tutti.Bench.Fuzz;

/// <summary>Writes pickles operation by operation, as Python's protocol 2 does, and whatever else is asked for.</summary>
sealed class PickleWriter
{
    readonly List<byte> bytes = [];

    public PickleWriter() => Raw("\x80\x02");

    /// <summary>Operations as they stand, one byte a character.</summary>
    public PickleWriter Raw(string operations)
    {
        bytes.AddRange(Encoding.Latin1.GetBytes(operations));
        return this;
    }

    public PickleWriter Global(string module, string name) => Raw($"c{module}\n{name}\n");

    public PickleWriter Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Raw("X").Number(utf8.Length, 4);
        bytes.AddRange(utf8);
        return this;
    }

    public PickleWriter Long(BigInteger value)
    {
        var digits = value.ToByteArray();
        Raw("\x8a").Number(digits.Length, 1);
        bytes.AddRange(digits);
        return this;
    }

    public PickleWriter Number(long value, int size)
    {
        Span<byte> room = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(room, value);
        bytes.AddRange(room[..size]);
        return this;
    }

    public PickleWriter Longs(IEnumerable<long> values)
    {
        Raw("(");
        foreach (var value in values) Long(value);
        return Raw("t");
    }

    /// <summary>A tensor: a view of a storage.</summary>
    public PickleWriter Tensor(string storage, string key, long elements, long[] shape, long[]? strides = null, long offset = 0, bool legacy = false)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Raw("(").Storage(storage, key, elements, legacy).Long(offset);
        return Longs(shape).Longs(strides ?? RowMajor(shape)).Raw("\x89").Global("collections", "OrderedDict").Raw(")RtR");
    }

    public PickleWriter Storage(string storage, string key, long elements, bool legacy = false) =>
        Raw("(").Text("storage").Global("torch", storage).Text(key).Text("cpu").Long(elements).Raw(legacy ? "NtQ" : "tQ");

    public byte[] End()
    {
        Raw(".");
        return [.. bytes];
    }

    static long[] RowMajor(long[] shape)
    {
        var strides = new long[shape.Length];
        for (var (axis, stride) = (shape.Length - 1, 1L); axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }
}
