using System.Numerics;
using System.Runtime.InteropServices;

namespace Tutti.Bench.Fuzz;

/// <summary>A tensor to write.</summary>
sealed record SeedTensor(string Name, long[] Shape, float[] Values);

/// <summary>Small files such as torch.save writes, made by hand.</summary>
static class TorchSeeds
{
    /// <summary>Names and shapes as a small encoder has them, with a single number and an empty tensor.</summary>
    public static IReadOnlyList<SeedTensor> Usual { get; } =
    [
        Made("bert.embeddings.weight", 6, 4), Made("bert.dense.weight", 4, 4), Made("bert.dense.bias", 4), Made("scale"), Made("none", 0, 3),
    ];

    /// <summary>A zip archive of some tensors.</summary>
    public static byte[] Zip(IReadOnlyList<SeedTensor> tensors, bool wide = false) => ZipWriter.Write(Items(tensors), wide);

    /// <summary>The entries of such an archive, the pickle first.</summary>
    public static IReadOnlyList<ZipItem> Items(IReadOnlyList<SeedTensor> tensors)
    {
        var items = new List<ZipItem> { new("archive/data.pkl", StateDict(tensors, legacy: false)) };
        for (var i = 0; i < tensors.Count; i++) items.Add(new($"archive/data/{i}", Bytes(tensors[i])));
        items.Add(new("archive/version", "3\n"u8.ToArray()));
        return items;
    }

    /// <summary>The stream that torch wrote before 1.6.</summary>
    public static byte[] Legacy(IReadOnlyList<SeedTensor> tensors)
    {
        var file = new MemoryStream();
        file.Write(Start());
        file.Write(StateDict(tensors, legacy: true));
        var keys = new PickleWriter().Raw("](");
        for (var i = 0; i < tensors.Count; i++) keys.Text(FormattableString.Invariant($"{i}"));
        file.Write(keys.Raw("e").End());
        foreach (var tensor in tensors)
        {
            file.Write(BitConverter.GetBytes((long)tensor.Values.Length));
            file.Write(Bytes(tensor));
        }
        return file.ToArray();
    }

    /// <summary>What such a stream begins with: a number that names it, a version, the machine.</summary>
    public static byte[] Start() =>
    [
        .. new PickleWriter().Long(BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture)).End(),
        .. new PickleWriter().Raw("M").Number(1001, 2).End(),
        .. new PickleWriter().Raw("}(").Text("protocol_version").Raw("M").Number(1001, 2).Text("little_endian").Raw("\x88u").End(),
    ];

    static byte[] StateDict(IReadOnlyList<SeedTensor> tensors, bool legacy)
    {
        var pickle = new PickleWriter().Global("collections", "OrderedDict").Raw(")Rq\0(");
        for (var i = 0; i < tensors.Count; i++) pickle.Text(tensors[i].Name).Tensor("FloatStorage", FormattableString.Invariant($"{i}"), tensors[i].Values.Length, tensors[i].Shape, legacy: legacy);
        return pickle.Raw("u}").Text("_metadata").Raw("h\0sb").End();
    }

    static SeedTensor Made(string name, params long[] shape) => new(name, shape, [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (product, size) => product * size)).Select(n => n + (name.Length / 100f))]);

    static byte[] Bytes(SeedTensor tensor) => MemoryMarshal.AsBytes(tensor.Values.AsSpan()).ToArray();
}
