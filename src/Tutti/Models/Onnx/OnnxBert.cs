using Tutti.Models.Text;
using Tutti.Torch;

namespace Tutti.Models.Onnx;

/// <summary>BERT and its kin: each gives the output of the embeddings and of every layer, (b,L,C).</summary>
static class OnnxBert
{
    public static List<string> OfBert(OnnxGraph graph, OnnxText text, ModelConfig source) => Stacked(graph, text, new BertConfig(source), "bert", text.FirstRows);

    public static List<string> OfElectra(OnnxGraph graph, OnnxText text, ModelConfig source) =>
        Stacked(graph, text, new BertConfig(Electra.WithDefaults(source)), "electra", text.FirstRows, "electra.embeddings_project");

    public static List<string> OfRoberta(OnnxGraph graph, OnnxText text, ModelConfig source)
    {
        var config = new BertConfig(Roberta.WithDefaults(source));
        return Stacked(graph, text, config, "roberta", table => graph.Rows(table, BehindPadding(graph, text, config.Pad)), readsTypes: config.Types > 1);
    }

    static List<string> Stacked(OnnxGraph graph, OnnxText text, BertConfig config, string place, Func<string, string> positions, string? project = null, bool readsTypes = true)
    {
        var x = Embedded(graph, text, place + ".embeddings", config.Eps, positions, readsTypes);
        List<string> states = [project is not null && graph.Has(project + ".weight") ? graph.Linear(x, project) : x];
        for (var i = 0; i < config.Layers; i++)
        {
            graph.Place = FormattableString.Invariant($"encoder.layer.{i}");
            states.Add(OnnxPostNorm.Of(FormattableString.Invariant($"{place}.encoder.layer.{i}")).Apply(graph, text, states[^1], OnnxLayer.Of(config)));
        }
        return states;
    }

    /// <summary>Tokens, their types, positions, norm.</summary>
    /// <param name="positions">Of the table: (L,C) or (b,L,C).</param>
    /// <param name="readsTypes">Else all tokens are of type 0.</param>
    static string Embedded(OnnxGraph graph, OnnxText text, string place, double eps, Func<string, string>? positions, bool readsTypes)
    {
        var x = graph.Rows(graph.Weight(place + ".word_embeddings.weight"), text.Ids);
        var types = place + ".token_type_embeddings.weight";
        if (graph.Has(types)) x = graph.Plus(x, graph.Rows(graph.Weight(types), readsTypes ? text.Types : graph.One(0)));
        if (positions is not null) x = graph.Plus(x, positions(graph.Weight(place + ".position_embeddings.weight")));
        return graph.LayerNorm(x, place + ".LayerNorm", eps);
    }

    /// <summary>(b,L) as RoBERTa counts (<see cref="Places.BehindPadding"/>): padding by its id and not by the mask.</summary>
    static string BehindPadding(OnnxGraph graph, OnnxText text, int pad)
    {
        var counts = graph.Cast(graph.Add("Not", [graph.Add("Equal", [text.Ids, graph.One(pad)])]), DType.Int64);
        return graph.Plus(graph.Times(graph.Add("CumSum", [counts, graph.One(1)]), counts), graph.One(pad));
    }

    public static List<string> OfDistilBert(OnnxGraph graph, OnnxText text, ModelConfig source)
    {
        var config = new DistilBertConfig(source);
        List<string> states = [Embedded(graph, text, "distilbert.embeddings", DistilBertConfig.Eps, text.FirstRows, readsTypes: false)];
        for (var i = 0; i < config.Layers; i++)
        {
            graph.Place = FormattableString.Invariant($"transformer.layer.{i}");
            var layer = "distilbert." + graph.Place;
            var names = new OnnxPostNorm(layer + ".attention.q_lin", layer + ".attention.k_lin", layer + ".attention.v_lin", layer + ".attention.out_lin", layer + ".sa_layer_norm",
                layer + ".ffn.lin1", layer + ".ffn.lin2", layer + ".output_layer_norm");
            states.Add(names.Apply(graph, text, states[^1], new(config.Dim, config.Heads, DistilBertConfig.Eps, config.Activation)));
        }
        return states;
    }

    public static List<string> OfAlbert(OnnxGraph graph, OnnxText text, ModelConfig source)
    {
        var config = new BertConfig(Albert.WithDefaults(source));
        var (groups, inner) = (source.Size("num_hidden_groups", 1), source.Size("inner_group_num", 1));
        var x = Embedded(graph, text, "albert.embeddings", config.Eps, text.FirstRows, readsTypes: true);
        List<string> states = [graph.Linear(x, "albert.encoder.embedding_hidden_mapping_in")];
        for (var depth = 0; depth < config.Layers; depth++)
            for (var i = 0; i < inner; i++)
            {
                graph.Place = FormattableString.Invariant($"encoder.depth.{depth}.{i}");
                var layer = FormattableString.Invariant($"albert.encoder.albert_layer_groups.{Albert.GroupOf(depth, config.Layers, groups)}.albert_layers.{i}");
                var names = new OnnxPostNorm(layer + ".attention.query", layer + ".attention.key", layer + ".attention.value", layer + ".attention.dense", layer + ".attention.LayerNorm",
                    layer + ".ffn", layer + ".ffn_output", layer + ".full_layer_layer_norm");
                states.Add(names.Apply(graph, text, states[^1], OnnxLayer.Of(config)));
            }
        return states;
    }

    public static List<string> OfMpnet(OnnxGraph graph, OnnxText text, ModelConfig source)
    {
        var config = new BertConfig(Mpnet.WithDefaults(source));
        List<string> states = [Embedded(graph, text, "mpnet.embeddings", config.Eps, table => graph.Rows(table, BehindPadding(graph, text, Mpnet.Padding)), readsTypes: false)];
        graph.Place = "encoder.relative_attention_bias";
        var rows = text.DistanceRows("mpnet.distances", Mpnet.Bucket, Mpnet.Farthest, fromKey: false);
        var bias = graph.Transpose(graph.Rows(graph.Weight("mpnet.encoder.relative_attention_bias.weight"), rows), 2, 0, 1);     // (H,L,L)
        for (var i = 0; i < config.Layers; i++)
        {
            graph.Place = FormattableString.Invariant($"encoder.layer.{i}");
            var layer = "mpnet." + graph.Place;
            var names = new OnnxPostNorm(layer + ".attention.attn.q", layer + ".attention.attn.k", layer + ".attention.attn.v", layer + ".attention.attn.o", layer + ".attention.LayerNorm",
                layer + ".intermediate.dense", layer + ".output.dense", layer + ".output.LayerNorm");
            states.Add(names.Apply(graph, text, states[^1], OnnxLayer.Of(config), (_, _) => bias));
        }
        return states;
    }
}
