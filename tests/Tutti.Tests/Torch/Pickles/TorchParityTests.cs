using System.Numerics;
using System.Text.Json.Nodes;
using Tutti.Torch;
using Tutti.Torch.Pickles;

namespace Tutti.Tests.Torch.Pickles;

/// <summary>Files that PyTorch wrote, against the same tensors in safetensors. Nothing about a particular file is written here.</summary>
public sealed class TorchParityTests : EngineTest
{
    static readonly string root = Path.Combine(Shared.Fixtures, "01_hf_text");
    static readonly string pickles = Path.Combine(root, "pickles");

    /// <summary>Every NAME_*.pt beside NAME_expected.safetensors (NAME may go on: nested, nested_checkpoint), and every .bin beside model.safetensors.</summary>
    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var expected in Directory.GetFiles(pickles, "*_expected.safetensors").Order(StringComparer.Ordinal))
            foreach (var file in Directory.GetFiles(pickles, Path.GetFileName(expected).Replace("_expected.safetensors", "_*.pt", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
                pairs.Add(Path.GetRelativePath(root, file), Path.GetRelativePath(root, expected));
        foreach (var file in Directory.GetFiles(root, "pytorch_model*.bin", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            pairs.Add(Path.GetRelativePath(root, file), Path.Combine(Path.GetRelativePath(root, Path.GetDirectoryName(file)!), "model.safetensors"));
        return pairs;
    }

    [Fact]
    public void Something_is_recorded_beside_the_tensors() => Assert.True(File.Exists(Path.Combine(pickles, "expected.json")));

    [Fact]
    public void Files_of_both_formats_are_there() => Assert.True(Pairs().Count >= 4, $"{Pairs().Count} files under {root}");

    [Theory, MemberData(nameof(Pairs))]
    public void Every_tensor_has_the_bits_that_it_was_saved_with(string file, string expected)
    {
        using var read = new TorchFile(Path.Combine(root, file));
        using var reference = new SafeTensors(Path.Combine(root, expected));
        Assert.Equal(reference.Names.Order(StringComparer.Ordinal), read.Names.Order(StringComparer.Ordinal));
        foreach (var name in reference.Names)
        {
            var (want, got) = (reference.Read(name), read.Read(name));
            Assert.Equal((name, want.DType), (name, got.DType));
            Assert.Equal(want.Shape, got.Shape);
            Assert.Equal(want.Shape, read.Shape(name));
            Assert.Equal((want.DType, true), (read.Describe(name).DType, read.Describe(name).Device.IsMeta));
            Assert.Equal(Bits(want), Bits(got));
        }
        Console.WriteLine($"01_hf_text {file}: {reference.Names.Count} tensors, all bits equal");
    }

    /// <summary>expected.json says how the tensors of the files beside it were stored, and what else one of them holds.</summary>
    [Theory, MemberData(nameof(Pairs))]
    public void Views_and_plain_values_are_understood_as_recorded(string file, string expected)
    {
        Assert.SkipWhen(Path.GetDirectoryName(file) != "pickles", "nothing is recorded of this file but its tensors");
        Assert.NotEmpty(expected);
        using var read = new TorchFile(Path.Combine(root, file));
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(pickles, "expected.json")))!;
        var values = ((PickleDictionary)read.Root!).Items.ToDictionary(item => (string)item.Key!, item => item.Value);
        var compared = 0;
        foreach (var (name, stored) in json["tensors"]!.AsObject())
        {
            if (values.GetValueOrDefault(name) is not StoredTensor tensor) continue;
            Assert.Equal((string?)stored!["dtype"], "torch." + tensor.Type.Name);
            Assert.Equal(stored["stride"]!.AsArray().Select(size => (long)size!), tensor.Strides);
            Assert.Equal((long)stored["storage_offset"]!, tensor.Offset);
            compared++;
        }
        foreach (var (name, value) in json["nested_scalars"]!.AsObject())
        {
            if (!values.TryGetValue(name, out var got)) continue;
            Assert.Equal(value is JsonArray list ? string.Join(',', list) : value!.ToString(), Shown(got));
            compared++;
        }
        Assert.SkipWhen(compared == 0, $"expected.json says nothing of {file}");
    }

    [Theory, MemberData(nameof(Refused))]
    public void Every_hostile_file_is_refused_and_says_why(string file)
    {
        var path = Path.Combine(pickles, "must_refuse", file);
        var error = Assert.Throws<DataException>(() => new TorchFile(path));
        Assert.Equal(path, error.File);
        Assert.InRange(error.Message.Split('\n').Length, 1, 3);
        Console.WriteLine($"01_hf_text must_refuse/{file}: {error.Message[(path.Length + 2)..]}");
    }

    public static TheoryData<string> Refused() => [.. Directory.GetFiles(Path.Combine(pickles, "must_refuse")).Select(file => Path.GetFileName(file)!).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    static string Shown(object? value) => value switch
    {
        PickleTuple tuple => string.Join(',', tuple.Items),
        PickleGlobal global => global.Name,
        double number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        long or string or BigInteger => $"{value}",
        _ => $"not plain: {value}",
    };

    static byte[] Bits(Tensor x) => x.Count == 0 ? [] : new Op("aten::view", "dtype").Call(x.Contiguous().Reshape(-1), DType.UInt8).ToArray<byte>();
}
