using Tutti.Models.Text;

namespace Tutti.Models.Onnx;

/// <summary>A layer with norms behind its sublayers, as BERT's and its kin's: where its weights are.</summary>
sealed record OnnxPostNorm(string Query, string Key, string Value, string Output, string AttentionNorm, string Up, string Down, string Norm)
{
    /// <summary>BERT's names.</summary>
    public static OnnxPostNorm Of(string layer) => new(layer + ".attention.self.query", layer + ".attention.self.key", layer + ".attention.self.value",
        layer + ".attention.output.dense", layer + ".attention.output.LayerNorm", layer + ".intermediate.dense", layer + ".output.dense", layer + ".output.LayerNorm");

    /// <summary>What one of the layers gives.</summary>
    /// <param name="x">(b,L,C).</param>
    /// <param name="terms">Of queries and keys (b,H,L,D): what is added to the scores; null for nothing.</param>
    /// <param name="scale">What scores are divided by; the root of D where it is null.</param>
    public string Apply(OnnxGraph graph, OnnxText text, string x, OnnxLayer sizes, Func<string, string, string?>? terms = null, double? scale = null)
    {
        string Heads(string place) => text.Heads(graph.Linear(x, place), sizes.Heads, sizes.Hidden / sizes.Heads);
        var (query, key, value) = (Heads(Query), Heads(Key), Heads(Value));
        var context = text.Attention(query, key, value, scale ?? Math.Sqrt((double)sizes.Hidden / sizes.Heads), text.Padding, terms?.Invoke(query, key), sizes.Hidden);
        x = graph.LayerNorm(graph.Plus(x, graph.Linear(context, Output)), AttentionNorm, sizes.Eps);
        var inside = graph.Activation(graph.Linear(x, Up), sizes.Activation);
        return graph.LayerNorm(graph.Plus(x, graph.Linear(inside, Down)), Norm, sizes.Eps);
    }
}

/// <summary>The sizes of a layer.</summary>
sealed record OnnxLayer(long Hidden, long Heads, double Eps, string Activation)
{
    public static OnnxLayer Of(BertConfig config) => new(config.Hidden, config.Heads, config.Eps, config.Activation);
}
