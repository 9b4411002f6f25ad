using Tutti.Models.Text;

namespace Tutti.Models.Onnx;

/// <summary>DeBERTa-v2 and -v3: what <see cref="DebertaV2"/> computes, on the padded rectangle. S rows of each half of the table of relative positions.</summary>
sealed class OnnxDebertaV2(OnnxGraph graph, OnnxText text, ModelConfig source)
{
    readonly DebertaV2Config config = new(source);

    int Terms => 1 + (config.FromContent ? 1 : 0) + (config.FromPosition ? 1 : 0);
    double Scale => Math.Sqrt((double)config.Hidden / config.Heads * Terms);

    public List<string> States()
    {
        List<string> states = [Embedded()];
        var relative = Terms > 1 ? new Relative(Table(), Pairs(fromKey: true), Pairs(fromKey: false)) : null;
        for (var i = 0; i < config.Layers; i++)
        {
            graph.Place = FormattableString.Invariant($"encoder.layer.{i}");
            var layer = "deberta." + graph.Place;
            var self = layer + ".attention.self.";
            var names = OnnxPostNorm.Of(layer) with { Query = self + "query_proj", Key = self + "key_proj", Value = self + "value_proj" };
            var x = names.Apply(graph, text, states[^1], new(config.Hidden, config.Heads, config.Eps, config.Activation), relative is null ? null : (query, key) => Distances(names, self, relative, query, key), Scale);
            states.Add(i == 0 && config.ConvWidth > 0 ? Convolved(states[0], x) : x);
        }
        return states;
    }

    string Embedded()
    {
        const string Place = "deberta.embeddings";
        var x = graph.Rows(graph.Weight(Place + ".word_embeddings.weight"), text.Ids);
        if (config.AbsolutePositions) x = graph.Plus(x, text.FirstRows(graph.Weight(Place + ".position_embeddings.weight")));
        if (config.Types > 0) x = graph.Plus(x, graph.Rows(graph.Weight(Place + ".token_type_embeddings.weight"), text.Types));
        if (config.Width != config.Hidden) x = graph.Linear(x, Place + ".embed_proj");
        return graph.LayerNorm(x, Place + ".LayerNorm", config.Eps);
    }

    /// <param name="Table">(2S,C).</param>
    /// <param name="FromQuery">(b,H,L,L): of each query (down) and key the row of the table.</param>
    /// <param name="FromKey">The same with the keys down.</param>
    sealed record Relative(string Table, string FromQuery, string FromKey);

    string Table()
    {
        graph.Place = "encoder.rel_embeddings";
        var table = graph.Weight("deberta.encoder.rel_embeddings.weight");
        return config.NormRelative ? graph.LayerNorm(table, "deberta.encoder.LayerNorm", config.Eps) : table;
    }

    // From the larger of the two on, every distance has the first or the last row.
    string Pairs(bool fromKey)
    {
        var rows = text.DistanceRows("deberta.distances", distance => Math.Clamp(config.Bucket(distance) + config.Span, 0, (2 * config.Span) - 1), Math.Max(config.Positions, config.Farthest), fromKey);
        var texts = graph.Add("Shape", [text.Ids], ("start", 0L), ("end", 1L));
        return graph.Add("Expand", [rows, graph.Concat(0, texts, graph.Whole(config.Heads), text.Length, text.Length)]);
    }

    string? Distances(OnnxPostNorm names, string self, Relative relative, string query, string key)
    {
        string? toPosition = config.FromContent ? ByPair(query, config.SharedKeys ? names.Key : self + "pos_key_proj", relative.Table, relative.FromQuery) : null;
        string? toContent = config.FromPosition ? graph.Transpose(ByPair(key, config.SharedKeys ? names.Query : self + "pos_query_proj", relative.Table, relative.FromKey), 0, 1, 3, 2) : null;
        var terms = toPosition is null ? toContent! : toContent is null ? toPosition : graph.Plus(toPosition, toContent);
        return graph.Over(terms, graph.Number(Scale));
    }

    /// <summary>(b,H,L,L): the product of each token with the row that its distance from each other asks for.</summary>
    string ByPair(string x, string projection, string table, string rows)
    {
        var positions = graph.Transpose(graph.Reshape(graph.Linear(table, projection), -1, config.Heads, config.Hidden / config.Heads), 1, 2, 0);     // (H,D,2S)
        return graph.Add("GatherElements", [graph.Product(x, positions), rows], ("axis", 3L));
    }

    /// <summary>v2-xlarge's convolution over the embeddings, in which padding is zeros.</summary>
    string Convolved(string embedded, string x)
    {
        const string Place = "deberta.encoder.conv";
        graph.Place = "encoder.conv";
        long[] pads = [(config.ConvWidth - 1) / 2, (config.ConvWidth - 1) / 2];
        var rows = graph.Transpose(graph.Times(embedded, graph.Unsqueeze(text.Kept, -1)), 0, 2, 1);                   // (b,C,L)
        var y = graph.Add("Conv", [rows, graph.Weight(Place + ".conv.weight"), graph.Weight(Place + ".conv.bias")], ("kernel_shape", (long[])[config.ConvWidth]), ("pads", pads), ("group", (long)config.ConvGroups));
        return graph.LayerNorm(graph.Plus(x, graph.Activation(graph.Transpose(y, 0, 2, 1), config.ConvActivation)), Place + ".LayerNorm", config.Eps);
    }
}
