using System.Numerics;
using System.Text;
using Tutti.Bench.Fuzz;
using Tutti.Torch.Pickles;

namespace Tutti.Tests.Torch.Pickles;

public sealed class UnpicklerTests
{
    const string Weights = "holds tensors and plain containers only";

    /// <summary>Each would run something in Python.</summary>
    [Theory]
    [InlineData("cposix\nsystem\n(U\x04trueTR.", "posix.system")]
    [InlineData("cos\nsystem\n.", "os.system")]                                  // named only, never called
    [InlineData("cbuiltins\neval\n\x85R.", "builtins.eval")]
    [InlineData("c__builtin__\nexec\n.", "builtins.exec", "__builtin__.exec")]
    [InlineData("c__builtin__\ngetattr\n.", "__builtin__.getattr")]
    [InlineData("cbuiltins\ngetattr\n.", "builtins.getattr")]
    [InlineData("csubprocess\nPopen\n.", "subprocess.Popen")]
    [InlineData("ctorch\nload\n.", "torch.load")]
    [InlineData("ctorch.jit\nload\n.", "torch.jit.load")]
    [InlineData("ctorch._utils\n_rebuild_device_tensor_from_numpy\n.", "torch._utils._rebuild_device_tensor_from_numpy")]
    [InlineData("ctorch.storage\n_load_from_bytes\n.", "torch.storage._load_from_bytes")]
    [InlineData("ccollections\ndefaultdict\n.", "collections.defaultdict")]
    [InlineData("cnumpy.core.multiarray\n_reconstruct\n.", "numpy.core.multiarray._reconstruct")]
    [InlineData("(S'true'\nios\nsystem\n.", "STRING")]
    [InlineData("(ios\nsystem\n.", "os.system")]
    [InlineData("(i__main__\nModel\n.", "__main__.Model")]
    [InlineData("\x8c\x05posix\x8c\x06system\x93.", "posix.system")]
    [InlineData("\x8c\x0b" + "collections\x8c\x10" + "OrderedDict.copy\x93.", "collections.OrderedDict.copy")]
    [InlineData("ccollections\nOrderedDict\n)\x81.", "NEWOBJ")]
    [InlineData("ccollections\nOrderedDict\n)}\x92.", "NEWOBJ_EX")]
    [InlineData("(ccollections\nOrderedDict\no.", "OBJ")]
    [InlineData("\x82\x01.", "EXT1")]
    [InlineData("\x83\x01\0.", "EXT2")]
    [InlineData("\x84\x01\0\0\0.", "EXT4")]
    [InlineData("P0\n.", "PERSID")]
    [InlineData("\x96\0\0\0\0\0\0\0\0.", "BYTEARRAY8")]
    [InlineData("\x97.", "NEXT_BUFFER")]
    [InlineData("\x98.", "READONLY_BUFFER")]
    public void Anything_that_could_run_is_refused_by_its_name(string pickle, string name, string? written = null)
    {
        var message = Refused(pickle);
        Assert.Contains(written ?? name, message, StringComparison.Ordinal);
        Assert.Contains(Weights, message, StringComparison.Ordinal);
        Assert.Matches("^made.bin: a/data.pkl, byte [0-9]+: ", message);
    }

