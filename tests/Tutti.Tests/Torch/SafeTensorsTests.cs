using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Tests.Torch;

public sealed class SafeTensorsTests : EngineTest
{
    static readonly string pickles = Path.Combine(Shared.Fixtures, "01_hf_text", "pickles");

    [Fact]
    public void Every_type_and_shape_comes_back_bit_for_bit()
    {
        var random = RandomStream.Of(1, "safetensors");
        var bits = Enumerable.Range(0, 6).Select(i => (long)random.Bits(i)).ToArray();
        var shaped = Tensor.From(bits, 2, 3);
        var tensors = new Dictionary<string, Tensor>
        {
            ["f64"] = As(DType.Float64),
            ["f32"] = As(DType.Float32),
            ["f16"] = As(DType.Float16),
            ["bf16"] = As(DType.BFloat16),
            ["i64"] = shaped,
            ["i32"] = As(DType.Int32),
            ["i16"] = As(DType.Int16),
            ["i8"] = As(DType.Int8),
            ["u8"] = As(DType.UInt8),
            ["bool"] = Tensor.From([true, false, true]),
            ["scalar"] = Tensor.From((ReadOnlySpan<float>)[3f], []),
            ["empty"] = Tensor.Empty([2, 0, 3]),
            ["turned"] = shaped.Transpose(0, 1),
            ["ключ \"é\""] = shaped,
        };
        using var temp = Shared.Temp();
        var file = Write(temp, tensors, new() { ["format"] = "pt", ["mit"] = "Zeile\n2" });

        using var read = new SafeTensors(file);
        Assert.Equal("Zeile\n2", read.Metadata["mit"]);
        Assert.Equal(tensors.Keys.Order(), read.Entries.Keys.Order());
        foreach (var (name, tensor) in tensors)
        {
            var again = read.Read(name);
            Assert.Equal((tensor.DType, name), (again.DType, name));
            Assert.Equal(tensor.Shape, again.Shape);
            Assert.Equal(Bits(tensor), Bits(again));
        }

        // The same 12 bytes and more, seen as another type: every bit pattern, also NaNs with a payload.
        Tensor As(DType dtype) => new Op("aten::view", "dtype").Call(Tensor.From(bits), dtype);
    }

