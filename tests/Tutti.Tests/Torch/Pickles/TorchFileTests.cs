using System.Runtime.InteropServices;
using Tutti.Bench.Fuzz;
using Tutti.Torch;
using Tutti.Torch.Pickles;

namespace Tutti.Tests.Torch.Pickles;

public sealed class TorchFileTests : EngineTest
{
    static readonly byte[] six = MemoryMarshal.AsBytes((ReadOnlySpan<float>)[0, 1, 2, 3, 4, 5]).ToArray();

    [Theory, InlineData(false), InlineData(true)]
    public void A_zip_archive_gives_its_tensors_with_narrow_and_with_64_bit_sizes(bool wide)
    {
        using var temp = Shared.Temp();
        using var read = new TorchFile(temp.Write("a.bin", TorchSeeds.Zip(TorchSeeds.Usual, wide)));
        Assert.Equal(["bert.embeddings.weight", "bert.dense.weight", "bert.dense.bias", "scale", "none"], read.Names);
        Assert.Equal(TorchSeeds.Usual[2].Values, read.Read("bert.dense.bias").ToArray<float>());
        Assert.Equal([], read.Shape("scale"));
        Assert.Equal([0, 3], read.Read("none").Shape);
        Assert.Contains("'x'", Assert.Throws<DataException>(() => read.Read("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_old_stream_gives_the_same_tensors()
    {
        using var temp = Shared.Temp();
        using var old = new TorchFile(temp.Write("a.bin", TorchSeeds.Legacy(TorchSeeds.Usual)));
        using var zip = new TorchFile(temp.Write("b.bin", TorchSeeds.Zip(TorchSeeds.Usual)));
        Assert.Equal(zip.Names, old.Names);
        foreach (var name in zip.Names) Assert.Equal(zip.Read(name).ToArray<float>(), old.Read(name).ToArray<float>());
    }

    [Fact]
    public void Tensors_may_share_a_storage_and_look_at_it_in_any_order()
    {
        var pickle = new PickleWriter().Raw("}(")
            .Text("whole").Tensor("FloatStorage", "0", 6, [2, 3])
            .Text("turned").Tensor("FloatStorage", "0", 6, [3, 2], [1, 3])
            .Text("tail").Tensor("FloatStorage", "0", 6, [2], [2], 3)
            .Text("repeated").Tensor("FloatStorage", "0", 6, [2, 2], [0, 1], 4)
            .Text("cube").Tensor("FloatStorage", "0", 6, [1, 3, 2], [77, 1, 3]).Raw("u").End();
        using var read = Zip(pickle, six);
        Assert.Equal([0, 1, 2, 3, 4, 5], read.Read("whole").ToArray<float>());
        Assert.Equal([0, 3, 1, 4, 2, 5], read.Read("turned").ToArray<float>());
        Assert.Equal([3, 5], read.Read("tail").ToArray<float>());
        Assert.Equal([4, 5, 4, 5], read.Read("repeated").ToArray<float>());
        Assert.Equal([0, 3, 1, 4, 2, 5], read.Read("cube").ToArray<float>());
    }

    [Fact]
    public void Newer_types_are_read_through_an_untyped_storage_and_refused_where_the_engine_lacks_them()
    {
        PickleWriter Typed(PickleWriter pickle, string dtype, long count) => pickle.Global("torch._utils", "_rebuild_tensor_v3").Raw("(").Raw("(").Text("storage").Global("torch.storage", "UntypedStorage")
            .Text("0").Text("cpu").Long(24).Raw("tQ").Long(0).Longs([count]).Longs([1]).Raw("\x89").Global("collections", "OrderedDict").Raw(")R").Global("torch", dtype).Raw("tR");
        using var read = Zip(Typed(Typed(new PickleWriter().Raw("}(").Text("f"), "float32", 6).Text("u"), "uint16", 12).Raw("u").End(), six);
        Assert.Equal([0, 1, 2, 3, 4, 5], read.Read("f").ToArray<float>());
        Assert.Contains("uint16", Assert.Throws<DataException>(() => read.Read("u")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Containers_that_hold_themselves_are_walked_once()
    {
        var pickle = new PickleWriter().Raw("}q\0(").Text("self").Raw("h\0").Text("list").Raw("]q\u0001h\u0001a").Text("w").Tensor("FloatStorage", "0", 6, [6]).Raw("u").End();
        using var read = Zip(pickle, six);
        Assert.Equal(["w"], read.Names);
    }

    [Fact]
    public void Tensors_of_nested_containers_are_named_by_their_keys()
    {
        var pickle = new PickleWriter().Raw("}(").Text("state").Raw("}(").Raw("K\x07").Raw("](").Tensor("FloatStorage", "0", 6, [6]).Raw("eu").Raw("u").End();
        using var read = Zip(pickle, six);
        Assert.Equal(["state.7.0"], read.Names);
    }

    [Theory]
    [InlineData(7, 1, 0, "outside its storage")]            // one element too many
    [InlineData(2, 6, 0, "outside its storage")]
    [InlineData(1, 1, 6, "outside its storage")]
    [InlineData(0, 1, 7, "outside its storage")]
    [InlineData(-1, 1, 0, "negative")]
    [InlineData(2, -1, 3, "negative")]
    [InlineData(2, 1, -1, "negative")]
    [InlineData(long.MaxValue, 1, 0, "overflow")]
    [InlineData(2, long.MaxValue, 1, "overflow")]
    [InlineData(2, 1, long.MaxValue, "overflow")]
    public void A_tensor_that_looks_beyond_its_storage_is_refused(long size, long stride, long offset, string reason)
    {
        var pickle = new PickleWriter().Raw("}").Text("w").Tensor("FloatStorage", "0", 6, [size], [stride], offset).Raw("s").End();
        Assert.Contains(reason, Refused(() => Zip(pickle, six)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_repeats_few_bytes_very_often_is_refused_before_it_is_made()
    {
        var pickle = new PickleWriter().Raw("}").Text("w").Tensor("FloatStorage", "0", 6, [1 << 20, 1 << 10], [0, 0]).Raw("s").End();
        var before = Memory.Stats(Device.Cpu).InUse;
        Assert.Contains("repeat", Refused(() => Zip(pickle, six)), StringComparison.Ordinal);
        Assert.Equal(before, Memory.Stats(Device.Cpu).InUse);
    }

    [Fact]
    public void Sizes_of_an_empty_tensor_that_overflow_are_refused()
    {
        var pickle = new PickleWriter().Raw("}").Text("w").Tensor("FloatStorage", "0", 6, [0, 1L << 40, 1L << 40], [1, 1, 1]).Raw("s").End();
        Assert.Contains("overflow", Refused(() => Zip(pickle, six)), StringComparison.Ordinal);
    }

    [Theory, InlineData(5, "needs 20 bytes"), InlineData(7, "needs 28 bytes"), InlineData(1L << 59, "claims"), InlineData(-1, "claims")]
    public void A_storage_of_another_size_than_its_bytes_is_refused(long elements, string reason) =>
        Assert.Contains(reason, Refused(() => Zip(new PickleWriter().Raw("}").Text("w").Tensor("FloatStorage", "0", elements, [1]).Raw("s").End(), six)), StringComparison.Ordinal);

    [Fact]
    public void A_storage_seen_as_two_types_or_missing_is_refused()
    {
        var both = new PickleWriter().Raw("}(").Text("a").Tensor("FloatStorage", "0", 6, [6]).Text("b").Tensor("IntStorage", "0", 6, [6]).Raw("u").End();
        Assert.Contains("'0' is 6 float32", Refused(() => Zip(both, six)), StringComparison.Ordinal);
        var absent = new PickleWriter().Raw("}").Text("a").Tensor("FloatStorage", "1", 6, [6]).Raw("s").End();
        Assert.Contains("'1' is not in the archive", Refused(() => Zip(absent, six)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_given_to_two_tensors_is_refused()
    {
        var pickle = new PickleWriter().Raw("}(").Text("a").Tensor("FloatStorage", "0", 6, [6]).Text("a").Tensor("FloatStorage", "0", 6, [6]).Raw("u").End();
        Assert.Contains("stored twice", Refused(() => Zip(pickle, six)), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_formats_cut_at_any_byte_are_refused()
    {
        using var temp = Shared.Temp();
        foreach (var whole in (byte[][])[TorchSeeds.Zip(TorchSeeds.Usual), TorchSeeds.Legacy(TorchSeeds.Usual)])
            for (var length = 0; length < whole.Length; length++)
                Assert.Throws<DataException>(() => new TorchFile(temp.Write("cut", whole[..length])).Dispose());
        Assert.Contains("follow the last storage", Refused(() => new TorchFile(temp.Write("long", [.. TorchSeeds.Legacy(TorchSeeds.Usual), 0]))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS")]
    [InlineData("<!DOCTYPE html><html>", "web page")]
    [InlineData("weights", "neither")]
    public void A_file_that_is_no_checkpoint_at_all_says_what_it_is(string text, string what)
    {
        using var temp = Shared.Temp();
        Assert.Contains(what, Refused(() => new TorchFile(temp.Write("pytorch_model.bin", text))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_in_an_archive_is_refused()
    {
        using var temp = Shared.Temp();
        var file = ZipWriter.Write([new("a/data.pkl", new PickleWriter().Raw("}").End()), new("a/constants.pkl", new PickleWriter().Raw(")").End())]);
        Assert.Contains("TorchScript", Refused(() => new TorchFile(temp.Write("a.pt", file))), StringComparison.Ordinal);
    }

    static TorchFile Zip(byte[] pickle, byte[] storage)
    {
        using var temp = Shared.Temp();
        return new(temp.Write("a.bin", ZipWriter.Write([new("a/data.pkl", pickle), new("a/data/0", storage), new("a/version", "3\n"u8.ToArray())])));
    }

    static string Refused(Func<TorchFile> open) => Assert.Throws<DataException>(() => open().Dispose()).Message;
}
