using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>A recommender's numbers by name, on their way to or from a safetensors file.</summary>
sealed class ModelArrays
{
    const string KindKey = "tutti.ratings", RangeName = "range";

    readonly Dictionary<string, (Array Values, long[] Shape)> arrays = new(StringComparer.Ordinal);
    readonly string prefix = "";

    public ModelArrays()
    {
    }

    ModelArrays(ModelArrays parent, string prefix) => (arrays, this.prefix, Path) = (parent.arrays, parent.prefix + prefix, parent.Path);

    /// <summary>The file that was read, for errors.</summary>
    public string Path { get; private init; } = "";

    /// <summary>The same arrays, with names that begin so.</summary>
    public ModelArrays Under(string name) => new(this, name + ".");

    public bool Has(string name) => arrays.ContainsKey(prefix + name);

    public void Add(string name, float[] values, params long[] shape) => arrays.Add(prefix + name, (values, shape.Length == 0 ? [values.Length] : shape));

    public void Add(string name, int[] values) => arrays.Add(prefix + name, (values, [values.Length]));

    public void Add(string name, double value) => arrays.Add(prefix + name, (new[] { value }, [1]));

    /// <summary>The ends of a sigmoid; nothing where there is none.</summary>
    public void AddRange((double Low, double High)? range)
    {
        if (range is var (low, high)) arrays.Add(prefix + RangeName, (new[] { low, high }, [2]));
    }

    public void AddText(string name, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        arrays.Add(prefix + name, (bytes, [bytes.Length]));
    }

    public float[] Floats(string name, params long[] shape) => (float[])Find(name, typeof(float[]), shape);

    public int[] Integers(string name) => (int[])Find(name, typeof(int[]), []);

    public double Number(string name) => ((double[])Find(name, typeof(double[]), [1]))[0];

    /// <summary>What <see cref="AddRange"/> added.</summary>
    public (double Low, double High)? Range() => Has(RangeName) ? (((double[])Find(RangeName, typeof(double[]), [2]))[0], ((double[])Find(RangeName, typeof(double[]), [2]))[1]) : null;

    /// <summary>All arrays of float32, with their shapes.</summary>
    public IReadOnlyDictionary<string, (float[] Values, long[] Shape)> AllFloats() =>
        arrays.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && pair.Value.Values is float[]).ToDictionary(pair => pair.Key[prefix.Length..], pair => ((float[])pair.Value.Values, pair.Value.Shape));

    public string Text(string name) => System.Text.Encoding.UTF8.GetString((byte[])Find(name, typeof(byte[]), []));

    /// <summary>Sizes of an array's axes.</summary>
    public long[] Shape(string name) => arrays.TryGetValue(prefix + name, out var found) ? found.Shape : throw Missing(name);

    Array Find(string name, Type type, long[] shape)
    {
        if (!arrays.TryGetValue(prefix + name, out var found)) throw Missing(name);
        if (found.Values.GetType() != type || (shape.Length > 0 && !shape.AsSpan().SequenceEqual(found.Shape)))
            throw new DataException(Path, $"tensor '{prefix}{name}' is {found.Values.GetType().GetElementType()!.Name} ({string.Join(", ", found.Shape)}), expected {type.GetElementType()!.Name} ({string.Join(", ", shape)})");
        return found.Values;
    }

    DataException Missing(string name) => new(Path, $"there is no tensor '{prefix}{name}'");

    public void Save(string path, string kind)
    {
        using var scope = new Scope();
        var tensors = arrays.ToDictionary(pair => pair.Key, pair => pair.Value.Values switch
        {
            float[] values => Tensor.From<float>(values, pair.Value.Shape),
            int[] values => Tensor.From<int>(values, pair.Value.Shape),
            double[] values => Tensor.From<double>(values, pair.Value.Shape),
            var values => Tensor.From<byte>((byte[])values, pair.Value.Shape),
        });
        AtomicFile.Write(path, stream => SafeTensors.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt", [KindKey] = kind }));
    }

    /// <exception cref="DataException">The file is no safetensors file of a recommender.</exception>
    public static (ModelArrays Arrays, string Kind) Open(string path)
    {
        using var file = new SafeTensors(path);
        if (!file.Metadata.TryGetValue(KindKey, out var kind)) throw new DataException(path, $"is no model of ratings: its header has no '{KindKey}'");
        var read = new ModelArrays { Path = path };
        foreach (var (name, entry) in file.Entries)
        {
            using var tensor = file.Read(name);
            read.arrays.Add(name, (tensor.DType switch
            {
                DType.Float32 => tensor.ToArray<float>(),
                DType.Int32 => tensor.ToArray<int>(),
                DType.Float64 => tensor.ToArray<double>(),
                DType.UInt8 => tensor.ToArray<byte>(),
                _ => throw new DataException(path, $"tensor '{name}' is {entry.DType}; expected F32, I32, F64 or U8"),
            }, entry.Shape));
        }
        return (read, kind);
    }
}
