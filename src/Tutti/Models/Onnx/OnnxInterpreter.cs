using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>
/// Computes an ONNX model by the definitions of its operators, for a check of what was written: slow, plain, and nothing is shared with what the model was made from
/// but the engine's arithmetic. Knows the operators that <see cref="OnnxGraph"/> writes.
/// </summary>
sealed class OnnxInterpreter
{
    readonly OnnxModel model;
    readonly ILookup<int, string> done;                       // by node: the values that nothing needs behind it

    public OnnxInterpreter(OnnxModel model)
    {
        this.model = model;
        var last = new Dictionary<string, int>();
        for (var i = 0; i < model.Nodes.Count; i++)
            foreach (var name in model.Nodes[i].Inputs) last[name] = i;
        var outputs = model.Outputs.Select(output => output.Name).ToHashSet();
        done = model.Nodes.SelectMany(node => node.Outputs).Where(name => last.ContainsKey(name) && !outputs.Contains(name)).ToLookup(name => last[name]);
    }

    /// <summary>The outputs, in the graph's order.</summary>
    /// <param name="inputs">A tensor for each input, by name.</param>
    /// <exception cref="InvalidDataException">A value that nothing makes, or an operator that is not known.</exception>
    public Tensor[] Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        var values = model.Constants.ToDictionary(constant => constant.Name, constant => constant.Value());
        foreach (var input in model.Inputs)
        {
            var given = inputs.TryGetValue(input.Name, out var tensor) ? tensor : throw new InvalidDataException($"input '{input.Name}' is missing");
            if (given.DType != input.Type || given.Dims != input.Axes.Count) throw new InvalidDataException($"input '{input.Name}' is {given.Describe()}; expected {input.Type} with {input.Axes.Count} axes");
            values.Add(input.Name, given);
        }
        Tensor Value(string name) => values.TryGetValue(name, out var tensor) ? tensor : throw new InvalidDataException($"nothing makes the value '{name}'");
        for (var i = 0; i < model.Nodes.Count; i++)
        {
            var node = model.Nodes[i];
            var made = Compute(node, [.. node.Inputs.Select(name => name.Length == 0 ? null : Value(name))]);
            if (made.Length != node.Outputs.Count) throw new InvalidDataException($"{node.Name} has {node.Outputs.Count} outputs; {node.Operator} gives {made.Length}");
            foreach (var (name, tensor) in node.Outputs.Zip(made)) values.Add(name, tensor);
            foreach (var name in done[i]) values[name].Dispose();
        }
        return [.. model.Outputs.Select(output => Value(output.Name))];
    }

    // What an operator needs on the way goes at once.
    static Tensor[] Compute(OnnxNode node, Tensor?[] x)
    {
        using var scope = new Scope();
        try
        {
            var made = OnnxOperators.Apply(node, x);
            return [.. made.Select(scope.Keep)];
        }
        catch (Exception error) when (error is TorchException or ArgumentException or KeyNotFoundException or InvalidCastException)
        {
            throw new InvalidDataException($"{node.Name}: {node.Operator} of {string.Join(", ", x.Select(tensor => tensor?.Describe() ?? "nothing"))}: {error.Message}", error);
        }
    }
}
