using System.Buffers.Binary;
using System.Text.Json;

namespace Tutti.Torch;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">The byte after the last.</param>
public sealed record SafeTensorsEntry(string Name, string DType, long[] Shape, long Begin, long End);

/// <summary>
/// A safetensors file, memory-mapped: 8 bytes header length (little endian), a JSON header, the data. Nothing in it can execute; every
/// header that does not describe exactly the bytes that follow is refused (the rules of the reference reader, safetensors 0.4 tensor.rs).
/// </summary>
public sealed unsafe class SafeTensors : TensorFile
{
    const long MaxHeader = 100_000_000;

    readonly string path;
    readonly MappedFile file;
    readonly byte* data;
    readonly Dictionary<string, SafeTensorsEntry> entries = new(StringComparer.Ordinal);

    /// <exception cref="DataException">The file is missing, cut short, or its header lies.</exception>
    public SafeTensors(string path)
    {
        this.path = path;
        file = new(path, 8, "safetensors file (8 bytes header length, header, data)");
        try
        {
            var size = file.Length;
            var header = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, 8));
            if (header > MaxHeader) throw Bad($"the header claims {header} bytes; at most {MaxHeader} are accepted");
            if (header > (ulong)(size - 8)) throw Bad($"the header claims {header} bytes, the file has {size - 8} behind its length; it is cut short or not a safetensors file");
            data = file.Data + 8 + header;
            Parse(file.Span(8, (int)header), size - 8 - (long)header);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public IReadOnlyDictionary<string, SafeTensorsEntry> Entries => entries;

    /// <summary>The free text pairs of the header, such as <c>format: pt</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private set; } = new Dictionary<string, string>();

    public override IReadOnlyCollection<string> Names => entries.Keys;

    public override bool Has(string name) => entries.ContainsKey(name);

    public override long[] Shape(string name) => Find(name).Shape;

    public override Tensor Read(string name)
    {
        var entry = Find(name);
        if (TypeOf(entry.DType) is not { } dtype) throw Unknown(entry);
        var tensor = Tensor.Empty(entry.Shape, dtype);
        Buffer.MemoryCopy(data + entry.Begin, tensor.Data, entry.End - entry.Begin, entry.End - entry.Begin);
        GC.KeepAlive(this);
        return tensor;
    }

    public override Tensor Describe(string name)
    {
        var entry = Find(name);
        return Tensor.Empty(entry.Shape, TypeOf(entry.DType) ?? throw Unknown(entry), Device.Meta);
    }

    /// <summary>Copies one tensor from the file straight into an existing one; on the CPU without making a tensor.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="target">A contiguous tensor; its values are replaced, also where it is a weight that needs a gradient.</param>
    /// <exception cref="DataException">The file has no such tensor, or one of another element type or shape than the target.</exception>
    public void ReadInto(string name, Tensor target)
    {
        if (!target.IsContiguous) throw new ArgumentException($"the target of '{name}' is {target.Describe()}; expected a contiguous tensor", nameof(target));
        var entry = Find(name);
        if (TypeOf(entry.DType) != target.DType || !entry.Shape.AsSpan().SequenceEqual(target.Shape))
            throw new DataException(path, $"tensor '{name}' is {entry.DType} ({string.Join(", ", entry.Shape)}), expected {target.Describe()}");
        if (!target.Device.IsCpu)
        {
            using var none = Modes.NoGrad();
            using var stored = Read(name);
            target.CopyFrom(stored);
            return;
        }
        Buffer.MemoryCopy(data + entry.Begin, target.Data, entry.End - entry.Begin, entry.End - entry.Begin);
        GC.KeepAlive(this);
        GC.KeepAlive(target);
    }

    public override void Dispose() => file.Dispose();

    SafeTensorsEntry Find(string name) => entries.TryGetValue(name, out var entry) ? entry : throw new DataException(path, $"there is no tensor '{name}'");