    [Fact]
    public void Files_are_aligned_and_ordered_by_name_within_an_element_size()
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["b"] = Tensor.From([1f]),
            ["a"] = Tensor.From([true]),
            ["c"] = Tensor.From([1.0, 2]),
            ["B"] = Tensor.From([2f]),
            ["d"] = Tensor.From([(Half)1]),
        };
        using var temp = Shared.Temp();
        var bytes = File.ReadAllBytes(Write(temp, tensors));
        var header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, (8 + header) % 8);
        var entries = JsonNode.Parse(bytes.AsSpan(8, header))!.AsObject().Where(pair => pair.Key != "__metadata__").ToArray();
        Assert.Equal(["c", "B", "b", "d", "a"], entries.Select(pair => pair.Key));
        foreach (var (name, entry) in entries) Assert.Equal(0, entry!["data_offsets"]![0]!.GetValue<int>() % tensors[name].DType.Size());
    }

    [Fact]
    public void A_good_file_of_the_reference_writer_is_read()
    {
        using var read = new SafeTensors(Path.Combine(pickles, "st_ok.safetensors"));
        Assert.NotEmpty(read.Entries);
        foreach (var (name, entry) in read.Entries) Assert.Equal(entry.Shape, read.Read(name).Shape);
    }

    public static TheoryData<string> Hostile() => [.. Directory.GetFiles(Path.Combine(pickles, "must_refuse"), "st_*").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Hostile))]
    public void Every_hostile_file_is_refused(string file) => Refused(Path.Combine(pickles, "must_refuse", file));

    [Fact]
    public void A_file_cut_at_any_byte_is_refused()
    {
        using var temp = Shared.Temp();
        var whole = File.ReadAllBytes(Write(temp, new() { ["a"] = Tensor.From([1f, 2]), ["b"] = Tensor.From([true, false, true]) }));
        for (var length = 0; length < whole.Length; length++) Refused(temp.Write("cut", whole[..length]));
        Refused(temp.Write("long", [.. whole, 0]));
        using var read = new SafeTensors(temp.Write("whole", whole));
        Assert.Equal([1f, 2], read.Read("a").ToArray<float>());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "outside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "outside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "outside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}}""", 4, "outside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775808]}}""", 4, "cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,8]}}""", 8, "needs 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "overflow")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "overflow")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "negative")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", 4, "17 axes")]
    [InlineData("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", 4, "F33")]
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "cannot be read")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", 4, "two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "cannot be read")]
    [InlineData("""{"a":[[[[[[[[[[[[1]]]]]]]]]]]]}""", 0, "cannot be read")]
    [InlineData("""{"__metadata__":{"a":7}}""", 0, "cannot be read")]
    [InlineData("""{"__metadata__":[]}""", 0, "cannot be read")]
    [InlineData("""{"a":null}""", 0, "cannot be read")]
    [InlineData("""[]""", 0, "not a JSON object")]
    [InlineData(""" {}""", 0, "not a JSON object")]
    [InlineData("""{}{}""", 0, "cannot be read")]
    [InlineData("", 0, "not a JSON object")]
    public void A_header_that_lies_is_refused_with_its_reason(string header, int data, string reason)
    {
        using var temp = Shared.Temp();
        Assert.Contains(reason, Refused(temp.Write("lie", Bytes(header, data))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_longer_than_the_file_or_than_any_sense_is_refused()
    {
        using var temp = Shared.Temp();
        foreach (var length in (ulong[])[9, 100_000_001, long.MaxValue, ulong.MaxValue])
        {
            var bytes = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
            Assert.Contains($"{length} bytes", Refused(temp.Write("long", bytes)).Message, StringComparison.Ordinal);
        }
        Assert.Contains("does not exist", Refused(temp.File("none")).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Refused(temp.Path).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_json_is_refused_without_recursion()
    {
        using var temp = Shared.Temp();
        Refused(temp.Write("deep", Bytes("{\"a\":" + new string('[', 200_000) + new string(']', 200_000) + "}", 0)));
    }

    [Fact]
    public void Two_thousand_mutilated_headers_give_tensors_or_a_data_error()
    {
        using var temp = Shared.Temp();
        var good = Bytes("""{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[8,14]},"c":{"dtype":"BOOL","shape":[0],"data_offsets":[14,14]}}""", 14);
        string[] scraps = ["{", "}", "[", "]", "\"", ",", ":", "-", "9", "99999999999999999999", "null", "1e3", "\\u0000", "\ud83d", "F16", "\0", "true", " "];
        var random = RandomStream.Of(11, "fuzz");
        var refused = 0;
        for (var trial = 0; trial < 2000; trial++)
        {
            var bytes = good.ToList();
            var stream = RandomStream.Of(11, "fuzz", trial);
            for (var change = 0; change <= stream.Below(0, 4); change++)
            {
                var at = stream.Below(1 + (change * 4), bytes.Count);
                switch (stream.Below(2 + (change * 4), 4))
                {
                    case 0: bytes[at] = (byte)stream.Bits(3 + (change * 4)); break;
                    case 1: bytes[at] ^= (byte)(1 << stream.Below(3 + (change * 4), 8)); break;
                    case 2: bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + stream.Below(3 + (change * 4), 20))); break;
                    default: bytes.InsertRange(at, Encoding.UTF8.GetBytes(scraps[stream.Below(3 + (change * 4), scraps.Length)])); break;
                }
                if (bytes.Count == 0) break;
            }
            // Half the time the length is made true again, so that the parser and not the length is asked.
            if (random.Below(trial, 2) == 0 && bytes.Count >= 22) BinaryPrimitives.WriteInt64LittleEndian(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes), bytes.Count - 8 - 14);
            using var scope = new Scope();
            try
            {
                using var read = new SafeTensors(temp.Write("fuzz", [.. bytes]));
                foreach (var name in read.Entries.Keys) _ = read.Read(name);
            }
            catch (DataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 500, 1999);
    }

    [Fact]
    public void A_type_the_engine_lacks_is_refused_when_it_is_read()
    {
        using var temp = Shared.Temp();
        using var read = new SafeTensors(temp.Write("u32", Bytes("""{"a":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}""", 4)));
        Assert.Contains("U32", Assert.Throws<DataException>(() => read.Read("a")).Message, StringComparison.Ordinal);
        Assert.Contains("'b'", Assert.Throws<DataException>(() => read.Read("b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_is_read_into_an_existing_one_without_making_another()
    {
        using var temp = Shared.Temp();
        using var read = new SafeTensors(Write(temp, new() { ["a"] = Tensor.From([1f, 2, 3, 4, 5, 6], 2, 3), ["none"] = Tensor.Empty([0, 2]) }));
        var weight = Tensor.Zeros([2, 3]).RequireGrad();
        var none = Tensor.Empty([0, 2]);
        var live = Live.Count;
        read.ReadInto("a", weight);
        read.ReadInto("none", none);
        Assert.Equal(live, Live.Count);
        Assert.Equal([1f, 2, 3, 4, 5, 6], weight.Detach().ToArray<float>());
    }

    [Fact]
    public void A_tensor_of_another_type_or_shape_or_name_is_not_read_into()
    {
        using var temp = Shared.Temp();
        using var read = new SafeTensors(Write(temp, new() { ["a"] = Tensor.From([1f, 2, 3, 4, 5, 6], 2, 3) }));
        foreach (var other in (Tensor[])[Tensor.Zeros([3, 2]), Tensor.Zeros([6]), Tensor.Zeros([2, 3, 1]), Tensor.Zeros([2, 3], DType.Float64), Tensor.Zeros([2, 3], DType.Int32)])
        {
            var message = Assert.Throws<DataException>(() => read.ReadInto("a", other)).Message;
            Assert.Contains("'a' is F32 (2, 3), expected ", message, StringComparison.Ordinal);
            Assert.Equal(0, other.To(DType.Float64).Sum().Item());
        }
        Assert.Contains("'b'", Assert.Throws<DataException>(() => read.ReadInto("b", Tensor.Zeros([1]))).Message, StringComparison.Ordinal);
        var turned = Tensor.Zeros([3, 2]).Transpose(0, 1);
        Assert.Contains("contiguous", Assert.Throws<ArgumentException>(() => read.ReadInto("a", turned)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_size_of_a_file_is_known_before_it_is_written()
    {
        using var temp = Shared.Temp();
        var tensors = new Dictionary<string, Tensor> { ["a"] = Tensor.From([1f, 2]), ["ключ"] = Tensor.From([true, false, true]), ["none"] = Tensor.Empty([0]) };
        Assert.Equal(new FileInfo(Write(temp, tensors)).Length, SafeTensors.Size(tensors));
        Assert.Equal(new FileInfo(Write(temp, [])).Length, SafeTensors.Size(new Dictionary<string, Tensor>()));
    }

    static DataException Refused(string file)
    {
        var error = Assert.Throws<DataException>(() => new SafeTensors(file));
        Assert.Equal(file, error.File);
        Assert.InRange(error.Message.Split('\n').Length, 1, 3);
        return error;
    }

    static byte[] Bytes(string header, int data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }

    static string Write(TempFolder temp, Dictionary<string, Tensor> tensors, Dictionary<string, string>? metadata = null)
    {
        using (var stream = File.Create(temp.File("written.safetensors"))) SafeTensors.Write(stream, tensors, metadata);
        return temp.File("written.safetensors");
    }

    static byte[] Bits(Tensor x) => x.Count == 0 ? [] : new Op("aten::view", "dtype").Call(x.Contiguous().Reshape(-1), DType.UInt8).ToArray<byte>();
}
