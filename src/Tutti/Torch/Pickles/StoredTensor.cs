namespace Tutti.Torch.Pickles;

/// <summary>A run of elements that tensors look at.</summary>
/// <param name="key">Its name in the file.</param>
/// <param name="type">Of its elements.</param>
/// <param name="count">How many elements the pickle says it has.</param>
sealed class Storage(string key, ElementType type, long count)
{
    public string Key => key;
    public ElementType Type => type;
    public long Count => count;
    public long Bytes => count * type.Size;

    /// <summary>Where its first byte lies in the file; -1 until found.</summary>
    public long Begin { get; set; } = -1;
}

/// <summary>A tensor as a pickle describes it: a view of a storage.</summary>
/// <param name="Storage">What it looks at.</param>
/// <param name="Type">Of its elements.</param>
/// <param name="Offset">Its first element's place in the storage, in elements.</param>
sealed record StoredTensor(Storage Storage, ElementType Type, long Offset, long[] Shape, long[] Strides)
{
    public const int MaxAxes = 16;

    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
    public long Bytes => Count * Type.Size;

    /// <summary>What is wrong with it, or null.</summary>
    public string? Fault()
    {
        if (Shape.Length != Strides.Length) return $"a tensor has {Shape.Length} sizes and {Strides.Length} strides";
        if (Offset < 0 || Array.Exists(Shape, size => size < 0) || Array.Exists(Strides, stride => stride < 0)) return $"a tensor has a negative size, stride or offset: {Text}";
        // Also of an empty tensor no product of sizes may overflow: the engine multiplies them for its strides.
        UInt128 bytes = (uint)Type.Size, reach = (ulong)Offset;
        for (var axis = 0; axis < Shape.Length; axis++)
        {
            bytes *= (ulong)Math.Max(1, Shape[axis]);
            reach += (UInt128)(ulong)Math.Max(0, Shape[axis] - 1) * (ulong)Strides[axis];
            if (bytes > long.MaxValue || reach > long.MaxValue) return $"a tensor's sizes overflow: {Text}";
        }
        var elements = (ulong)(Storage.Bytes / Type.Size);
        return Count > 0 && reach >= elements || (ulong)Offset > elements ? $"a tensor looks outside its storage '{Storage.Key}' of {elements} elements: {Text}" : null;
    }

    string Text => $"offset {Offset}, sizes ({string.Join(", ", Shape)}), strides ({string.Join(", ", Strides)})";

    /// <summary>The elements in row-major order.</summary>
    /// <param name="storage">The storage's first byte.</param>
    /// <param name="to">Room for <see cref="Bytes"/>.</param>
    public unsafe void Copy(byte* storage, byte* to)
    {
        var size = Type.Size;
        var from = storage + (Offset * size);
        var bytes = Bytes;
        if (bytes == 0) return;
        if (IsRowMajor())
        {
            Buffer.MemoryCopy(from, to, bytes, bytes);
            return;
        }
        var inner = Shape[^1];
        var step = Strides[^1] * size;
        var at = new long[Shape.Length];
        for (var done = 0L; done < bytes; done += inner * size)
        {
            var row = from;
            for (var axis = 0; axis < at.Length - 1; axis++) row += at[axis] * Strides[axis] * size;
            CopyRow(row, step, to + done, inner, size);
            for (var axis = at.Length - 2; axis >= 0 && ++at[axis] == Shape[axis]; axis--) at[axis] = 0;
        }
    }

    static unsafe void CopyRow(byte* from, long step, byte* to, long count, int size)
    {
        for (var i = 0L; i < count; i++, from += step, to += size)
            switch (size)
            {
                case 1: *to = *from; break;
                case 2: *(ushort*)to = *(ushort*)from; break;
                case 4: *(uint*)to = *(uint*)from; break;
                default: *(ulong*)to = *(ulong*)from; break;     // wider elements are none of the engine's
            }
    }

    bool IsRowMajor()
    {
        var expected = 1L;
        for (var axis = Shape.Length - 1; axis >= 0; axis--)
        {
            if (Shape[axis] != 1 && Strides[axis] != expected) return false;
            expected *= Shape[axis];
        }
        return true;
    }
}
