using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>
/// A graph in the making. A value is its name; every method adds the operators that compute one and gives its name. Weights go by the names that they have in the
/// checkpoint, a matrix that is multiplied with transposed and named <c>NAME.T</c>.
/// </summary>
/// <param name="weights">Of the model.</param>
sealed class OnnxGraph(Params weights)
{
    readonly Dictionary<string, Parameter> named = weights.Items.ToDictionary(item => item.Name);
    readonly List<OnnxNode> nodes = [];
    readonly Dictionary<string, OnnxConstant> constants = [];
    readonly List<OnnxValue> inputs = [], outputs = [];
    readonly HashSet<string> used = [];

    /// <summary>Stands before the names of the values that follow, such as <c>encoder.layer.0</c>.</summary>
    public string Place { get; set; } = "embeddings";

    /// <summary>The checkpoint's names that the graph has asked for.</summary>
    public IReadOnlyCollection<string> Used => used;

    /// <summary>The finished graph.</summary>
    public OnnxModel Build() => new(nodes, [.. constants.Values], inputs, outputs);

    // ---- what goes in and out, weights, numbers

    /// <summary>int64 of the batch's texts and their tokens.</summary>
    public string Input(string name)
    {
        inputs.Add(new(name, DType.Int64, ["batch", "sequence"]));
        return name;
    }

    /// <summary>Gives a value a name of its own, which must be <paramref name="name"/>.</summary>
    /// <param name="classes">Of the last axis.</param>
    public void Output(string value, string name, long classes)
    {
        nodes.Add(new("Identity", name + "/Identity", [value], [name], new Dictionary<string, object>()));
        outputs.Add(new(name, DType.Float32, ["batch", classes]));
    }

    /// <summary>Whether the model has such a weight.</summary>
    public bool Has(string name) => named.ContainsKey(name);

    /// <summary>A weight as it is.</summary>
    public string Weight(string name)
    {
        var weight = Stored(name);
        return Constant(name, weight.Shape, () => weight.Detach());
    }

    /// <summary>A matrix of shape (outputs, inputs) as (inputs, outputs).</summary>
    string Transposed(string name)
    {
        var weight = Stored(name);
        return Constant(name + ".T", [weight.Size(1), weight.Size(0)], () => weight.Detach().Transpose(0, 1));
    }

    Tensor Stored(string name)
    {
        used.Add(name);
        return named.TryGetValue(name, out var item) ? item.Value : throw new InvalidOperationException($"the model has no weight '{name}'");
    }

    string Constant(string name, long[] shape, Func<Tensor> value)
    {
        constants.TryAdd(name, new(name, DType.Float32, shape, value));
        return name;
    }

    /// <summary>One number.</summary>
    public string Number(double value)
    {
        var name = FormattableString.Invariant($"number {(float)value:R}");
        constants.TryAdd(name, new(name, DType.Float32, [], () => Tensor.From<float>([(float)value], [])));
        return name;
    }

    /// <summary>Numbers of a row.</summary>
    public string Numbers(string name, float[] values) => Constant(name, [values.Length], () => Tensor.From(values));

    /// <summary>Whole numbers: a list.</summary>
    public string Whole(params long[] values) => Whole($"list {string.Join(' ', values)}", [values.Length], values);

    /// <summary>One whole number.</summary>
    public string One(long value) => Whole(FormattableString.Invariant($"whole {value}"), [], [value]);

    /// <summary>Many whole numbers, under a name.</summary>
    public string Table(string name, long[] values) => Whole(name, [values.Length], values);

    string Whole(string name, long[] shape, long[] values)
    {
        constants.TryAdd(name, new(name, DType.Int64, shape, () => Tensor.From<long>(values, shape)));
        return name;
    }

    // ---- operators

    /// <summary>Adds an operator with one result.</summary>
    public string Add(string kind, string[] into, params (string Name, object Value)[] attributes) => Add(kind, into, 1, attributes)[0];

    /// <summary>Adds an operator with several results.</summary>
    public string[] Add(string kind, string[] into, int results, params (string Name, object Value)[] attributes)
    {
        var name = FormattableString.Invariant($"{Place}/{kind}_{nodes.Count}");
        string[] made = results == 1 ? [name] : [.. Enumerable.Range(0, results).Select(i => FormattableString.Invariant($"{name}.{i}"))];
        nodes.Add(new(kind, name, into, made, attributes.ToDictionary(pair => pair.Name, pair => pair.Value)));
        return made;
    }

    public string Plus(string a, string b) => Add("Add", [a, b]);
    public string Minus(string a, string b) => Add("Sub", [a, b]);
    public string Times(string a, string b) => Add("Mul", [a, b]);
    public string Over(string a, string b) => Add("Div", [a, b]);
    public string Product(string a, string b) => Add("MatMul", [a, b]);
    public string Softmax(string x) => Add("Softmax", [x], ("axis", -1L));
    public string Concat(long axis, params string[] parts) => Add("Concat", parts, ("axis", axis));
    public string[] Split(string x, int parts) => Add("Split", [x], parts, ("axis", -1L));
    public string Reshape(string x, params long[] shape) => Add("Reshape", [x, Whole(shape)]);
    public string Transpose(string x, params long[] order) => Add("Transpose", [x], ("perm", order));
    public string Unsqueeze(string x, params long[] axes) => Add("Unsqueeze", [x, Whole(axes)]);
    public string Cast(string x, DType type) => Add("Cast", [x], ("to", (long)OnnxModel.NumberOf(type)));

    /// <summary>Rows of a table by ids of any shape.</summary>
    public string Rows(string table, string ids) => Add("Gather", [table, ids]);

    /// <summary>The first token of each text: (b,L,C) -> (b,C).</summary>
    public string First(string x) => Add("Gather", [x, One(0)], ("axis", 1L));

    /// <summary>The sum over an axis, which goes.</summary>
    public string Sum(string x, long axis) => Add("ReduceSum", [x, Whole(axis)], ("keepdims", 0L));

    // ---- layers, by the place of their weights

    /// <summary>x W^T + b.</summary>
    public string Linear(string x, string place)
    {
        var product = Product(x, Transposed(place + ".weight"));
        return Has(place + ".bias") ? Plus(product, Weight(place + ".bias")) : product;
    }

    public string LayerNorm(string x, string place, double eps)
    {
        string[] into = Has(place + ".bias") ? [x, Weight(place + ".weight"), Weight(place + ".bias")] : [x, Weight(place + ".weight")];
        return Add("LayerNormalization", into, ("axis", -1L), ("epsilon", (float)eps));
    }

    /// <summary>An activation by the name that configs have for it (<see cref="Activations"/>).</summary>
    public string Activation(string x, string name) => name switch
    {
        "gelu" => Times(Times(x, Plus(Add("Erf", [Over(x, Number(Math.Sqrt(2)))]), Number(1))), Number(0.5)),
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => TanhGelu(x),
        "relu" => Add("Relu", [x]),
        "silu" or "swish" => Times(x, Add("Sigmoid", [x])),
        "tanh" => Add("Tanh", [x]),
        _ => throw new DataException("config.json", $"the activation '{name}' cannot be written as ONNX"),
    };

    // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
    string TanhGelu(string x)
    {
        var cubed = Times(Times(x, Times(x, x)), Number(0.044715));
        var inner = Add("Tanh", [Times(Plus(x, cubed), Number(Math.Sqrt(2 / Math.PI)))]);
        return Times(Times(x, Plus(inner, Number(1))), Number(0.5));
    }
}
