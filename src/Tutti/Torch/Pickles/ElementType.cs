namespace Tutti.Torch.Pickles;

/// <summary>The elements of a torch storage.</summary>
/// <param name="Name">torch's name, such as <c>float32</c>.</param>
/// <param name="Size">Bytes of one.</param>
/// <param name="DType">The engine's type, or null where it has none.</param>
sealed record ElementType(string Name, int Size, DType? DType)
{
    /// <summary>The bytes of a storage whose tensors bring their types themselves.</summary>
    public static ElementType Untyped { get; } = new("untyped", 1, null);

    static readonly (string Storage, ElementType Type)[] all =
    [
        ("FloatStorage", new("float32", 4, Torch.DType.Float32)),
        ("DoubleStorage", new("float64", 8, Torch.DType.Float64)),
        ("HalfStorage", new("float16", 2, Torch.DType.Float16)),
        ("BFloat16Storage", new("bfloat16", 2, Torch.DType.BFloat16)),
        ("LongStorage", new("int64", 8, Torch.DType.Int64)),
        ("IntStorage", new("int32", 4, Torch.DType.Int32)),
        ("ShortStorage", new("int16", 2, Torch.DType.Int16)),
        ("CharStorage", new("int8", 1, Torch.DType.Int8)),
        ("ByteStorage", new("uint8", 1, Torch.DType.UInt8)),
        ("BoolStorage", new("bool", 1, Torch.DType.Bool)),
        ("ComplexFloatStorage", new("complex64", 8, null)),
        ("ComplexDoubleStorage", new("complex128", 16, null)),
        ("QInt8Storage", new("qint8", 1, null)),
        ("QUInt8Storage", new("quint8", 1, null)),
        ("QInt32Storage", new("qint32", 4, null)),
        ("QUInt4x2Storage", new("quint4x2", 1, null)),
        ("QUInt2x4Storage", new("quint2x4", 1, null)),
        ("UntypedStorage", Untyped),
        ("_UntypedStorage", Untyped),                         // its name in torch 1.12
    ];

    // Types without a storage class of their own.
    static readonly ElementType[] more =
    [
        new("complex32", 4, null), new("uint16", 2, null), new("uint32", 4, null), new("uint64", 8, null),
        new("float8_e4m3fn", 1, null), new("float8_e5m2", 1, null), new("float8_e4m3fnuz", 1, null), new("float8_e5m2fnuz", 1, null),
    ];

    // Second names that torch gives some types.
    static readonly Dictionary<string, string> other = new(StringComparer.Ordinal)
    {
        ["float"] = "float32",
        ["double"] = "float64",
        ["half"] = "float16",
        ["long"] = "int64",
        ["int"] = "int32",
        ["short"] = "int16",
        ["cfloat"] = "complex64",
        ["cdouble"] = "complex128",
        ["chalf"] = "complex32",
    };

    /// <summary>Names of storage classes, such as <c>FloatStorage</c>.</summary>
    public static IEnumerable<(string Name, ElementType Type)> Storages => all;

    /// <summary>Names of torch.dtype, such as <c>float32</c>, with second ones.</summary>
    public static IEnumerable<(string Name, ElementType Type)> Names
    {
        get
        {
            var types = all.Select(one => one.Type).Where(type => type != Untyped).Concat(more).ToArray();
            return types.Select(type => (type.Name, type)).Concat(other.Select(second => (second.Key, types.First(type => type.Name == second.Value))));
        }
    }
}
