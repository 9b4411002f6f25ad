using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>One operator of a graph, applied to named values.</summary>
/// <param name="Operator">As the ONNX operator set calls it.</param>
/// <param name="Inputs">Names of values; empty for an optional one that is left out.</param>
/// <param name="Outputs">Names of values that nothing else makes.</param>
/// <param name="Attributes">long, float or long[].</param>
sealed record OnnxNode(string Operator, string Name, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, object> Attributes);

/// <summary>What goes into or comes out of a graph.</summary>
/// <param name="Axes">The size of each (long), or its name where it may be any (string).</param>
sealed record OnnxValue(string Name, DType Type, IReadOnlyList<object> Axes);

/// <summary>A constant of a graph: a weight, or a few numbers that an operator asks for.</summary>
/// <param name="Value">Gives it, on the CPU; asked for only when the numbers are needed, one after the other.</param>
sealed record OnnxConstant(string Name, DType Type, long[] Shape, Func<Tensor> Value)
{
    public long Bytes => Shape.Aggregate((long)Type.Size(), (product, size) => product * size);
}

/// <summary>A computation in the Open Neural Network Exchange format: what one file holds.</summary>
/// <param name="Nodes">In an order in which each can be computed.</param>
sealed record OnnxModel(IReadOnlyList<OnnxNode> Nodes, IReadOnlyList<OnnxConstant> Constants, IReadOnlyList<OnnxValue> Inputs, IReadOnlyList<OnnxValue> Outputs)
{
    /// <summary>The version of the operators, and of the file format, that a file says it has; those of ONNX 1.12.</summary>
    public const int OperatorSet = 17, FileFormat = 8;

    /// <summary>ONNX's number of an element type.</summary>
    public static int NumberOf(DType type) => type switch
    {
        DType.Float32 => 1,
        DType.Int64 => 7,
        DType.Bool => 9,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no graph of this project has values of that type"),
    };

    /// <exception cref="ArgumentOutOfRangeException">A type that no graph of this project has.</exception>
    public static DType TypeOf(long number) => number switch
    {
        1 => DType.Float32,
        7 => DType.Int64,
        9 => DType.Bool,
        _ => throw new ArgumentOutOfRangeException(nameof(number), number, "expected an element type of 1 (float), 7 (int64) or 9 (bool)"),
    };
}
