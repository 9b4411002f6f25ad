using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>
/// A trained <see cref="Models.Collab.EmbeddingNN"/>, on arrays. What the first layer makes of a user and of an item is added up, so each is computed once and for all.
/// </summary>
public sealed class EmbeddingNNModel : ArrayModel
{
    internal const string KindName = "embedding-nn";

    // Of batch norm; the same as in training.
    const double NormEps = 1e-5;

    readonly float[] users, items;                            // (U + 1, first), (I + 1, first): before ReLU
    readonly (float[] Scale, float[] Shift)[] norms;
    readonly float[][] layers;                                // those behind the first, the last one with a single row
    readonly float[] biases;                                  // of the last
    readonly (double Low, double High)? range;
    readonly IReadOnlyDictionary<string, (float[] Values, long[] Shape)> weights;

    /// <param name="weights">By their names, with their shapes.</param>
    /// <param name="range">The ends of the sigmoid.</param>
    public EmbeddingNNModel(IReadOnlyDictionary<string, (float[] Values, long[] Shape)> weights, (double Low, double High)? range)
    {
        (this.weights, this.range) = (weights, range);
        var hidden = Enumerable.Range(0, weights.Count).TakeWhile(i => weights.ContainsKey($"layers.{i}.2.weight")).Count();
        var (u, i) = (weights["embeds.0.weight"], weights["embeds.1.weight"]);
        var first = weights["layers.0.0.weight"];
        (users, items) = (Through(u.Values, (int)u.Shape[1], first.Values, (int)first.Shape[1], 0), Through(i.Values, (int)i.Shape[1], first.Values, (int)first.Shape[1], (int)u.Shape[1]));
        norms = [.. Enumerable.Range(0, hidden).Select(layer => Norm(weights, $"layers.{layer}.2."))];
        layers = [.. Enumerable.Range(1, hidden).Select(layer => weights[$"layers.{layer}.0.weight"].Values)];
        biases = weights[$"layers.{hidden}.0.bias"].Values;
        (UserCount, ItemCount) = ((int)u.Shape[0] - 1, (int)i.Shape[0] - 1);
    }

    public override string Kind => KindName;
    public override int UserCount { get; }
    public override int ItemCount { get; }

    public override float Predict(int user, int item)
    {
        var first = users.Length / (UserCount + 1);
        var x = new float[first];
        TensorPrimitives.Add(users.AsSpan((user + 1) * first, first), items.AsSpan((item + 1) * first, first), x);
        for (var layer = 0; layer < layers.Length; layer++)
        {
            for (var c = 0; c < x.Length; c++) x[c] = (Math.Max(0, x[c]) * norms[layer].Scale[c]) + norms[layer].Shift[c];
            var next = new float[layers[layer].Length / x.Length];
            for (var c = 0; c < next.Length; c++) next[c] = TensorPrimitives.Dot<float>(x, layers[layer].AsSpan(c * x.Length, x.Length));
            x = next;
        }
        // Without a hidden layer the first is the last.
        var sum = x[0] + biases[0];
        return range is var (low, high) ? (float)(low + ((high - low) / (1 + Math.Exp(-sum)))) : sum;
    }

    // rows (n, own) times the columns [from, from + own) of a weight (outputs, inputs).
    static float[] Through(float[] rows, int own, float[] weight, int inputs, int from)
    {
        var (n, outputs) = (rows.Length / own, weight.Length / inputs);
        var result = new float[n * outputs];
        Parallel.For(0, n, row =>
        {
            for (var c = 0; c < outputs; c++) result[(row * outputs) + c] = TensorPrimitives.Dot<float>(rows.AsSpan(row * own, own), weight.AsSpan((c * inputs) + from, own));
        });
        return result;
    }

    static (float[] Scale, float[] Shift) Norm(IReadOnlyDictionary<string, (float[] Values, long[] Shape)> weights, string place)
    {
        float[] Of(string name) => weights[place + name].Values;
        var (weight, bias, mean, variance) = (Of("weight"), Of("bias"), Of("running_mean"), Of("running_var"));
        float[] scale = [.. weight.Select((w, c) => (float)(w / Math.Sqrt(variance[c] + NormEps)))];
        return (scale, [.. bias.Select((b, c) => b - (mean[c] * scale[c]))]);
    }

    internal override void Write(ModelArrays to)
    {
        foreach (var (name, (values, shape)) in weights) to.Add(name, values, shape);
        to.AddRange(range);
    }

    internal static EmbeddingNNModel Read(ModelArrays from)
    {
        var arrays = from.AllFloats();
        foreach (var name in new[] { "embeds.0.weight", "embeds.1.weight", "layers.0.0.weight" }) _ = from.Shape(name);
        return new(arrays, from.Range());
    }
}
