using Google.Protobuf;
using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>
/// Writes a model as an ONNX file. Numbers of fields are those of the public schema (onnx.proto). A protobuf message ends at 2 GB: weights that would pass that
/// go to a file beside it, which the model names.
/// </summary>
static class OnnxWriter
{
    /// <summary>A message of a protobuf file has at most so many bytes; the rest of what a file holds is far less than the difference to 2 GB.</summary>
    const long MostBytes = (1L << 31) - (64 << 20);

    /// <summary>Numbers in a file of their own begin at a multiple of this, so that it can be mapped; fewer than these bytes stay in the model.</summary>
    const int Page = 4096, FewBytes = 1024;

    /// <summary>Writes <paramref name="name"/> into a folder, and <paramref name="name"/> + "_data" where the weights do not fit.</summary>
    /// <param name="mostBytes">Of all constants that stay in the model; for tests.</param>
    public static void Write(OnnxModel model, string folder, string name, long mostBytes = MostBytes)
    {
        var outside = model.Constants.Sum(constant => constant.Bytes) > mostBytes;
        var places = outside ? Places(model.Constants.Where(constant => constant.Bytes >= FewBytes)) : [];
        if (outside) AtomicFile.Write(Path.Combine(folder, Data(name)), stream => WriteData(places, stream));
        AtomicFile.Write(Path.Combine(folder, name), stream => WriteModel(model, places, Data(name), stream));
    }

    static string Data(string name) => name + "_data";

    // ---- ModelProto, GraphProto

    static void WriteModel(OnnxModel model, Dictionary<OnnxConstant, long> places, string data, Stream to)
    {
        var head = Message(m =>
        {
            Number(m, 1, OnnxModel.FileFormat);
            Text(m, 2, "tutti");
            Text(m, 3, typeof(OnnxWriter).Assembly.GetName().Version?.ToString(3) ?? "0");
            Bytes(m, 8, Message(set =>                        // opset_import; no domain is ONNX's own
            {
                Text(set, 1, "");
                Number(set, 2, OnnxModel.OperatorSet);
            }));
        });
        var begin = Message(graph =>
        {
            foreach (var node in model.Nodes) Bytes(graph, 1, Node(node));
            Text(graph, 2, "encoder");
        });
        var heads = model.Constants.ToDictionary(constant => constant, constant => places.TryGetValue(constant, out var place) ? Outside(constant, data, place) : Inside(constant));
        var end = Message(graph =>
        {
            foreach (var value in model.Inputs) Bytes(graph, 11, ValueInfo(value));
            foreach (var value in model.Outputs) Bytes(graph, 12, ValueInfo(value));
        });
        var sizes = model.Constants.ToDictionary(constant => constant, constant => heads[constant].Length + (places.ContainsKey(constant) ? 0 : constant.Bytes));
        var graphBytes = begin.Length + sizes.Values.Sum(size => TagSize(5) + LengthSize(size) + size) + end.Length;
        to.Write(head);
        Begin(to, 7, graphBytes);
        to.Write(begin);
        foreach (var constant in model.Constants)
        {
            Begin(to, 5, sizes[constant]);
            to.Write(heads[constant]);
            if (!places.ContainsKey(constant)) WriteNumbers(constant, to);
        }
        to.Write(end);
    }

    // ---- NodeProto, AttributeProto

    static byte[] Node(OnnxNode node) => Message(m =>
    {
        foreach (var input in node.Inputs) Text(m, 1, input);
        foreach (var output in node.Outputs) Text(m, 2, output);
        Text(m, 3, node.Name);
        Text(m, 4, node.Operator);
        foreach (var (name, value) in node.Attributes) Bytes(m, 5, Attribute(name, value));
    });

