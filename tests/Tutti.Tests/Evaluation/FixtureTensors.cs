using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Tutti.Tests.Evaluation;

/// <summary>The arrays of a safetensors file as doubles, read without the tensor engine.</summary>
sealed class FixtureTensors(string file)
{
    readonly byte[] bytes = File.ReadAllBytes(Path.Combine(Shared.Fixtures, file));

    public IEnumerable<string> Names => JsonNode.Parse(bytes.AsSpan(8, Header))!.AsObject().Select(entry => entry.Key).Where(name => name != "__metadata__");

    public long[] Shape(string name) => [.. Entry(name)["shape"]!.AsArray().Select(side => side!.GetValue<long>())];

    int Header => (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);

    JsonNode Entry(string name) => JsonNode.Parse(bytes.AsSpan(8, Header))![name] ?? throw new KeyNotFoundException($"{file} has no {name}");

    public double[] this[string name]
    {
        get
        {
            var (header, entry) = (Header, Entry(name));
            var (start, end) = (entry["data_offsets"]![0]!.GetValue<int>(), entry["data_offsets"]![1]!.GetValue<int>());
            ReadOnlySpan<byte> data = bytes.AsSpan(8 + header + start, end - start);
            return entry["dtype"]!.GetValue<string>() switch
            {
                "F64" => MemoryMarshal.Cast<byte, double>(data).ToArray(),
                "F32" => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(data).ToArray(), v => (double)v),
                "U8" => Array.ConvertAll(data.ToArray(), v => (double)v),
                "I64" => Array.ConvertAll(MemoryMarshal.Cast<byte, long>(data).ToArray(), v => (double)v),
                var other => throw new NotSupportedException($"{file}: {name} is {other}"),
            };
        }
    }
}
