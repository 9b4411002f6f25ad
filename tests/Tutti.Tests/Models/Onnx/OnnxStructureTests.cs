using Google.Protobuf;
using Tutti.Models;
using Tutti.Models.Onnx;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models.Onnx;

/// <summary>What readers of ONNX files ask of one, whatever it computes.</summary>
public sealed class OnnxStructureTests() : EngineTest(threads: 1)
{
    // Operators.md of ONNX 1.12: all of these are in set 17, with the attributes that are named here. Gelu and RotaryEmbedding are not.
    static readonly Dictionary<string, string[]> known = """
        Abs, Add, And, Cast to, Clip, Concat axis, Conv auto_pad dilations group kernel_shape pads strides, Cos, CumSum exclusive reverse, Div, Equal, Erf, Expand, Gather axis, GatherElements axis, Identity,
        LayerNormalization axis epsilon stash_type, LessOrEqual, MatMul, Mul, Neg, Not, Range, ReduceSum keepdims noop_with_empty_axes, Relu, Reshape allowzero, Shape start end, Sigmoid, Sin, Slice, Softmax axis,
        Split axis, Squeeze, Sub, Tanh, Transpose perm, Unsqueeze, Where
        """.Split(',', StringSplitOptions.TrimEntries).Select(line => line.Split(' ')).ToDictionary(words => words[0], words => words[1..]);

    static ModelConfig Config(string kind, Pooling pooling = Pooling.Own) => Tiny.Config(kind, classes: 3, layers: 5).WithPooling(pooling);

    [Theory, MemberData(nameof(OnnxClassifierTests.AllWays), MemberType = typeof(OnnxClassifierTests))]
    public void Values_are_made_once_and_before_they_are_used_and_nothing_is_left_over(string kind, Pooling pooling)
    {
        using var temp = Shared.Temp();
        using var model = ModelFolder.New(Config(kind, pooling), 3);
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx");
        var file = OnnxReader.Read(temp.File("model.onnx"));
        var made = file.Inputs.Select(input => input.Name).Concat(file.Constants.Select(constant => constant.Name)).ToHashSet();
        Assert.Equal(file.Inputs.Count + file.Constants.Count, made.Count);
        foreach (var node in file.Nodes)
        {
            Assert.True(known.TryGetValue(node.Operator, out var attributes), $"{node.Operator} is not in the list of set 17");
            Assert.All(node.Attributes.Keys, name => Assert.Contains(name, attributes!));
            Assert.All(node.Inputs, name => Assert.True(made.Contains(name), $"{node.Name} uses '{name}', which is not made before"));
            Assert.All(node.Outputs, name => Assert.True(made.Add(name), $"'{name}' is made twice"));
        }
        Assert.Equal(file.Nodes.Count, file.Nodes.Select(node => node.Name).Distinct().Count());
        var used = file.Nodes.SelectMany(node => node.Inputs).Concat(file.Outputs.Select(output => output.Name)).ToHashSet();
        Assert.Empty(made.Except(used));
        Assert.All(file.Constants, constant => Assert.Equal((constant.Type, constant.Bytes), (constant.Value().DType, constant.Value().Count * (constant.Type == DType.Int64 ? 8 : 4))));
    }

    [Theory, MemberData(nameof(OnnxClassifierTests.AllWays), MemberType = typeof(OnnxClassifierTests))]
    public void Every_weight_of_the_model_is_in_the_graph_once(string kind, Pooling pooling)
    {
        using var model = ModelFolder.New(Config(kind, pooling), 3);
        var graph = OnnxClassifier.Graph(model);
        Assert.Equal(model.Params.Items.Select(item => item.Name).Order(StringComparer.Ordinal), graph.Used.Order(StringComparer.Ordinal));
        Assert.Equal(model.Params.Items.Count, graph.Build().Constants.Count(constant => model.Params.Items.Any(item => constant.Name == item.Name || constant.Name == item.Name + ".T")));
    }

    [Fact]
    public void Inputs_and_outputs_have_the_names_types_and_free_axes_of_hugging_faces_exports()
    {
        using var temp = Shared.Temp();
        using var model = ModelFolder.New(Config("bert"), 3);
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx");
        var file = OnnxReader.Read(temp.File("model.onnx"));
        Assert.Equal(["input_ids", "attention_mask", "token_type_ids"], file.Inputs.Select(input => input.Name));
        Assert.All(file.Inputs, input => Assert.Equal((DType.Int64, "batch,sequence"), (input.Type, string.Join(',', input.Axes))));
        var output = Assert.Single(file.Outputs);
        Assert.Equal(("logits", DType.Float32, "batch,3"), (output.Name, output.Type, string.Join(',', output.Axes)));
        Assert.IsType<long>(output.Axes[1]);
    }

    /// <summary>The bytes by hand, from onnx.proto: the first fields of a ModelProto.</summary>
    [Fact]
    public void The_file_begins_with_version_8_of_the_format_and_asks_for_operator_set_17()
    {
        using var temp = Shared.Temp();
        using var model = ModelFolder.New(Config("bert"), 3);
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx");
        var bytes = File.ReadAllBytes(temp.File("model.onnx"));
        Assert.Equal([0x08, 8, 0x12, 5, .. "tutti"u8], bytes[..9]);                            // ir_version (field 1), producer_name (field 2)
        using var input = new CodedInputStream(bytes);
        Dictionary<int, ByteString> fields = [];
        while (!input.IsAtEnd)
        {
            var tag = input.ReadTag();
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited) fields.Add(WireFormat.GetTagFieldNumber(tag), input.ReadBytes());
            else input.SkipLastField();
        }
        Assert.Equal([0x0A, 0, 0x10, 17], fields[8].ToByteArray());                            // opset_import: domain (field 1) "", version (field 2)
        Assert.Equal([2, 3, 7, 8], fields.Keys.Order());                                       // graph is field 7
    }

    [Fact]
    public void A_file_that_is_cut_or_foreign_is_refused()
    {
        using var temp = Shared.Temp();
        using var model = ModelFolder.New(Config("bert"), 3);
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx");
        var bytes = File.ReadAllBytes(temp.File("model.onnx"));
        foreach (var length in (int[])[10, 100, bytes.Length / 2, bytes.Length - 1])
            Assert.Throws<DataException>(() => OnnxReader.Read(temp.Write("cut.onnx", bytes[..length])));
        Assert.Throws<DataException>(() => OnnxReader.Read(temp.Write("text.onnx", "no model")));
        Assert.Throws<DataException>(() => OnnxReader.Read(temp.File("missing.onnx")));
        bytes[1] = 9;
        Assert.Contains("ir_version 9", Assert.Throws<DataException>(() => OnnxReader.Read(temp.Write("later.onnx", bytes))).Message, StringComparison.Ordinal);
    }
}
