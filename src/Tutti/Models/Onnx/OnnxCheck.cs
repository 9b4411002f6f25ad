using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>Compares what an ONNX file computes with what the model does that it was made from.</summary>
static class OnnxCheck
{
    /// <summary>Logits (n,K) of texts as a file computes them, on the padded rectangle.</summary>
    /// <param name="pad">The id that stands for padding.</param>
    public static float[] Logits(OnnxModel model, TokenBatch batch, int pad)
    {
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        return new OnnxInterpreter(model).Run(Rectangle(model, batch, pad))[0].ToArray<float>();
    }

    /// <summary>The largest difference of logits, of those above 1 as a share; each text alone and all of them padded to the longest.</summary>
    /// <param name="model">As read from its file.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="expected">Their logits (n,K).</param>
    /// <param name="pad">The id that stands for padding.</param>
    public static double Deviation(OnnxModel model, TokenBatch batch, float[] expected, int pad)
    {
        var classes = expected.Length / batch.Count;
        var worst = Worst(Logits(model, batch, pad), expected);
        for (int i = 0, start = 0; i < batch.Count; start += batch.Lengths[i++])
        {
            var end = start + batch.Lengths[i];
            var alone = new TokenBatch(batch.Ids[start..end], batch.Types?[start..end], [batch.Lengths[i]], [batch.Examples[i]]);
            worst = Math.Max(worst, Worst(Logits(model, alone, pad), expected.AsSpan(i * classes, classes)));
        }
        return worst;
    }

    static double Worst(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length) return double.PositiveInfinity;
        var worst = 0.0;
        for (var i = 0; i < actual.Length; i++)
        {
            var difference = Math.Abs((double)actual[i] - expected[i]) / Math.Max(1, Math.Abs(expected[i]));
            worst = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(worst, difference);
        }
        return worst;
    }

    static Dictionary<string, Tensor> Rectangle(OnnxModel model, TokenBatch batch, int pad)
    {
        var (n, longest) = (batch.Count, batch.Lengths.Max());
        var (ids, mask, types) = (new long[n * longest], new long[n * longest], new long[n * longest]);
        Array.Fill(ids, pad);
        for (int i = 0, t = 0; i < n; i++)
            for (var at = i * longest; at < (i * longest) + batch.Lengths[i]; at++, t++) (ids[at], mask[at], types[at]) = (batch.Ids[t], 1, batch.Types?[t] ?? 0);
        Tensor Of(long[] values) => Tensor.From<long>(values, [n, longest]);
        var inputs = new Dictionary<string, Tensor> { ["input_ids"] = Of(ids), ["attention_mask"] = Of(mask) };
        if (model.Inputs.Any(input => input.Name == "token_type_ids")) inputs["token_type_ids"] = Of(types);
        return inputs;
    }
}