    void Parse(ReadOnlySpan<byte> header, long dataBytes)
    {
        if (header.IsEmpty || header[0] != (byte)'{') throw Bad("the header is not a JSON object");
        var order = new List<SafeTensorsEntry>();
        try
        {
            using var json = JsonDocument.Parse(header.TrimEnd((byte)' ').ToArray(), new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__") Metadata = property.Value.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "");
                else order.Add(Entry(property.Name, property.Value));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            throw new DataException(path, $"the header cannot be read: {e.Message}", inner: e);
        }
        order.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        foreach (var entry in order) Check(entry, dataBytes);
        var expected = 0L;
        foreach (var entry in order)
        {
            if (entry.Begin != expected)
                throw Bad($"tensor '{entry.Name}' begins at byte {entry.Begin}, expected {expected}: tensors overlap or leave a hole");
            expected = entry.End;
            entries[entry.Name] = entry;
        }
        if (expected != dataBytes) throw Bad($"the tensors end at byte {expected}, the data at {dataBytes}; the file is cut short or has bytes that belong to no tensor");
    }

    static SafeTensorsEntry Entry(string name, JsonElement json)
    {
        var offsets = json.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2) throw new FormatException($"tensor '{name}' needs two data_offsets");
        return new(name, json.GetProperty("dtype").GetString() ?? "", [.. json.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
            offsets[0].GetInt64(), offsets[1].GetInt64());
    }

    void Check(SafeTensorsEntry entry, long dataBytes)
    {
        var size = SizeOf(entry.DType);
        if (size == 0) throw Bad($"tensor '{entry.Name}' has the unknown element type '{entry.DType}'");
        if (entry.Begin < 0 || entry.End < entry.Begin || entry.End > dataBytes)
            throw Bad($"tensor '{entry.Name}' claims bytes {entry.Begin} to {entry.End}, outside the {dataBytes} bytes of data");
        if (entry.Shape.Length > 16) throw Bad($"tensor '{entry.Name}' has {entry.Shape.Length} axes; at most 16 are accepted");
        UInt128 bytes = (uint)size;
        foreach (var axis in entry.Shape)
        {
            if (axis < 0) throw Bad($"tensor '{entry.Name}' has the negative size {axis}");
            // Also of an empty tensor no product of sizes may overflow: the engine multiplies them for its strides.
            bytes *= (ulong)Math.Max(1, axis);
            if (bytes > long.MaxValue) throw Bad($"tensor '{entry.Name}' has the shape ({string.Join(", ", entry.Shape)}), whose bytes overflow");
        }
        if (entry.Shape.Contains(0)) bytes = 0;
        if (bytes != (ulong)(entry.End - entry.Begin))
            throw Bad($"tensor '{entry.Name}' of {entry.DType} ({string.Join(", ", entry.Shape)}) needs {bytes} bytes, its offsets hold {entry.End - entry.Begin}");
    }

    DataException Unknown(SafeTensorsEntry entry) => new(path, $"tensor '{entry.Name}' has element type {entry.DType}, which this engine does not have; save it as F32, F16 or BF16");

    DataException Bad(string text) => new(path, text);

    /// <summary>
    /// Writes tensors as a safetensors file. The data begin at a multiple of 8 and stand in the order of the reference writer, by falling element
    /// size and then by name, so that every tensor is aligned to its elements. Non-CPU tensors are copied.
    /// </summary>
    public static void Write(Stream to, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var names = Order(tensors);
        using var header = Header(names, tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        to.Write(length);
        header.WriteTo(to);
        foreach (var name in names) WriteData(to, tensors[name]);
    }

    /// <summary>The bytes that <see cref="Write"/> will write.</summary>
    public static long Size(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var header = Header(Order(tensors), tensors, metadata);
        return 8 + header.Length + tensors.Values.Sum(tensor => tensor.Count * tensor.DType.Size());
    }

    static string[] Order(IReadOnlyDictionary<string, Tensor> tensors)
        => [.. tensors.Keys.OrderByDescending(name => tensors[name].DType.Size()).ThenBy(name => name, StringComparer.Ordinal)];

    static MemoryStream Header(string[] names, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName("__metadata__");
            JsonSerializer.Serialize(json, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
            var offset = 0L;
            foreach (var name in names)
            {
                var (shape, dtype) = (tensors[name].Shape, tensors[name].DType);
                var end = offset + (tensors[name].Count * dtype.Size());
                json.WriteStartObject(name);
                json.WriteString("dtype", NameOf(dtype));
                json.WriteStartArray("shape");
                foreach (var size in shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) { buffer.Position = buffer.Length; buffer.WriteByte((byte)' '); }
        return buffer;
    }

    /// <summary>A tensor's numbers in row-major order, little-endian: also what other formats hold.</summary>
    internal static void WriteData(Stream to, Tensor tensor)
    {
        using var scope = new Scope();
        var plain = tensor.Detach().To(Device.Cpu).Contiguous();
        var total = plain.Count * plain.DType.Size();
        for (var offset = 0L; offset < total; offset += 1 << 24)
            to.Write(new ReadOnlySpan<byte>((byte*)plain.Data + offset, (int)Math.Min(1 << 24, total - offset)));
    }

    /// <summary>The tensor whose numbers <see cref="WriteData"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Not as many bytes as the shape has.</exception>
    internal static Tensor FromBytes(ReadOnlySpan<byte> bytes, long[] shape, DType dtype)
    {
        var tensor = Tensor.Empty(shape, dtype);
        if (tensor.Count * dtype.Size() != bytes.Length) throw new InvalidDataException($"{tensor.Describe()} needs {tensor.Count * dtype.Size()} bytes, there are {bytes.Length}");
        bytes.CopyTo(new Span<byte>(tensor.Data, bytes.Length));
        return tensor;
    }

    static readonly (string Name, int Size, DType? Type)[] types =
    [
        ("BOOL", 1, DType.Bool), ("U8", 1, DType.UInt8), ("I8", 1, DType.Int8), ("I16", 2, DType.Int16), ("I32", 4, DType.Int32), ("I64", 8, DType.Int64),
        ("F16", 2, DType.Float16), ("BF16", 2, DType.BFloat16), ("F32", 4, DType.Float32), ("F64", 8, DType.Float64),
        ("U16", 2, null), ("U32", 4, null), ("U64", 8, null), ("F8_E4M3", 1, null), ("F8_E5M2", 1, null),
    ];

    static DType? TypeOf(string name) => Array.Find(types, type => type.Name == name).Type;
    static int SizeOf(string name) => Array.Find(types, type => type.Name == name).Size;
    static string NameOf(DType dtype) => Array.Find(types, type => type.Type == dtype).Name;
}
