using System.Reflection;
using Tutti.Torch;

namespace Tutti.Tests.Torch;

public sealed class OpTests : EngineTest
{
    /// <summary>Every static operator of the library, wherever it is declared; those that Diagnosis only asks for are not fields.</summary>
    public static TheoryData<string, string> Fields()
    {
        var data = new TheoryData<string, string>();
        foreach (var type in typeof(Tensor).Assembly.GetTypes())
            foreach (var field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).Where(field => field.FieldType == typeof(Op)))
                data.Add(type.FullName!, field.Name);
        return data;
    }

    [Fact]
    public void All_operators_of_tensor_are_among_the_fields() => Assert.Equal(Tensor.AllOps().Count(), Fields().Count(row => row.Data.Item1 == typeof(Tensor).FullName));

    [Theory, MemberData(nameof(Fields))]
    public void The_dispatcher_has_every_operator_by_its_name(string type, string field)
    {
        var op = (Op)typeof(Tensor).Assembly.GetType(type)!.GetField(field, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(null)!;
        Assert.True(op.Exists, $"{op.Name} is not in libtorch {Engine.Version}");
        Assert.StartsWith(op.Name + "(", op.Schema, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_left_out_take_the_schemas_defaults()
    {
        // aten::sum.dim_IntList(self, dim, keepdim=False, *, dtype=None)
        var sum = new Op("aten::sum", "dim_IntList");
        var x = Tensor.From([1f, 2, 3, 4], 2, 2);
        Assert.Equal([2L], sum.Call(x, (long[])[1]).Shape);
        Assert.Equal([2L, 1], sum.Call(x, (long[])[1], true).Shape);
        Assert.Equal(DType.Float64, sum.Call(x, (long[])[1], true, DType.Float64).DType);
        Assert.Equal(DType.Float32, sum.Call(x, (long[])[1], true, Arg.None).DType);
    }

    [Fact]
    public void A_list_may_hold_absent_tensors()
    {
        var index = new Op("aten::index", "Tensor");                               // x[:, [1, 0]]
        var x = Tensor.From([1f, 2, 3, 4], 2, 2);
        Assert.Equal([2f, 1, 4, 3], index.Call(x, (Tensor[])[null!, Tensor.From([1L, 0])]).ToArray<float>());
    }

    [Fact]
    public void Types_and_devices_are_arguments()
    {
        var empty = new Op("aten::zeros").Call((long[])[2, 3], DType.Int16, Arg.None, Device.Cpu);
        Assert.Equal((DType.Int16, Device.Cpu), (empty.DType, empty.Device));
        Assert.Equal(new short[6], empty.ToArray<short>());
    }

    [Fact]
    public void Several_results_come_in_order()
    {
        var parts = Tensor.From([1f, 2, 3, 4, 5]).Chunk(2, 0);
        Assert.Equal([1f, 2, 3], parts[0].ToArray<float>());
        Assert.Equal([4f, 5], parts[1].ToArray<float>());
    }

    [Fact]
    public void A_call_takes_the_first_of_several_results_and_frees_the_rest()
    {
        var before = Memory.Stats(Device.Cpu).InUse;
        using (var scope = new Scope())
        {
            var (value, live) = (Tensor.From([3f, 1, 2], 1, 3), Live.Count);
            Assert.Equal([3f], new Op("aten::max", "dim").Call(value, 1).ToArray<float>());      // values and indices
            Assert.Equal(live + 1, Live.Count);
        }
        Assert.Equal(before, Memory.Stats(Device.Cpu).InUse);
    }

    public static TheoryData<string, string[]> Failures() => new()
    {
        { "shapes", ["aten::matmul", "float32 (2, 3)", "float32 (4, 5)"] },
        { "kind", ["aten::matmul", "'other' takes Tensor, got a text"] },
        { "none", ["aten::matmul", "'other' takes Tensor, got nothing"] },
        { "too few", ["aten::matmul", "'other' is missing and has no default"] },
        { "too many", ["aten::relu", "got 2 arguments, the operator takes 1"] },
        { "target", ["aten::cross_entropy_loss", "float32 (2, 3)", "int64 (2)", "Target 3 is out of bounds"] },
        { "row", ["aten::embedding", "float32 (2, 3)", "int64 (1)"] },
        { "results", ["aten::chunk", "gave 9 results, the caller has room for 8"] },
        { "backward", ["backward", "float32 (2, 3)"] },
        { "unknown", ["aten::no_such_operator", "no such operator"] },
        { "offsets", ["tutti::pad", "offsets end at 4", "[2, 3]"] },
        { "long sequence", ["tutti::unpad", "sequence 0 has 4 rows, expected 0 to 3"] },
        { "falling offsets", ["tutti::pad", "sequence 1 has -1 rows"] },
        { "share", ["tutti::dropout", "from 0 to below 1"] },
        { "shape that overflows", ["empty", "4611686018427387904"] },
    };

    [Theory, MemberData(nameof(Failures))]
    public void A_failure_names_operator_and_shapes_without_a_native_trace(string what, string[] expected)
    {
        var (x, y, ids) = (Tensor.Zeros([2, 3]), Tensor.Zeros([4, 5]), Tensor.From([0L, 3]));
        var before = Live.Count;
        Action call = what switch
        {
            "shapes" => () => x.MatMul(y),
            "kind" => () => new Op("aten::matmul").Call(x, "text"),
            "none" => () => new Op("aten::matmul").Call(x, Arg.None),
            "too few" => () => new Op("aten::matmul").Call(x),
            "too many" => () => new Op("aten::relu").Call(x, 1),
            "target" => () => x.CrossEntropy(ids, null, 2, 0),
            "row" => () => x.Embedding(ids.Narrow(0, 1, 1)),
            "results" => () => Tensor.Zeros([9]).Chunk(9, 0),
            "backward" => () => Tensor.Zeros([2, 3]).RequireGrad().Backward(),
            "unknown" => () => new Op("aten::no_such_operator").Call(x),
            "offsets" => () => x.PadRows(Tensor.From([0L, 4]), 4),
            "long sequence" => () => Tensor.Zeros([1, 3, 2]).UnpadRows(Tensor.From([0L, 4])),
            "falling offsets" => () => x.PadRows(Tensor.From([0L, 3, 2]), 4),
            "share" => () => x.Dropout(ids, 1.5, 0),
            "shape that overflows" => () => Tensor.Empty([1L << 62, 1L << 62]),
            _ => throw new ArgumentException(what),
        };
        var error = Assert.ThrowsAny<TorchException>(call);
        foreach (var part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        foreach (var trace in (string[])["frame #", "Exception raised from", ".cpp:", ".cpp\":", "INTERNAL ASSERT"]) Assert.DoesNotContain(trace, error.Message, StringComparison.Ordinal);
        Assert.InRange(Live.Count, before, before + 2);                            // only what the call's own arguments made
    }

    [Fact]
    public void More_arguments_than_a_boxed_call_holds_are_refused() =>
        Assert.Contains("17 arguments", Assert.Throws<ArgumentException>(() => new Op("aten::relu").Call(new Arg[17])).Message, StringComparison.Ordinal);

    [Fact]
    public void Threads_below_one_are_refused() => Assert.Throws<TorchException>(() => Engine.Threads = 0);
}
