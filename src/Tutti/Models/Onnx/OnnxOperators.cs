using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>The operators of ONNX's set 17 that graphs of this project have, each as the specification (Operators.md) defines it.</summary>
static class OnnxOperators
{
    /// <summary>What a node gives of its inputs; null stands for an optional one that is left out.</summary>
    public static Tensor[] Apply(OnnxNode node, Tensor?[] inputs)
    {
        Tensor At(int i) => inputs.Length > i && inputs[i] is { } tensor ? tensor : throw new ArgumentException($"input {i} is missing");
        Tensor? Optional(int i) => inputs.Length > i ? inputs[i] : null;
        long Whole(string name, long fallback) => node.Attributes.TryGetValue(name, out var value) ? (long)value : fallback;
        int Axis(string name, long fallback) => Wrapped(Whole(name, fallback), At(0).Dims);
        if (node.Operator == "Split") return At(0).Chunk(node.Outputs.Count, Axis("axis", 0));
        return [node.Operator switch
        {
            "Identity" => At(0).Alias(),
            "Add" => At(0) + At(1),
            "Sub" => At(0) - At(1),
            "Mul" => At(0) * At(1),
            "Div" => At(0) / At(1),
            "Neg" => -At(0),
            "Abs" => At(0).Abs(),
            "Erf" => At(0).Erf(),
            "Tanh" => At(0).Tanh(),
            "Relu" => At(0).Relu(),
            "Sigmoid" => At(0).Sigmoid(),
            "Cos" => At(0).Cos(),
            "Sin" => At(0).Sin(),
            "Not" => At(0).Not(),
            "And" => At(0).And(At(1)),
            "Equal" => At(0).EqualTo(At(1)),
            "LessOrEqual" => At(0).AtMost(At(1)),
            "Where" => At(0).Choose(At(1), At(2)),
            "Clip" => At(0).Clamp(Optional(1), Optional(2)),
            "CumSum" => At(0).CumulativeSum(Wrapped(One(At(1)), At(0).Dims)),
            "ReduceSum" => At(0).Sum(Wrapped(One(At(1)), At(0).Dims), Whole("keepdims", 1) != 0),
            "MatMul" => At(0).MatMul(At(1)),
            "Softmax" => At(0).Softmax(Axis("axis", -1)),
            "LayerNormalization" => LayerNorm(At(0), At(1), Optional(2), Axis("axis", -1), node.Attributes.TryGetValue("epsilon", out var eps) ? (float)eps : 1e-5f),
            "Conv" => Conv(node, At(0), At(1), Optional(2), Whole("group", 1)),
            "Cast" => At(0).To(OnnxModel.TypeOf(Whole("to", 0))),
            "Shape" => Shape(At(0), Whole("start", 0), Whole("end", At(0).Dims)),
            "Range" => Range(One(At(0)), One(At(1)), One(At(2))),
            "Reshape" => Reshape(At(0), At(1).ToArray<long>()),
            "Expand" => At(0).Expand(Broadcast(At(0).Shape, At(1).ToArray<long>())),
            "Transpose" => At(0).Permute((long[])node.Attributes["perm"]),
            "Unsqueeze" => Unsqueeze(At(0), At(1).ToArray<long>()),
            "Squeeze" => At(0).Squeeze(Wrapped(One(At(1)), At(0).Dims)),
            "Concat" => Tensor.Cat([.. Enumerable.Range(0, inputs.Length).Select(At)], Axis("axis", 0)),
            "Slice" => Slice(At(0), At(1).ToArray<long>(), At(2).ToArray<long>(), At(3).ToArray<long>()),
            "Gather" => Gather(At(0), At(1), Axis("axis", 0)),
            "GatherElements" => At(0).Gather(Axis("axis", 0), At(1)),
            var other => throw new InvalidDataException($"{node.Name}: the operator {other} is not known"),
        }];
    }

    static int Wrapped(long axis, int dims) => (int)(axis < 0 ? axis + dims : axis);

    static long One(Tensor x) => x.ToArray<long>() is [var value] ? value : throw new ArgumentException($"expected one whole number, not {x.Describe()}");

    static Tensor LayerNorm(Tensor x, Tensor scale, Tensor? bias, int axis, float eps) =>
        scale.Shape.AsSpan().SequenceEqual(x.Shape.AsSpan(axis)) ? x.LayerNorm(scale, bias, eps) : throw new ArgumentException($"the scale is {scale.Describe()}, the norm goes over the axes from {axis} on");

    static Tensor Conv(OnnxNode node, Tensor x, Tensor weight, Tensor? bias, long groups)
    {
        var (pads, kernel) = ((long[])node.Attributes["pads"], (long[])node.Attributes["kernel_shape"]);
        if (pads is not [var before, var after] || before != after || kernel is not [var width] || width != weight.Size(2)) throw new ArgumentException("expected one axis, padded alike at both ends");
        return x.Conv1d(weight, bias, before, groups);
    }

    static Tensor Shape(Tensor x, long start, long end) => Tensor.From(x.Shape[Wrapped(start, x.Dims)..Wrapped(end, x.Dims)]);

    static Tensor Range(long start, long limit, long delta)
    {
        var values = new long[Math.Max(0, (limit - start + delta - Math.Sign(delta)) / delta)];
        for (var i = 0; i < values.Length; i++) values[i] = start + (i * delta);
        return Tensor.From<long>(values, [values.Length]);
    }

    // 0 keeps the size of that axis, -1 is what is left.
    static Tensor Reshape(Tensor x, long[] shape) => x.Reshape([.. shape.Select((size, i) => size == 0 ? x.Size(i) : size)]);

    static Tensor Unsqueeze(Tensor x, long[] axes)
    {
        foreach (var axis in axes.Select(axis => Wrapped(axis, x.Dims + axes.Length)).Order()) x = x.Unsqueeze(axis);
        return x;
    }

    static Tensor Slice(Tensor x, long[] starts, long[] ends, long[] axes)
    {
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = Wrapped(axes[i], x.Dims);
            long Place(long at) => Math.Clamp(at < 0 ? at + x.Size(axis) : at, 0, x.Size(axis));
            x = x.Narrow(axis, Place(starts[i]), Math.Max(0, Place(ends[i]) - Place(starts[i])));
        }
        return x;
    }

    // (..., axis, ...) with ids of any shape in the place of the axis.
    static Tensor Gather(Tensor x, Tensor ids, int axis)
    {
        var shape = x.Shape;
        return x.IndexSelect(axis, ids.Reshape(-1)).Reshape([.. shape[..axis], .. ids.Shape, .. shape[(axis + 1)..]]);
    }

    // To the larger of the two sizes of each axis, counted from the last.
    static long[] Broadcast(long[] from, long[] to)
    {
        var dims = Math.Max(from.Length, to.Length);
        long At(long[] shape, int axis) => axis < dims - shape.Length ? 1 : shape[axis - dims + shape.Length];
        return [.. Enumerable.Range(0, dims).Select(axis => At(from, axis) == 1 ? At(to, axis) : At(from, axis))];
    }
}