    static byte[] Attribute(string name, object value) => Message(m =>
    {
        Text(m, 1, name);
        switch (value)
        {
            case float number:
                m.WriteTag(2, WireFormat.WireType.Fixed32);
                m.WriteFloat(number);
                Number(m, 20, 1);
                break;
            case long number:
                Number(m, 3, number);
                Number(m, 20, 2);
                break;
            case long[] list:
                foreach (var number in list) Number(m, 8, number);
                Number(m, 20, 7);
                break;
            default: throw new ArgumentException($"attribute {name} is a {value.GetType().Name}; expected long, float or long[]");
        }
    });

    // ---- ValueInfoProto with TypeProto and TensorShapeProto

    static byte[] ValueInfo(OnnxValue value) => Message(m =>
    {
        Text(m, 1, value.Name);
        var shape = Message(axes =>
        {
            foreach (var axis in value.Axes)
                Bytes(axes, 1, Message(dimension =>
                {
                    if (axis is string name) Text(dimension, 2, name);
                    else Number(dimension, 1, (long)axis);
                }));
        });
        var tensor = Message(type =>
        {
            Number(type, 1, OnnxModel.NumberOf(value.Type));
            Bytes(type, 2, shape);
        });
        Bytes(m, 2, Message(type => Bytes(type, 1, tensor)));
    });

    // ---- TensorProto: everything but the numbers, which follow the tag and length of raw_data

    static byte[] Inside(OnnxConstant constant) => Message(m =>
    {
        Header(m, constant);
        m.WriteTag(9, WireFormat.WireType.LengthDelimited);
        m.WriteUInt64((ulong)constant.Bytes);
    });

    static byte[] Outside(OnnxConstant constant, string data, long place) => Message(m =>
    {
        Header(m, constant);
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)[("location", data), ("offset", FormattableString.Invariant($"{place}")), ("length", FormattableString.Invariant($"{constant.Bytes}"))])
            Bytes(m, 13, Message(entry =>
            {
                Text(entry, 1, key);
                Text(entry, 2, value);
            }));
        Number(m, 14, 1);                                     // data_location: external
    });

    static void Header(CodedOutputStream m, OnnxConstant constant)
    {
        foreach (var size in constant.Shape) Number(m, 1, size);
        Number(m, 2, OnnxModel.NumberOf(constant.Type));
        Text(m, 8, constant.Name);
    }

    static Dictionary<OnnxConstant, long> Places(IEnumerable<OnnxConstant> constants)
    {
        var (places, at) = (new Dictionary<OnnxConstant, long>(), 0L);
        foreach (var constant in constants)
        {
            places[constant] = at;
            at += (constant.Bytes + Page - 1) / Page * Page;
        }
        return places;
    }

    static void WriteData(Dictionary<OnnxConstant, long> places, Stream to)
    {
        foreach (var (constant, place) in places.OrderBy(pair => pair.Value))
        {
            while (to.Position < place) to.Write(new byte[(int)Math.Min(Page, place - to.Position)]);
            WriteNumbers(constant, to);
        }
    }

    static void WriteNumbers(OnnxConstant constant, Stream to)
    {
        using var scope = new Scope();
        SafeTensors.WriteData(to, constant.Value());          // raw_data are little-endian in row-major order, as there
    }

    // ---- fields

    static byte[] Message(Action<CodedOutputStream> write)
    {
        using var memory = new MemoryStream();
        using (var output = new CodedOutputStream(memory, leaveOpen: true)) write(output);
        return memory.ToArray();
    }

    static void Number(CodedOutputStream to, int field, long value)
    {
        to.WriteTag(field, WireFormat.WireType.Varint);
        to.WriteInt64(value);
    }

    static void Text(CodedOutputStream to, int field, string value)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteString(value);
    }

    static void Bytes(CodedOutputStream to, int field, byte[] message)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteBytes(ByteString.CopyFrom(message));
    }

    static void Begin(Stream to, int field, long bytes)
    {
        using var output = new CodedOutputStream(to, leaveOpen: true);
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteUInt64((ulong)bytes);                     // a length is a varint, as this is
    }

    static int TagSize(int field) => CodedOutputStream.ComputeTagSize(field);

    static int LengthSize(long bytes) => CodedOutputStream.ComputeUInt64Size((ulong)bytes);
}
