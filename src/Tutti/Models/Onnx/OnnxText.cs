using Tutti.Torch;

namespace Tutti.Models.Onnx;

// b texts, L tokens of the padded rectangle, C channels, H heads, D = C / H.

/// <summary>What all encoders ask of the padded rectangle, each made when it is first asked for.</summary>
sealed class OnnxText
{
    /// <summary>Added to the scores of a pair that must not be: the lowest number, as in transformers' exports.</summary>
    const float Masked = float.MinValue;

    readonly OnnxGraph graph;
    string? types, length, positions, kept, padding;

    public OnnxText(OnnxGraph graph)
    {
        this.graph = graph;
        (Ids, Mask) = (graph.Input("input_ids"), graph.Input("attention_mask"));
    }

    /// <summary>(b,L) int64.</summary>
    public string Ids { get; }

    /// <summary>(b,L) int64: 1 for a token, 0 for padding, which stands behind the tokens.</summary>
    string Mask { get; }

    /// <summary>(b,L) int64; asking for it makes it an input.</summary>
    public string Types => types ??= graph.Input("token_type_ids");

    /// <summary>(1) int64: L.</summary>
    public string Length => length ??= graph.Add("Shape", [Ids], ("start", 1L), ("end", 2L));

    /// <summary>(L) int64: 0, 1, 2 ...</summary>
    public string Positions => positions ??= graph.Add("Range", [graph.One(0), graph.Add("Squeeze", [Length, graph.Whole(0)]), graph.One(1)]);

    /// <summary>(b,L) float: the mask.</summary>
    public string Kept => kept ??= graph.Cast(Mask, DType.Float32);

    /// <summary>(b,1,1,L) float: what is added to scores so that no text sees padding.</summary>
    public string Padding => padding ??= graph.Times(graph.Minus(graph.Number(1), graph.Unsqueeze(Kept, 1, 2)), graph.Number(Masked));

    /// <summary>The first rows of a table of positions, one for each token: (L,C).</summary>
    public string FirstRows(string table) => graph.Add("Slice", [table, graph.Whole(0), Length, graph.Whole(0)]);

    /// <summary>(L,L) int64: the row that a table has for the distance of each query (down) from each key, or of each key from each query.</summary>
    /// <param name="name">Of the rows among the graph's constants.</param>
    /// <param name="row">For a distance. Beyond the reach it is that of the reach.</param>
    /// <param name="reach">The largest distance with a row of its own.</param>
    /// <param name="fromKey">The query's position less the key's; else the other way round.</param>
    public string DistanceRows(string name, Func<int, int> row, int reach, bool fromKey)
    {
        var (down, across) = (graph.Unsqueeze(Positions, 1), graph.Unsqueeze(Positions, 0));
        var distance = graph.Add("Clip", [fromKey ? graph.Minus(down, across) : graph.Minus(across, down), graph.One(-reach), graph.One(reach)]);
        return graph.Rows(graph.Table(name, [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(at => (long)row(at))]), graph.Plus(distance, graph.One(reach)));
    }

    /// <summary>(b,1,L,L) float: as <see cref="Padding"/>, and so that a token sees no more than <paramref name="reach"/> tokens to either side.</summary>
    public string Window(int reach)
    {
        var distance = graph.Add("Abs", [graph.Minus(graph.Unsqueeze(Positions, 1), graph.Unsqueeze(Positions, 0))]);
        var near = graph.Add("LessOrEqual", [distance, graph.One(reach)]);                     // (L,L)
        var seen = graph.Add("And", [near, graph.Unsqueeze(graph.Cast(Mask, DType.Bool), 1, 2)]);
        return graph.Add("Where", [seen, graph.Number(0), graph.Number(Masked)]);
    }

    /// <summary>(b,L,C) -> (b,H,L,D).</summary>
    public string Heads(string x, long heads, long size) => graph.Transpose(graph.Reshape(x, 0, 0, heads, size), 0, 2, 1, 3);

    /// <summary>Attention of heads (b,H,L,D) with each other, as (b,L,C).</summary>
    /// <param name="scale">What scores are divided by.</param>
    /// <param name="mask">Added to them, such as <see cref="Padding"/>.</param>
    /// <param name="terms">Added before that; null for nothing.</param>
    public string Attention(string query, string key, string value, double scale, string mask, string? terms, long channels)
    {
        var scores = graph.Over(graph.Product(query, graph.Transpose(key, 0, 1, 3, 2)), graph.Number(scale));
        if (terms is not null) scores = graph.Plus(scores, terms);
        var context = graph.Product(graph.Softmax(graph.Plus(scores, mask)), value);            // (b,H,L,D)
        return graph.Reshape(graph.Transpose(context, 0, 2, 1, 3), 0, 0, channels);
    }
}
