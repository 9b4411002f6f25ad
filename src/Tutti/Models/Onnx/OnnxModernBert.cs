using Tutti.Models.Text;
using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>ModernBERT: what <see cref="ModernBert"/> computes, on the padded rectangle.</summary>
sealed class OnnxModernBert(OnnxGraph graph, OnnxText text, ModelConfig source)
{
    readonly ModernBertConfig config = new(source);

    /// <param name="Cos">(L,D).</param>
    /// <param name="Sin">(L,D).</param>
    sealed record Rotation(string Cos, string Sin);

    public List<string> States()
    {
        var x = graph.LayerNorm(graph.Rows(graph.Weight("model.embeddings.tok_embeddings.weight"), text.Ids), "model.embeddings.norm", config.Eps);
        List<string> states = [x];
        var everywhere = Turned("rotary.global", config.GlobalTheta);
        var (near, window) = Enumerable.Range(0, config.Layers).Any(config.IsLocal) ? (Turned("rotary.local", config.LocalTheta), text.Window(config.Window / 2)) : (null, null);
        for (var i = 0; i < config.Layers; i++)
        {
            graph.Place = FormattableString.Invariant($"layers.{i}");
            states.Add(Layer(states[^1], i, config.IsLocal(i) ? near! : everywhere, config.IsLocal(i) ? window! : text.Padding));
        }
        graph.Place = "final_norm";
        states[^1] = graph.LayerNorm(states[^1], "model.final_norm", config.Eps);
        return states;
    }

    int Size => config.Hidden / config.Heads;

    Rotation Turned(string name, double theta)
    {
        var rates = graph.Numbers(name, [.. Enumerable.Range(0, Size / 2).Select(j => (float)Math.Pow(theta, -2.0 * j / Size))]);
        var angles = graph.Times(graph.Unsqueeze(graph.Cast(text.Positions, DType.Float32), 1), rates);               // (L,D/2)
        string Twice(string half) => graph.Concat(-1, half, half);
        return new(Twice(graph.Add("Cos", [angles])), Twice(graph.Add("Sin", [angles])));
    }

    string Layer(string x, int number, Rotation rotation, string mask)
    {
        var place = FormattableString.Invariant($"model.layers.{number}");
        var parts = graph.Split(graph.Linear(number > 0 ? graph.LayerNorm(x, place + ".attn_norm", config.Eps) : x, place + ".attn.Wqkv"), 3);
        var (query, key, value) = (Turn(parts[0], rotation), Turn(parts[1], rotation), text.Heads(parts[2], config.Heads, Size));
        x = graph.Plus(x, graph.Linear(text.Attention(query, key, value, Math.Sqrt(Size), mask, null, config.Hidden), place + ".attn.Wo"));
        var halves = graph.Split(graph.Linear(graph.LayerNorm(x, place + ".mlp_norm", config.Eps), place + ".mlp.Wi"), 2);
        return graph.Plus(x, graph.Linear(graph.Times(graph.Activation(halves[0], config.Activation), halves[1]), place + ".mlp.Wo"));
    }

    // (b,L,C) -> (b,H,L,D)
    string Turn(string x, Rotation rotation)
    {
        var heads = text.Heads(x, config.Heads, Size);
        var halves = graph.Split(heads, 2);
        return graph.Plus(graph.Times(heads, rotation.Cos), graph.Times(graph.Concat(-1, graph.Add("Neg", [halves[1]]), halves[0]), rotation.Sin));
    }
}