    [Theory]
    [InlineData("", "cut short")]
    [InlineData(".", "none is left")]
    [InlineData("N", "cut short")]
    [InlineData("NN.", "left over")]
    [InlineData("(N.", "none is left", "left over")]
    [InlineData("t.", "mark")]
    [InlineData("(\x85.", "none is left")]
    [InlineData("h\x07.", "value 7")]
    [InlineData("j\xff\xff\xff\xff.", "value 4294967295")]
    [InlineData("q\0.", "none is left")]
    [InlineData("NR.", "tuple of arguments")]
    [InlineData("N)R.", "a constructor")]
    [InlineData("ctorch\nfloat32\n)R.", "called")]
    [InlineData("ctorch\nFloatStorage\n)R.", "called")]
    [InlineData("ccollections\nOrderedDict\nN\x85R.", "collections.OrderedDict: expected")]
    [InlineData("ctorch\nSize\nN\x85R.", "torch.Size: expected")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "_rebuild_tensor_v2: expected")]
    [InlineData("ctorch._utils\n_rebuild_parameter\n)R.", "_rebuild_parameter: expected")]
    [InlineData("c_codecs\nencode\n\x8c\x01" + "a\x8c\x06" + "base64\x86R.", "_codecs.encode: expected")]
    [InlineData("]}b.", "state")]
    [InlineData("}Nb.", "state")]
    [InlineData("NQ.", "id of a storage")]
    [InlineData("}N\x85s.", "SETITEM")]
    [InlineData("](N\x85u.", "SETITEMS")]
    [InlineData("}(Nu.", "key without a value")]
    [InlineData("}Na.", "APPEND")]
    [InlineData("\x80\x06N.", "protocol 6")]
    [InlineData("\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "frame")]
    [InlineData("X\xff\xff\xff\xff.", "4294967295 bytes")]
    [InlineData("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "bytes should follow")]
    [InlineData("X\x01\0\0\0\xff.", "UTF-8")]
    [InlineData("I12", "line")]
    [InlineData("Ix\n.", "digits")]
    [InlineData("Fx\n.", "digits")]
    [InlineData("gx\n.", "not a number")]
    [InlineData("\0.", "0x00")]
    public void Damage_is_refused_with_its_place(string pickle, string reason, string? or = null)
    {
        var message = Refused(pickle);
        Assert.True(message.Contains(reason, StringComparison.Ordinal) || or is not null && message.Contains(or, StringComparison.Ordinal), message);
        Assert.Matches("^made.bin: a/data.pkl, byte [0-9]+: ", message);
    }

    [Fact]
    public void Plain_values_of_all_protocols_are_read()
    {
        Assert.Null(Read("N."));
        Assert.Equal(true, Read("I01\n."));
        Assert.Equal(false, Read("\x89."));
        Assert.Equal(7L, Read("I7\n."));
        Assert.Equal(-7L, Read("L-7L\n."));
        Assert.Equal(-1L, Read("J\xff\xff\xff\xff."));
        Assert.Equal(255L, Read("K\xff."));
        Assert.Equal(65535L, Read("M\xff\xff."));
        Assert.Equal(-2L, Read("\x8a\x01\xfe."));
        Assert.Equal(0L, Read("\x8a\0."));
        Assert.Equal(BigInteger.Pow(2, 64), Read("\x8b\x09\0\0\0\0\0\0\0\0\0\0\0\x01."));
        Assert.Equal(0.5, Read("F0.5\n."));
        Assert.Equal(1.0, Read("G\x3f\xf0\0\0\0\0\0\0."));
        Assert.Equal("é", Read("\x8c\x02\xc3\xa9."));
        Assert.Equal("ab", Read("U\x02" + "ab."));
        Assert.Equal([1, 255], Assert.IsType<byte[]>(Read("C\x02\x01\xff.")));
        Assert.Equal([1, 255], Assert.IsType<byte[]>(Read("c_codecs\nencode\nX\x03\0\0\0\x01\xc3\xbfX\x06\0\0\0latin1\x86R.")));
        Assert.Equal([1L, 2L], Assert.IsType<PickleTuple>(Read("(K\x01K\x02t.")).Items);
        Assert.Equal([1L, 2L], Assert.IsType<PickleList>(Read("(K\x01K\x02l.")).Items);
        Assert.Equal([1L, null], Assert.IsType<PickleList>(Read("](K\x01" + "eNa.")).Items);
        Assert.Equal([1L], Assert.IsType<PickleSet>(Read("\x8f(K\x01\x90.")).Items);
        Assert.Equal([1L], Assert.IsType<PickleSet>(Read("(K\x01\x91.")).Items);
        Assert.Equal([1L], Assert.IsType<PickleSet>(Read("c__builtin__\nset\n](K\x01" + "e\x85R.")).Items);
        Assert.Equal([new(1L, 2L), new(3L, null)], Assert.IsType<PickleDictionary>(Read("(K\x01K\x02" + "dK\x03Ns.")).Items);
        Assert.Equal([new(1L, 2L)], Assert.IsType<PickleDictionary>(Read("ccollections\nOrderedDict\n](K\x01K\x02\x86" + "e\x85R.")).Items);
        Assert.Equal([2L, 3L], Assert.IsType<PickleTuple>(Read("ctorch\nSize\nK\x02K\x03\x86\x85R.")).Items);
        Assert.Equal("bfloat16", Assert.IsType<PickleGlobal>(Read("ctorch\nbfloat16\n.")).Element!.Name);
        Assert.Equal([5L, 5L], Assert.IsType<PickleTuple>(Read("(K\x05" + "2t.")).Items);
        Assert.Equal(6L, Read("(K\x01K\x02" + "1K\x06."));
        Assert.Equal(1L, Read("K\x01p0\n0g0\n."));
    }

    /// <summary>Each is a few bytes that Python would make much more of.</summary>
    [Theory]
    [InlineData("](", "]", 100_000, "e.")]
    [InlineData("(", "N", 100_000, "l.")]
    [InlineData("", "(", 100_000, ".")]
    [InlineData("]q\0", "2", 100_000, ".")]
    [InlineData("](NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNeq\0", "0c__builtin__\nset\nh\0\x85R", 5_000, ".")]
    [InlineData("N", "r\x01\0\0\0", 100_000, ".")]
    public void A_pickle_that_makes_much_of_little_is_refused(string begin, string repeated, int times, string end)
    {
        var pickle = Encoding.Latin1.GetBytes(begin + string.Concat(Enumerable.Repeat(repeated, times)) + end);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("more objects", Assert.Throws<DataException>(() => Read(pickle)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (10 * pickle.Length) + (256 << 10));
    }

    [Fact]
    public void A_number_without_end_is_refused()
    {
        Assert.Contains("digits", Refused("I" + new string('9', 5000) + "\n."), StringComparison.Ordinal);
        Assert.Contains("bytes", Refused("\x8b\0\x10\0\0" + new string('\x01', 4096) + "."), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_tuple_named_as_the_sizes_of_many_tensors_is_refused()
    {
        var pickle = new PickleWriter().Raw("(").Raw(new string('N', 300)).Raw("tq\0").Global("torch._utils", "_rebuild_tensor_v2").Raw("(").Storage("FloatStorage", "0", 4).Raw("K\0h\0h\0\x89}tR").End();
        Assert.Contains("300 sizes", Assert.Throws<DataException>(() => Read(pickle)).Message, StringComparison.Ordinal);
    }

    static string Refused(string pickle) => Assert.Throws<DataException>(() => Read(pickle)).Message;

    static object? Read(string pickle) => Read(Encoding.Latin1.GetBytes(pickle));

    static unsafe object? Read(byte[] pickle)
    {
        fixed (byte* data = pickle) return new Unpickler(new PickleBytes(data, pickle.Length, "made.bin", "a/data.pkl"), new PickleStorages(), (64 << 10) + (6L * pickle.Length)).Read();
    }
}
