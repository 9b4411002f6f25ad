using System.Globalization;
using Google.Protobuf;
using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>Reads an ONNX file back, to compute what it says: the fields of the public schema (onnx.proto) that <see cref="OnnxWriter"/> writes, and no others.</summary>
sealed class OnnxReader
{
    readonly string file;
    readonly List<OnnxNode> nodes = [];
    readonly List<OnnxConstant> constants = [];
    readonly List<OnnxValue> inputs = [], outputs = [];
    long format, operators;

    OnnxReader(string file) => this.file = file;

    /// <summary>The model of a file. Its constants are tensors of the scope that is open.</summary>
    /// <exception cref="DataException">Not an ONNX file, or one with something that no graph of this project has.</exception>
    public static OnnxModel Read(string file)
    {
        var reader = new OnnxReader(file);
        try
        {
            using var stream = File.OpenRead(file);
            using var input = CodedInputStream.CreateWithLimits(stream, int.MaxValue, 100);
            reader.Model(input, stream.Length);
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or InvalidDataException or InvalidOperationException or ArgumentException or FormatException or IOException)
        {
            throw new DataException(file, $"cannot be read as an ONNX model: {error.Message}", inner: error);
        }
        if (reader.format != OnnxModel.FileFormat || reader.operators != OnnxModel.OperatorSet)
            throw new DataException(file, $"has ir_version {reader.format} and operator set {reader.operators}; expected {OnnxModel.FileFormat} and {OnnxModel.OperatorSet}");
        return new(reader.nodes, reader.constants, reader.inputs, reader.outputs);
    }

    void Model(CodedInputStream from, long end)
    {
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: format = from.ReadInt64(); break;
                case 7: Graph(from, Inside(from)); break;
                case 8: OperatorSet(from, Inside(from)); break;
                default: from.SkipLastField(); break;
            }
    }

    void OperatorSet(CodedInputStream from, long end)
    {
        var (domain, version) = ("", 0L);
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: domain = from.ReadString(); break;
                case 2: version = from.ReadInt64(); break;
                default: from.SkipLastField(); break;
            }
        if (domain is "" or "ai.onnx") operators = version;
    }

    void Graph(CodedInputStream from, long end)
    {
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: nodes.Add(Node(from, Inside(from))); break;
                case 5: constants.Add(Constant(from, Inside(from))); break;
                case 11: inputs.Add(Value(from, Inside(from))); break;
                case 12: outputs.Add(Value(from, Inside(from))); break;
                default: from.SkipLastField(); break;
            }
    }

    static OnnxNode Node(CodedInputStream from, long end)
    {
        var (kind, name) = ("", "");
        List<string> into = [], made = [];
        var attributes = new Dictionary<string, object>();
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: into.Add(from.ReadString()); break;
                case 2: made.Add(from.ReadString()); break;
                case 3: name = from.ReadString(); break;
                case 4: kind = from.ReadString(); break;
                case 5:
                    var (key, value) = Attribute(from, Inside(from));
                    attributes.Add(key, value);
                    break;
                default: from.SkipLastField(); break;
            }
        return new(kind, name, into, made, attributes);
    }

    static (string Name, object Value) Attribute(CodedInputStream from, long end)
    {
        var (name, kind, number, whole) = ("", 0L, 0f, 0L);
        List<long> list = [];
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: name = from.ReadString(); break;
                case 2: number = from.ReadFloat(); break;
                case 3: whole = from.ReadInt64(); break;
                case 8: list.Add(from.ReadInt64()); break;
                case 20: kind = from.ReadInt64(); break;
                default: from.SkipLastField(); break;
            }
        return (name, kind switch { 1 => number, 2 => whole, 7 => list.ToArray(), _ => throw new InvalidDataException($"attribute '{name}' is of type {kind}; expected 1, 2 or 7 (a number, a whole one, several whole ones)") });
    }

    // A TypeProto holds a tensor's type, that a shape, that its dimensions: each the only message in the one before that matters here.
    static OnnxValue Value(CodedInputStream from, long end)
    {
        var (name, type) = ("", 0L);
        List<object> axes = [];
        while (Next(from, end, out var field))
            if (field == 1) name = from.ReadString();
            else if (field == 2) Type(Inside(from));
            else from.SkipLastField();
        return new(name, OnnxModel.TypeOf(type), axes);

        void Type(long within)
        {
            while (Next(from, within, out var field))
                if (field == 1) Tensor(Inside(from));
                else from.SkipLastField();
        }

        void Tensor(long within)
        {
            while (Next(from, within, out var field))
                if (field == 1) type = from.ReadInt64();
                else if (field == 2) Shape(Inside(from));
                else from.SkipLastField();
        }

        void Shape(long within)
        {
            while (Next(from, within, out var field))
                if (field == 1) Axis(Inside(from));
                else from.SkipLastField();
        }

        void Axis(long within)
        {
            while (Next(from, within, out var field))
                if (field == 1) axes.Add(from.ReadInt64());
                else if (field == 2) axes.Add(from.ReadString());
                else from.SkipLastField();
        }
    }

    OnnxConstant Constant(CodedInputStream from, long end)
    {
        var (name, type, outside) = ("", 0L, false);
        List<long> shape = [];
        ByteString? bytes = null;
        var data = new Dictionary<string, string>();
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: shape.Add(from.ReadInt64()); break;
                case 2: type = from.ReadInt64(); break;
                case 8: name = from.ReadString(); break;
                case 9: bytes = from.ReadBytes(); break;
                case 13:
                    var (key, value) = Pair(from, Inside(from));
                    data.Add(key, value);
                    break;
                case 14: outside = from.ReadInt64() == 1; break;
                default: from.SkipLastField(); break;
            }
        var numbers = outside ? Outside(data) : (bytes ?? throw new InvalidDataException($"constant '{name}' has no raw_data")).ToByteArray();
        var tensor = SafeTensors.FromBytes(numbers, [.. shape], OnnxModel.TypeOf(type));
        return new(name, OnnxModel.TypeOf(type), [.. shape], () => tensor);
    }

    static (string Key, string Value) Pair(CodedInputStream from, long end)
    {
        var (key, value) = ("", "");
        while (Next(from, end, out var field))
            switch (field)
            {
                case 1: key = from.ReadString(); break;
                case 2: value = from.ReadString(); break;
                default: from.SkipLastField(); break;
            }
        return (key, value);
    }

    byte[] Outside(Dictionary<string, string> data)
    {
        var name = data["location"];
        if (name != Path.GetFileName(name)) throw new InvalidDataException($"a constant is in '{name}'; expected the plain name of a file beside the model");
        using var stream = File.OpenRead(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, name));
        stream.Position = long.Parse(data["offset"], CultureInfo.InvariantCulture);
        var bytes = new byte[long.Parse(data["length"], CultureInfo.InvariantCulture)];
        stream.ReadExactly(bytes);
        return bytes;
    }

    // ---- messages

    /// <summary>The number of the next field before <paramref name="end"/>.</summary>
    static bool Next(CodedInputStream from, long end, out int field)
    {
        field = 0;
        if (from.Position == end) return false;
        if (from.Position > end) throw new InvalidDataException($"a message runs over its end at byte {end}");
        field = WireFormat.GetTagFieldNumber(from.ReadTag());
        return true;
    }

    /// <summary>Where the message that begins here ends.</summary>
    static long Inside(CodedInputStream from) => from.ReadLength() + from.Position;
}
